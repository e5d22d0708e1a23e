/* Starting again from the record: guest-visible things stay, host things follow the spec file. */
#include "ops/act_recorded.h"

#include "base/log.h"
#include "base/text.h"
#include "ops/act_check.h"
#include "ops/act_host_part.h"
#include "ops/act_plan.h"
#include "ops/act_teardown.h"
#include "vm/binary.h"
#include "vm/state.h"

int act_recorded_spec(struct context *context, const struct state *state, struct spec_loaded *ret, struct error *err)
{
	_cleanup_spec_loaded_ struct spec_loaded current = SPEC_LOADED_INIT;
	_cleanup_error_ struct error unread = ERROR_INIT;
	_cleanup_json_ struct json *document = NULL;
	const struct spec_source source = { state->name, state->spec_file };
	_cleanup_free_ char *what = xprintf("recorded spec of \"%s\"", state->name);

	if (!is_empty(state->spec_file) && spec_load(context, &source, &current, &unread) == 0) {
		if (act_host_part(state->spec, current.spec, HOST_PART_SAME, &document, err) < 0)
			return -1;
		/* Of no file: what the guest sees may still differ from this one, and info has to compare. */
		ret->digest = xstrdup("");
	} else {
		if (unread.kind != ERROR_NONE)
			log_notice("%s: the recorded spec is used: %s", state->name, unread.message);
		document = json_ref(state->spec);
		ret->digest = xstrdup(state->spec_digest);
	}
	ret->file = xstrdup(state->spec_file);
	return spec_from_json(document, what, state->name, context->settings, &ret->spec, err);
}

static int read_recorded(struct context *context, const char *name, struct state **ret_state, struct spec_loaded *ret,
			 struct error *err)
{
	int found = state_read(&context->rundir, name, ret_state, err);

	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, ERROR_NO_INSTANCE, "nothing is recorded of instance \"%s\"", name);
	return act_recorded_spec(context, *ret_state, ret, err);
}

int act_check_recorded(struct context *context, const char *name, struct error *err)
{
	_cleanup_state_ struct state *state = NULL;
	_cleanup_spec_loaded_ struct spec_loaded loaded = SPEC_LOADED_INIT;
	_cleanup_probe_ struct probe *probe = NULL;
	_cleanup_(facts_free) struct facts facts = { 0 };
	_cleanup_plan_ struct plan *plan = NULL;
	struct deadline deadline = context_step(context, context->settings->timeouts.start);

	if (read_recorded(context, name, &state, &loaded, err) < 0)
		return -1;
	struct spec *spec = loaded.spec;
	/* Its huge pages are free only when it has ended. */
	text_replace(&spec->hv.mem_path, "");
	if (binary_probe(spec->hv.kvm_path, context->settings, deadline, &probe, err) < 0 ||
	    act_check_things(context, spec, probe, err) < 0 || facts_gather(spec, &facts, err) < 0)
		return -1;
	const struct plan_input input = { .spec = spec,
					  .settings = context->settings,
					  .probe = probe,
					  .facts = &facts,
					  .recorded = &state->hardware,
					  .allow_unsafe_cache = state->allow_unsafe_cache };
	return act_plan(context, &input, &plan, err);
}

int act_launch_recorded(struct context *context, const char *name, struct launch_request *request, pid_t *ret_pid,
			struct error *err)
{
	_cleanup_state_ struct state *state = NULL;
	_cleanup_spec_loaded_ struct spec_loaded loaded = SPEC_LOADED_INIT;

	if (read_recorded(context, name, &state, &loaded, err) < 0)
		return -1;

	struct launch_request recorded = *request;
	recorded.loaded = &loaded;
	recorded.recorded = &state->hardware;
	recorded.allow_unsafe_cache = state->allow_unsafe_cache;
	return act_launch(context, &recorded, ret_pid, err);
}

int act_finish_reboot(struct context *context, const char *name, pid_t *ret_pid, struct error *err)
{
	struct launch_request launch = { .paused = false };

	if (act_teardown(context, name, TEARDOWN_KEEP_RECORD, err) < 0)
		return -1;
	return act_launch_recorded(context, name, &launch, ret_pid, err);
}
