/* The one teardown: recorded resources backwards, then what carries the instance's name in the run directory. */
#include "ops/act_teardown.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "ops/act_nic_filters.h"
#include "ops/act_save.h"
#include "ops/act_export.h"
#include "vm/claim.h"
#include "vm/instance.h"
#include "vm/leftovers.h"
#include "vm/resource.h"

/* They were made first. */
static void filters_down(struct context *context, struct state *state, struct error *err)
{
	_cleanup_error_ struct error down = ERROR_INIT;

	if (act_nic_filters_down(context, state, &down) == 0)
		return;
	if (err->kind == ERROR_NONE)
		error_move(err, &down);
	else
		log_warning("%s", down.message);
}

/* Backwards; those that cannot be taken down stay in the list, and the first reason is the error. */
static void resources_down(struct context *context, struct state *state, struct error *err)
{
	struct json *left = json_new_array();

	for (size_t i = json_length(state->resources); i-- > 0;) {
		struct json *record = json_at(state->resources, i);
		_cleanup_error_ struct error down = ERROR_INIT;
		_cleanup_free_ char *text = resource_text(record);

		log_debug("down: %s", text);
		if (resource_is_filter(record)) {
			json_append(left, json_ref(record));
			continue;
		}
		if (resource_down(record, context_step(context, context->settings->timeouts.script), &down) == 0)
			continue;
		json_append(left, json_ref(record));
		error_prefix(&down, "cannot release %s", text);
		if (err->kind == ERROR_NONE)
			error_move(err, &down);
		else
			log_warning("%s", down.message);
	}
	json_free(state->resources);
	state->resources = left;
	filters_down(context, state, err);
}

/* Links of another network namespace are out of reach, and the same names here may be somebody else's. */
static int check_namespace(struct rundir *rundir, const struct state *state, struct error *err)
{
	if (json_length(state->resources) == 0 || !state->net_ns || state->net_ns == instance_net_ns(rundir))
		return 0;
	error_set(err, ERROR_UNKNOWN, "instance \"%s\" was started in another network namespace", state->name);
	return error_hint(err, "run kvmctl there (ip netns exec NAME kvmctl ...)");
}

/* Last of all, the status line at the very end: until then the instance is "stale" and torn down again. */
static int remove_record(struct rundir *rundir, const char *name, struct error *err)
{
	_cleanup_free_ char *file = xprintf("%s.runtime", name);
	int conf = rundir_part(rundir, RUNDIR_CONF), pid = rundir_part(rundir, RUNDIR_PID);

	if (conf >= 0 && file_remove_at(conf, file, 0, err) < 0)
		return -1;
	return pid < 0 ? 0 : file_remove_at(pid, name, 0, err);
}

int act_teardown(struct context *context, const char *name, enum teardown_scope scope, struct error *err)
{
	struct rundir *rundir = &context->rundir;
	_cleanup_state_ struct state *state = NULL;
	int found = state_read(rundir, name, &state, err);

	if (found < 0)
		return -1;
	if (found && check_namespace(&context->rundir, state, err) < 0)
		return -1;
	if (found && act_save_settle(context, state, err) == 0 && act_export_remove(context, state, err) == 0)
		resources_down(context, state, err);
	if (err->kind == ERROR_NONE)
		leftovers_remove(rundir, name, err);
	if (err->kind != ERROR_NONE) {
		_cleanup_error_ struct error write = ERROR_INIT;

		if (found && state_write(rundir, state, &write) < 0)
			log_warning("%s", write.message);
		return -1;
	}
	if (scope == TEARDOWN_KEEP_RECORD)
		return found ? state_write(rundir, state, err) : 0;
	if (found)
		claims_release(rundir, state->claims, name);
	else
		claims_sweep(rundir, name);
	return remove_record(rundir, name, err);
}
