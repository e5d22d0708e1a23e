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
#include "ops/act_repair.h"
#include "ops/act_save.h"
#include "ops/act_teardown.h"
#include "vm/leftovers.h"
#include "vm/orphan.h"

void cleanup_result_free(struct cleanup_result *result)
{
	for (size_t i = 0; i < result->n; i++) {
		free(result->lines[i].name);
		free(result->lines[i].what);
	}
	free(result->lines);
	*result = (struct cleanup_result){ 0 };
}

/* Nothing to do for it: seen without the lock, so that a healthy instance is never held up. */
static bool is_healthy(const struct instance *instance)
{
	bool alive = instance->state == INSTANCE_RUNNING || instance->state == INSTANCE_PAUSED;

	return alive && instance->supervised && instance->status.phase == PHASE_RUNNING;
}

/* Looked at twice: before the lock to leave healthy ones alone, and after it because somebody may just
 * have finished. */
static int cleanup_one(struct repairs *repairs, const char *name, struct error *err)
{
	struct context *context = repairs->context;
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
		repair_say(repairs, name, false, "skipped: %s", err->message);
		error_clear(err);
		return 0;
	}
	if (instance_look(&context->rundir, name, &context->here, &instance, err) < 0)
		return -1;
	repair_instance(repairs, &instance);
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

static int report_orphans(struct repairs *repairs, const char *name, struct error *err)
{
	_cleanup_orphans_ struct orphans orphans = { 0 };

	if (orphans_search(&repairs->context->rundir, &repairs->context->here, &orphans, err) < 0)
		return -1;
	for (size_t i = 0; i < orphans.n; i++) {
		const struct orphan *orphan = &orphans.list[i];

		/* One with a damaged status line was said above. */
		if ((!name || streq(name, orphan->name)) && !is_said(repairs->result, orphan->name))
			repair_say(repairs, orphan->name, true,
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

/* Temporary files of commands that were killed: in the run directory, beside QEMU's answers, beside filters,
 * groups and addresses, beside what instances keep. */
static bool sweep(struct context *context, bool remove)
{
	const struct settings *settings = context->settings;
	_cleanup_free_ char *leases = xprintf("%s/.leases", settings->state_dir);
	_cleanup_free_ char *members = xprintf("%s/.instances", settings->secgroup_dir);
	const char *const plain[] = { settings->cache_dir, settings->filter_dir, settings->secgroup_dir, members,
				      leases };
	bool found = leftovers_sweep(&context->rundir, remove);
	_cleanup_closedir_ DIR *dir = opendir(settings->state_dir);

	for (size_t i = 0; i < ELEMENTS(plain); i++)
		found |= sweep_directory(plain[i], remove);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		_cleanup_free_ char *path = xprintf("%s/%s", settings->state_dir, entry->d_name);

		found |= instance_name_valid(entry->d_name) && sweep_directory(path, remove);
	}
	return found;
}

/* After the repairs, which may have finished what such a file was for. */
static bool sweep_saved(struct context *context, bool remove)
{
	_cleanup_closedir_ DIR *dir = opendir(context->settings->state_dir);
	bool found = false;

	for (struct dirent *entry; dir && (entry = readdir(dir));)
		found |= instance_name_valid(entry->d_name) && act_save_sweep(context, entry->d_name, remove);
	return found;
}

int op_cleanup(struct context *context, const char *name, bool dry_run, int64_t min_age_ms, struct cleanup_result *ret,
	       struct error *err)
{
	struct cleanup_result result = { .clean = true };
	struct repairs repairs = { context, &result, dry_run, min_age_ms };
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
		if (cleanup_one(&repairs, *one, err) < 0) {
			cleanup_result_free(&result);
			return -1;
		}
	if (!name)
		repair_filters(&repairs);
	repair_bandwidth(&repairs, names);
	repair_learners(&repairs, name);
	if (!name && repair_leases(&repairs))
		log_verbose("leases that are over were %s", dry_run ? "found" : "removed");
	if (sweep_saved(context, !dry_run))
		log_verbose("files of killed saves and restores were %s", dry_run ? "found" : "removed");
	if (report_orphans(&repairs, name, err) < 0) {
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
