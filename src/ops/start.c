/* kvmctl start: the spec, the lock, what is there already; then the launch, or the restore of a saved one. */
#include "ops/verbs.h"

#include "base/log.h"
#include "base/text.h"
#include "host/interrupt.h"
#include "ops/act_absent.h"
#include "ops/act_launch.h"
#include "ops/act_recorded.h"
#include "ops/act_restore.h"
#include "ops/act_teardown.h"
#include "vm/move.h"
#include "vm/state.h"

/* We hold the lock: who was at it is gone, and `cleanup` is going to end it, or to undo what was begun. */
static const char *cut_short(const struct instance *instance)
{
	static const char *const doings[PHASE_MAX] = {
		[PHASE_STARTING] = "started",
		[PHASE_STOPPING] = "stopped",
		[PHASE_REBOOTING] = "rebooted",
		[PHASE_SAVING] = "saved",
	};

	return instance->has_status ? doings[instance->status.phase] : NULL;
}

/* Its QEMU lives, and to say that it runs would be a lie. Nothing otherwise. */
static int refuse_half_way(struct context *context, const char *name, struct error *err)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_instance_ struct instance instance = { 0 };

	if (instance_look(&context->rundir, name, &context->here, &instance, &ignored) < 0)
		return 0;
	if (instance.state == INSTANCE_INCOMING && !streq(instance.reason, MOVE_GRANTED))
		return error_hint(err,
				  "its guest has not run here yet: \"kvmctl migration status %s\" shows how far it is",
				  name);
	if (!cut_short(&instance))
		return 0;
	error_set(err, ERROR_STATE, "instance \"%s\" was being %s by a kvmctl that is gone", name,
		  cut_short(&instance));
	return error_hint(err, "\"kvmctl cleanup %s\" finishes that, or undoes it", name);
}

/* 1: it runs already and that is fine (--ensure); 0: it may be started, nothing of an earlier run is left; 2: that, and it is saved; -1. */
static int clear_the_way(struct context *context, const struct start_request *request, const char *name,
			 struct start_result *result, struct error *err)
{
	int there = act_absent(context, name, TEARDOWN_KEEP_RECORD, &result->pid, err);

	if (there == 2)
		error_clear(err);
	if (there != 1)
		return there;
	result->already = true;
	if (refuse_half_way(context, name, err) < 0)
		return -1;
	if (!request->ensure)
		return error_hint(err, "--ensure makes that a success");
	error_clear(err);
	return 1;
}

/* The hardware and all that the guest sees is as it was saved. */
static int restore(struct context *context, const struct start_request *request, struct start_result *result,
		   struct error *err)
{
	/* Unlike a start, one that is interrupted is not undone by its supervisor, but by us. */
	const struct restore_request how = { .how = { .paused = request->paused, .interrupted = interrupt_catch() },
					     .foreground = request->foreground };

	if (act_teardown(context, result->name, TEARDOWN_ALL, err) < 0 ||
	    act_restore_saved(context, result->name, &how, &result->pid, err) < 0)
		return -1;
	result->restored = true;
	return 0;
}

/* Where its disks have no locks that cross hosts nothing else would stop it from running twice. */
static void warn_if_elsewhere(struct context *context, const char *name)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	struct exit_record record = { 0 };
	int dir = rundir_part(&context->rundir, RUNDIR_EXIT);

	if (dir < 0 || exit_record_read(dir, name, &record, &ignored) <= 0)
		return;
	if (record.reason == EXIT_MIGRATED)
		log_warning("%s: it was moved away (%s): see that it does not run there any more", name,
			    record.detail ? record.detail : "to another host");
	else if (record.reason == EXIT_INCOMING_FAILED)
		log_warning("%s: the guest that it last waited for did not come: see that it does not run on the host "
			    "that it was to come from, if it was no file",
			    name);
	exit_record_free(&record);
}

/* Under the lock. restarts > 0: the supervisor starts it again, with the hardware of the last run. */
static int start_locked(struct context *context, const struct start_request *request, struct spec_loaded *loaded,
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

	if (there == 1 || there < 0)
		return there < 0 ? -1 : 0;
	if (there == 2 && !request->discard_saved)
		return restore(context, request, result, err);
	if (request->restarts == 0 && !loaded->spec && spec_load(context, &request->source, loaded, err) < 0)
		return -1;
	if (there == 2 && act_restore_discard(context, result->name, err) < 0)
		return -1;
	if (request->restarts > 0)
		return act_launch_recorded(context, result->name, &launch, &result->pid, err);
	if (act_teardown(context, result->name, TEARDOWN_ALL, err) < 0)
		return -1;
	warn_if_elsewhere(context, result->name);
	return act_launch(context, &launch, &result->pid, err);
}

/* One that came from another host has perhaps no spec here, and that of one that runs may have been removed: to be started again neither needs it,
 * nor does one that is saved. */
static bool is_here(struct context *context, const char *name)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_instance_ struct instance instance = { 0 };

	return instance_look(&context->rundir, name, &context->here, &instance, &err) == 0 &&
	       instance.state != INSTANCE_STOPPED && instance.state != INSTANCE_STALE;
}

static int load(struct context *context, const struct spec_source *source, struct spec_loaded *loaded,
		struct error *err)
{
	if (spec_load(context, source, loaded, err) == 0)
		return 0;
	if (err->kind != ERROR_NO_INSTANCE || !is_here(context, source->name))
		return -1;
	error_clear(err);
	return 0;
}

/* The spec is read before the lock is taken: reading standard input may take a while, and nobody should
 * wait for that. */
int op_start(struct context *context, const struct start_request *request, struct start_result *ret, struct error *err)
{
	_cleanup_spec_loaded_ struct spec_loaded loaded = SPEC_LOADED_INIT;
	_cleanup_close_ int lock = -1;
	struct start_result result = { 0 };

	/* A restart goes by the record; the file is only looked at for what the guest does not see. */
	if (request->restarts == 0 && load(context, &request->source, &loaded, err) < 0)
		return -1;
	result.name = xstrdup(loaded.spec ? loaded.spec->name : request->source.name);
	if (rundir_lock(&context->rundir, result.name, "start", context->wait, &lock, err) < 0 ||
	    start_locked(context, request, &loaded, &result, err) < 0) {
		free(result.name);
		return -1;
	}
	*ret = result;
	return 0;
}
