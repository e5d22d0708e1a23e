/* kvmctl cleanup: whatever was left half done is finished or undone, instance by instance, each under its
 * lock; what is busy is skipped. */
#include "ops/verbs.h"

#include <dirent.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "ops/act_recorded.h"
#include "ops/act_shutdown.h"
#include "ops/act_supervise.h"
#include "ops/act_teardown.h"
#include "vm/leftovers.h"
#include "vm/orphan.h"
#include "vm/state.h"

struct cleanup {
	struct context *context;
	struct cleanup_result *result;
	bool dry_run;
	int64_t min_age_ms;
};

void cleanup_result_free(struct cleanup_result *result)
{
	for (size_t i = 0; i < result->n; i++) {
		free(result->lines[i].name);
		free(result->lines[i].what);
	}
	free(result->lines);
	*result = (struct cleanup_result){ 0 };
}

static void __attribute__((format(printf, 4, 5)))
say(struct cleanup *cleanup, const char *name, bool needs_person, const char *format, ...)
{
	struct cleanup_result *result = cleanup->result;
	va_list ap;

	grow_array(result->lines, result->n);
	va_start(ap, format);
	result->lines[result->n++] = (struct cleanup_line){ xstrdup(name), xvprintf(format, ap), needs_person };
	va_end(ap);
	if (needs_person)
		result->clean = false;
}

/* A repair that failed is somebody's to look at. */
static void failed(struct cleanup *cleanup, const char *name, const struct error *err)
{
	say(cleanup, name, true, "%s", err->message);
}

static void teardown(struct cleanup *cleanup, const char *name, const char *why)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (!cleanup->dry_run && act_teardown(cleanup->context, name, TEARDOWN_ALL, &err) < 0)
		failed(cleanup, name, &err);
	else
		say(cleanup, name, false, "%s: %s", why, cleanup->dry_run ? "would be removed" : "removed");
}

/* What the last run came to, if nobody saw it end. */
static enum exit_reason unseen_end(struct cleanup *cleanup, const struct instance *instance)
{
	return streq(instance->status.qemu.boot_id, cleanup->context->here.boot_id) ? EXIT_UNKNOWN : EXIT_HOST_REBOOTED;
}

static void finish_reboot(struct cleanup *cleanup, const struct instance *instance)
{
	struct context *context = cleanup->context;
	_cleanup_error_ struct error err = ERROR_INIT;
	pid_t pid;

	if (cleanup->dry_run)
		say(cleanup, instance->name, false, "a reboot stopped half-way: would be started again");
	else if (act_finish_reboot(context, instance->name, &pid, &err) < 0)
		failed(cleanup, instance->name, &err);
	else
		say(cleanup, instance->name, false, "a reboot stopped half-way: started again, pid %d", pid);
}

/* Its QEMU is gone. */
static void repair_stale(struct cleanup *cleanup, const struct instance *instance)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	const struct status *status = &instance->status;

	if (clock_realtime_ms() - status->since_ms < cleanup->min_age_ms)
		return;
	if (!cleanup->dry_run && status->qemu.pid > 0 &&
	    act_settle_exit(cleanup->context, instance, unseen_end(cleanup, instance), &err) < 0) {
		failed(cleanup, instance->name, &err);
		return;
	}
	if (status->phase == PHASE_REBOOTING)
		finish_reboot(cleanup, instance);
	else
		teardown(cleanup, instance->name,
			 status->qemu.pid > 0 ? "its QEMU is gone" : "a start was interrupted");
}

/* A start that died: its QEMU must not live on without anybody who knows it. */
static void undo_start(struct cleanup *cleanup, const struct instance *instance)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (!cleanup->dry_run && (act_kill(cleanup->context, instance, &err) < 0 ||
				  act_settle_exit(cleanup->context, instance, EXIT_START_FAILED, &err) < 0))
		failed(cleanup, instance->name, &err);
	else
		teardown(cleanup, instance->name, "a start was interrupted");
}

/* A stop or reboot that died half-way is carried on. */
static void finish_stop(struct cleanup *cleanup, const struct instance *instance)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	enum exit_reason how = EXIT_UNKNOWN;

	if (!cleanup->dry_run && (act_shutdown(cleanup->context, instance, instance->status.phase, &how, &err) < 0 ||
				  act_settle_exit(cleanup->context, instance, how, &err) < 0)) {
		failed(cleanup, instance->name, &err);
		return;
	}
	if (instance->status.phase == PHASE_REBOOTING)
		finish_reboot(cleanup, instance);
	else
		teardown(cleanup, instance->name, "a stop was interrupted");
}

static void attach_supervisor(struct cleanup *cleanup, const struct instance *instance)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (!cleanup->dry_run && act_attach_supervisor(cleanup->context, instance, &err) < 0)
		failed(cleanup, instance->name, &err);
	else
		say(cleanup, instance->name, false, "its supervisor was gone: %s",
		    cleanup->dry_run ? "would get a new one" : "a new one watches it");
}

/* The phase says what somebody was doing; that nobody does it any more is certain, since we hold the
 * lock. */
static void repair_alive(struct cleanup *cleanup, const struct instance *instance)
{
	switch (instance->status.phase) {
	case PHASE_STARTING:
		undo_start(cleanup, instance);
		break;
	case PHASE_STOPPING:
	case PHASE_REBOOTING:
		finish_stop(cleanup, instance);
		break;
	case PHASE_RUNNING:
	case PHASE_INCOMING:
	case PHASE_OUTGOING:
	case PHASE_SAVING:
	case PHASE_SAVED:
	case PHASE_MAX:
		if (!instance->supervised)
			attach_supervisor(cleanup, instance);
		break;
	}
}

static void repair(struct cleanup *cleanup, const struct instance *instance)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (state_refuse_newer(&cleanup->context->rundir, instance->name, &err) < 0) {
		failed(cleanup, instance->name, &err);
		return;
	}
	switch (instance->state) {
	case INSTANCE_RUNNING:
	case INSTANCE_PAUSED:
	case INSTANCE_INCOMING:
	case INSTANCE_OUTGOING:
	case INSTANCE_UNRESPONSIVE:
		repair_alive(cleanup, instance);
		break;
	case INSTANCE_STALE:
		repair_stale(cleanup, instance);
		break;
	case INSTANCE_STOPPED:
		if (!instance->has_status && leftovers_exist(&cleanup->context->rundir, instance->name))
			teardown(cleanup, instance->name, "left over");
		break;
	case INSTANCE_UNKNOWN:
		if (instance->has_status)
			say(cleanup, instance->name, true, "cannot be verified: %s", instance->reason);
		else
			say(cleanup, instance->name, true,
			    "its status line cannot be read (%s); \"kvmctl stop %s --force\" ends its QEMU, if there "
			    "is one, and removes the rest",
			    instance->reason, instance->name);
		break;
	case INSTANCE_ORPHANED:
	case INSTANCE_SAVED:
	case INSTANCE_STATE_MAX:
		break;
	}
}

/* Nothing to do for it: seen without the lock, so that a healthy instance is never held up. */
static bool is_healthy(const struct instance *instance)
{
	bool alive = instance->state == INSTANCE_RUNNING || instance->state == INSTANCE_PAUSED;

	return alive && instance->supervised && instance->status.phase == PHASE_RUNNING;
}

/* Looked at twice: before the lock to leave healthy ones alone, and after it because somebody may just
 * have finished. */
static int cleanup_one(struct cleanup *cleanup, const char *name, struct error *err)
{
	struct context *context = cleanup->context;
	_cleanup_instance_ struct instance before = { 0 }, instance = { 0 };
	_cleanup_close_ int lock = -1;

	if (instance_look(&context->rundir, name, &context->here, &before, err) < 0)
		return -1;
	if (is_healthy(&before) ||
	    (before.state == INSTANCE_STOPPED && !before.has_status && !leftovers_exist(&context->rundir, name)))
		return 0;
	if (rundir_lock(&context->rundir, name, "cleanup", deadline_in(0), &lock, err) < 0) {
		if (err->kind != ERROR_BUSY)
			return -1;
		say(cleanup, name, false, "skipped: %s", err->message);
		error_clear(err);
		return 0;
	}
	if (instance_look(&context->rundir, name, &context->here, &instance, err) < 0)
		return -1;
	repair(cleanup, &instance);
	close_fd(&lock);
	lock = -1;
	return 0;
}

static bool is_said(const struct cleanup_result *result, const char *name)
{
	for (size_t i = 0; i < result->n; i++)
		if (result->lines[i].needs_person && streq(result->lines[i].name, name))
			return true;
	return false;
}

static int report_orphans(struct cleanup *cleanup, const char *name, struct error *err)
{
	_cleanup_orphans_ struct orphans orphans = { 0 };

	if (orphans_search(&cleanup->context->rundir, &cleanup->context->here, &orphans, err) < 0)
		return -1;
	for (size_t i = 0; i < orphans.n; i++) {
		const struct orphan *orphan = &orphans.list[i];

		/* One with a damaged status line was said above. */
		if ((!name || streq(name, orphan->name)) && !is_said(cleanup->result, orphan->name))
			say(cleanup, orphan->name, true,
			    "orphaned: pid %d runs without a record; \"kvmctl stop %s --force\" ends it",
			    orphan->id.pid, orphan->name);
	}
	return 0;
}

static bool sweep_directory(const char *path, bool remove)
{
	_cleanup_close_ int fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);

	return file_sweep_at(fd, NULL, remove);
}

/* Temporary files of commands that were killed: in the run directory, beside QEMU's answers, beside what
 * instances keep. */
static bool sweep(struct context *context, bool remove)
{
	const struct settings *settings = context->settings;
	bool found = leftovers_sweep(&context->rundir, remove) | sweep_directory(settings->cache_dir, remove);
	DIR *dir = opendir(settings->state_dir);

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		_cleanup_free_ char *path = xprintf("%s/%s", settings->state_dir, entry->d_name);

		found |= instance_name_valid(entry->d_name) && sweep_directory(path, remove);
	}
	if (dir)
		closedir(dir);
	return found;
}

int op_cleanup(struct context *context, const char *name, bool dry_run, int64_t min_age_ms, struct cleanup_result *ret,
	       struct error *err)
{
	struct cleanup_result result = { .clean = true };
	struct cleanup cleanup = { context, &result, dry_run, min_age_ms };
	_cleanup_strv_ char **names = NULL;

	if (name) {
		if (instance_name_check(name, err) < 0)
			return -1;
		strv_add(&names, name);
	} else if (leftovers_names(&context->rundir, &names, err) < 0) {
		return -1;
	}
	if (sweep(context, !dry_run))
		log_verbose("temporary files of killed commands were %s", dry_run ? "found" : "removed");
	for (char *const *one = names; one && *one; one++)
		if (cleanup_one(&cleanup, *one, err) < 0) {
			cleanup_result_free(&result);
			return -1;
		}
	if (report_orphans(&cleanup, name, err) < 0) {
		cleanup_result_free(&result);
		return -1;
	}
	*ret = result;
	return 0;
}

int op_teardown(struct context *context, const char *name, struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };
	_cleanup_close_ int lock = -1;
	pid_t pid;

	if (instance_name_check(name, err) < 0 ||
	    rundir_lock(&context->rundir, name, "teardown", context->wait, &lock, err) < 0 ||
	    instance_look(&context->rundir, name, &context->here, &instance, err) < 0)
		return -1;
	/* Somebody has started it again meanwhile: then there is nothing of ours left. */
	if (instance.state != INSTANCE_STALE && instance.state != INSTANCE_STOPPED)
		return 0;
	/* Whoever rebooted it was killed after QEMU was told to end. (Pid 0: a restart after a crash,
	 * which was called off.) */
	if (instance.has_status && instance.status.phase == PHASE_REBOOTING && instance.status.qemu.pid > 0)
		return act_finish_reboot(context, name, &pid, err);
	return act_teardown(context, name, TEARDOWN_ALL, err);
}
