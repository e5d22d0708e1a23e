/* After QEMU's end: the exit record is there, the supervisor is gone. */
#include "ops/act_shutdown.h"

#include <sys/inotify.h>

#include "base/log.h"
#include "base/text.h"
#include "host/watch.h"

#define RECORD_WAIT_MS 3000

/* True when the exit record is that of this run. */
static bool record_is_there(int dir, const struct instance *instance)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct exit_record record = { 0 };
	bool there = exit_record_read(dir, instance->name, &record, &err) == 1 &&
		     record.pid == instance->status.qemu.pid && record.start == instance->status.qemu.start;

	exit_record_free(&record);
	return there;
}

/* Sleeps until something is moved into exit/, looks, and again. A directory that cannot be watched is
 * looked at once. */
static bool wait_for_record(struct rundir *rundir, const struct instance *instance, struct deadline deadline)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *path = xprintf("%s/%s", rundir->path, rundir_part_name(RUNDIR_EXIT));
	_cleanup_close_ int watch = -1;
	int dir = rundir_part(rundir, RUNDIR_EXIT);
	bool watched = watch_open(&watch, &err) == 0 && watch_add(watch, path, IN_MOVED_TO, &err) == 0;

	while (!record_is_there(dir, instance))
		if (!watched || watch_wait(watch, deadline, &err) <= 0)
			return record_is_there(dir, instance);
	return true;
}

static enum exit_reason of_cut_start(const struct instance *instance)
{
	return *instance->status.move ? EXIT_INCOMING_FAILED : EXIT_START_FAILED;
}

int act_settle_exit(struct context *context, const struct instance *instance, enum exit_reason how, struct error *err)
{
	struct rundir *rundir = &context->rundir;
	int dir = rundir_part(rundir, RUNDIR_EXIT);
	_cleanup_free_ char *by = xprintf("kvmctl (pid %d)", getpid());
	/* A start that is not done has let nothing run, whoever ends it; and nobody but we writes its record. */
	bool starting = instance->has_status && instance->status.phase == PHASE_STARTING;
	bool supervised = instance->supervised && !starting;
	struct exit_record record = {
		.reason = starting ? of_cut_start(instance) : how,
		.pid = instance->status.qemu.pid,
		.start = instance->status.qemu.start,
		.status = -1,
		.ended_ms = clock_realtime_ms(),
		.by = by,
		.move = *instance->status.move ? (char *)instance->status.move : NULL,
	};

	if (dir < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s/exit\"", rundir->path);
	if (supervised ? wait_for_record(rundir, instance, deadline_in(RECORD_WAIT_MS))
		       : record_is_there(dir, instance))
		return 0;
	/* A full disk must keep nobody from stopping, and it is the teardown that makes room. */
	if (exit_record_write(dir, instance->name, &record, err) < 0)
		log_warning("how \"%s\" ended is not on record: %s", instance->name, err->message);
	else if (supervised)
		log_warning("the supervisor of \"%s\" wrote no exit record; kvmctl wrote one in its place",
			    instance->name);
	error_clear(err);
	return 0;
}

void act_await_supervisor(struct context *context, const struct instance *instance)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int pidfd = -1;
	struct process_id id = context->here;

	if (!instance->supervised)
		return;
	id.pid = instance->status.supervisor;
	id.start = instance->status.supervisor_start;
	if (process_open(&id, &pidfd, &err) == 0 && pidfd >= 0)
		process_wait(pidfd, context_step(context, RECORD_WAIT_MS), &err);
}
