/* kvmctl start: the spec, the lock, what is there already; then the launch. */
#include "ops/verbs.h"

#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "ops/act_launch.h"
#include "ops/act_recorded.h"
#include "ops/act_teardown.h"
#include "vm/orphan.h"
#include "vm/state.h"

/* A guest of that name that runs without its record must not get a twin. */
static int refuse_orphan(struct context *context, const char *name, struct error *err)
{
	struct process_id orphan;
	int found = orphan_of(&context->rundir, &context->here, name, &orphan, err);

	if (found <= 0)
		return found;
	error_set(err, ERROR_STATE, "instance \"%s\" runs already, without its record (orphaned, pid %d)", name,
		  orphan.pid);
	return error_hint(err, "end it with \"kvmctl stop %s --force\", then start it", name);
}

/* 1: it runs already and that is fine (--ensure); 0: it may be started, nothing of an earlier run is left; -1. */
static int clear_the_way(struct context *context, const struct start_request *request, const char *name,
			 struct start_result *result, struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };

	if (instance_look(&context->rundir, name, &context->here, &instance, err) < 0)
		return -1;
	switch (instance.state) {
	case INSTANCE_RUNNING:
	case INSTANCE_PAUSED:
	case INSTANCE_INCOMING:
	case INSTANCE_OUTGOING:
	case INSTANCE_UNRESPONSIVE:
	case INSTANCE_ORPHANED:
		result->pid = instance.status.qemu.pid;
		result->already = true;
		if (request->ensure)
			return 1;
		error_set(err, ERROR_STATE, "instance \"%s\" is %s already (pid %d)", name,
			  instance_state_to_string(instance.state), result->pid);
		return error_hint(err, "--ensure makes that a success");
	case INSTANCE_SAVED:
		return error_set(err, ERROR_STATE, "instance \"%s\" is saved", name);
	case INSTANCE_UNKNOWN:
		error_set(err, ERROR_UNKNOWN, "whether instance \"%s\" runs cannot be verified: %s", name,
			  instance.reason);
		if (!instance.has_status)
			return error_hint(err,
					  "nothing was touched; \"kvmctl stop %s --force\" ends its QEMU, if there is "
					  "one, and removes the rest",
					  name);
		return error_hint(err, "look at it with \"kvmctl info %s\"; nothing was touched", name);
	case INSTANCE_STOPPED:
	case INSTANCE_STALE:
	case INSTANCE_STATE_MAX:
		break;
	}
	return refuse_orphan(context, name, err) < 0 ? -1 : act_teardown(context, name, TEARDOWN_KEEP_RECORD, err);
}

/* Under the lock. restarts > 0: the supervisor starts it again, with the hardware of the last run. */
static int start_locked(struct context *context, const struct start_request *request, const struct spec_loaded *loaded,
			struct start_result *result, struct error *err)
{
	struct launch_request launch = {
		.loaded = loaded,
		.paused = request->paused,
		.foreground = request->foreground,
		.allow_unsafe_cache = request->allow_unsafe_cache,
		.restarts = request->restarts,
	};
	int there = clear_the_way(context, request, result->name, result, err);

	if (there != 0)
		return there < 0 ? -1 : 0;
	if (request->restarts > 0)
		return act_launch_recorded(context, result->name, &launch, &result->pid, err);
	if (act_teardown(context, result->name, TEARDOWN_ALL, err) < 0)
		return -1;
	return act_launch(context, &launch, &result->pid, err);
}

/* The spec is read before the lock is taken: reading standard input may take a while, and nobody should
 * wait for that. */
int op_start(struct context *context, const struct start_request *request, struct start_result *ret, struct error *err)
{
	_cleanup_spec_loaded_ struct spec_loaded loaded = SPEC_LOADED_INIT;
	_cleanup_close_ int lock = -1;
	struct start_result result = { 0 };

	/* A restart goes by the record; the file is only looked at for what the guest does not see. */
	if (request->restarts == 0 && spec_load(context, &request->source, &loaded, err) < 0)
		return -1;
	result.name = xstrdup(request->restarts == 0 ? loaded.spec->name : request->source.name);
	if (rundir_lock(&context->rundir, result.name, "start", context->wait, &lock, err) < 0 ||
	    start_locked(context, request, &loaded, &result, err) < 0) {
		free(result.name);
		return -1;
	}
	*ret = result;
	return 0;
}
