/* kvmctl wait: asleep until an instance runs, or does not. */
#include "ops/verbs.h"

#include <sys/inotify.h>

#include "base/log.h"
#include "base/text.h"
#include "host/watch.h"
#include "ops/act_look.h"
#include "vm/spec.h"

/* What its status line cannot tell: a QEMU that ends while nobody writes about it. */
#define LOOK_AGAIN_MS 1000

/* A start that has not been committed may still be undone: that is not "running" yet. */
static bool reached(const struct instance *instance, bool for_running)
{
	if (for_running)
		return look_is_alive(instance) && instance->status.phase == PHASE_RUNNING;
	/* One that has a status line is about to start again, or is still being taken down. */
	return (instance->state == INSTANCE_STOPPED && !instance->has_status) || instance->state == INSTANCE_SAVED;
}

/* Without a run directory nothing runs; it is looked for now and then. *watched: its pid directory is. */
static int watch_records(struct context *context, int watch, bool *watched, struct error *err)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *dir = rundir_path(&context->rundir, RUNDIR_PID, "", "");
	int renewed = rundir_renew(&context->rundir, err);

	if (renewed < 0)
		return -1;
	if (!*watched || renewed)
		*watched = watch_add(watch, dir, IN_MOVED_TO | IN_DELETE, &ignored) == 0;
	return 0;
}

static int still(const struct instance *instance, struct error *err)
{
	bool why = instance->state == INSTANCE_UNKNOWN || instance->state == INSTANCE_STALE;

	return error_set(err, ERROR_TIMEOUT, "instance \"%s\" is still %s%s%s", instance->name,
			 instance_state_to_string(instance->state), why ? ": " : "", why ? instance->reason : "");
}

/* It may come yet, by a start with a spec from elsewhere, or a move: so a word about it, no error. */
static void say_if_unknown(const struct context *context, const struct instance *instance)
{
	_cleanup_error_ struct error unknown = ERROR_INIT;

	if (look_require_known(context, instance, &unknown) < 0)
		log_notice("%s; it is waited for", unknown.message);
}

int op_wait(struct context *context, const char *name, bool for_running, struct error *err)
{
	_cleanup_close_ int watch = -1;
	bool watched = false;

	if (instance_name_check(name, err) < 0 || watch_open(&watch, err) < 0)
		return -1;
	for (bool said = false;; said = true) {
		_cleanup_instance_ struct instance instance = { 0 };

		if (watch_records(context, watch, &watched, err) < 0 ||
		    instance_look(&context->rundir, name, &context->here, &instance, err) < 0)
			return -1;
		if (reached(&instance, for_running))
			return 0;
		if (!said)
			say_if_unknown(context, &instance);
		if (deadline_passed(context->deadline))
			return still(&instance, err);
		/* The pid directory tells of every change that somebody records; a QEMU that nobody
		 * watches is looked at every second. */
		if (watch_wait(watch, context_step(context, LOOK_AGAIN_MS), err) < 0)
			return -1;
	}
}
