/* kvmctl wait: asleep until an instance runs, or does not. */
#include "ops/verbs.h"

#include <sys/inotify.h>

#include "base/text.h"
#include "host/watch.h"
#include "ops/act_look.h"
#include "vm/spec.h"

/* What its status line cannot tell: a QEMU that ends while nobody writes about it. */
#define LOOK_AGAIN_MS 1000

static bool reached(const struct instance *instance, bool for_running)
{
	if (for_running)
		return look_is_alive(instance) && instance->status.phase == PHASE_RUNNING;
	/* One that has a status line is about to start again, or is still being taken down. */
	return (instance->state == INSTANCE_STOPPED && !instance->has_status) || instance->state == INSTANCE_SAVED;
}

static int watch_record(struct context *context, int *ret_watch, struct error *err)
{
	_cleanup_free_ char *dir = rundir_path(&context->rundir, RUNDIR_PID, "", "");
	_cleanup_close_ int fd = -1;

	if (watch_open(&fd, err) < 0)
		return -1;
	/* No run directory yet: then nothing runs, and it is looked for now and then. */
	if (context->rundir.fd >= 0 && watch_add(fd, dir, IN_MOVED_TO | IN_DELETE, err) < 0)
		return -1;
	*ret_watch = take_fd(&fd);
	return 0;
}

int op_wait(struct context *context, const char *name, bool for_running, struct error *err)
{
	_cleanup_close_ int watch = -1;

	if (instance_name_check(name, err) < 0 || watch_record(context, &watch, err) < 0)
		return -1;
	for (;;) {
		_cleanup_instance_ struct instance instance = { 0 };

		if (instance_look(&context->rundir, name, &context->here, &instance, err) < 0)
			return -1;
		if (reached(&instance, for_running))
			return 0;
		if (deadline_passed(context->deadline))
			return error_set(err, ERROR_TIMEOUT, "instance \"%s\" is still %s", name, instance_state_to_string(instance.state));
		/* The pid directory tells of every change that somebody records; a QEMU that nobody watches is looked at every second. */
		if (watch_wait(watch, context_step(context, LOOK_AGAIN_MS), err) < 0)
			return -1;
	}
}
