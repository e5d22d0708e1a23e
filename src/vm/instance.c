/* What an instance is at this moment: its status line, /proc, its exit record. */
#include "vm/instance.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/text.h"
#include "vm/move.h"
#include "vm/state.h"

const char *instance_state_to_string(enum instance_state state)
{
	static const char *const names[INSTANCE_STATE_MAX] = {
		[INSTANCE_RUNNING] = "running",
		[INSTANCE_PAUSED] = "paused",
		[INSTANCE_INCOMING] = "incoming",
		[INSTANCE_OUTGOING] = "outgoing",
		[INSTANCE_STOPPED] = "stopped",
		[INSTANCE_SAVED] = "saved",
		[INSTANCE_STALE] = "stale",
		[INSTANCE_ORPHANED] = "orphaned",
		[INSTANCE_UNRESPONSIVE] = "unresponsive",
		[INSTANCE_UNKNOWN] = "unknown",
	};
	return names[state];
}

void instance_clear(struct instance *instance)
{
	free(instance->name);
	free(instance->reason);
	*instance = (struct instance){ 0 };
}

static void say(struct instance *instance, enum instance_state state, const char *reason)
{
	instance->state = state;
	text_replace(&instance->reason, reason);
}

/* QEMU's parent is the supervisor that started it; one that `cleanup` put there later must be asked after by itself. */
static bool is_supervised(const struct instance *instance, const struct process_id *here)
{
	const struct status *status = &instance->status;
	struct process_id id = *here;

	if (status->supervisor <= 0)
		return false;
	if (instance->proc.ppid == status->supervisor)
		return true;
	id.pid = status->supervisor;
	id.start = status->supervisor_start;
	return process_verify(&id, here, NULL) == PROCESS_ALIVE;
}

/* Where the guest runs cannot be told from here: the other side may have let it run. */
static bool is_handed_over(const struct status *status)
{
	return status->phase == PHASE_OUTGOING && streq(status->reason, MOVE_HANDED_OVER);
}

/* A phase other than "running" says that a command is at work on it, or was cut short: the state is
 * what the guest does, the reason what is done to it. */
static void look_alive(struct instance *instance, const struct process_id *here)
{
	const struct status *status = &instance->status;

	instance->supervised = is_supervised(instance, here);
	if (is_handed_over(status)) {
		say(instance, INSTANCE_UNKNOWN, status->reason);
		return;
	}
	if (status->phase == PHASE_INCOMING || status->phase == PHASE_OUTGOING) {
		say(instance, status->phase == PHASE_INCOMING ? INSTANCE_INCOMING : INSTANCE_OUTGOING, status->reason);
		return;
	}
	say(instance, status->paused ? INSTANCE_PAUSED : INSTANCE_RUNNING, status->reason);
	if (status->phase != PHASE_RUNNING)
		text_replace(&instance->reason, phase_to_string(status->phase));
	else if (!instance->supervised)
		text_replace(&instance->reason, "unverified");
}

/* No QEMU yet, or none any more: on its way up, waiting for a restart, or left behind. */
static void look_without_qemu(struct instance *instance, const struct process_id *here)
{
	const struct status *status = &instance->status;

	instance->supervised = is_supervised(instance, here);
	if (status->phase == PHASE_SAVED)
		say(instance, INSTANCE_SAVED, "");
	else if (is_handed_over(status))
		say(instance, INSTANCE_UNKNOWN, status->reason);
	else if (status->phase == PHASE_REBOOTING && instance->supervised)
		say(instance, INSTANCE_STOPPED, "restarting");
	else
		say(instance, INSTANCE_STALE, phase_to_string(status->phase));
}

/* Its memory lies in a file: the link to it is the one truth about that. */
static bool is_saved(struct rundir *rundir, const char *name)
{
	int dir = rundir_part(rundir, RUNDIR_SAVED);
	struct stat st;

	return dir >= 0 && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* An exit record that cannot be read hides why it ended, not that it did. */
static int look_at_exit(struct rundir *rundir, const char *name, struct instance *instance, struct error *err)
{
	struct exit_record record = { 0 };
	int dir = rundir_part(rundir, RUNDIR_EXIT);
	int found = dir < 0 ? 0 : exit_record_read(dir, name, &record, err);

	if (found < 0) {
		error_clear(err);
		say(instance, INSTANCE_STOPPED, "exit record unreadable");
		return 0;
	}
	say(instance, INSTANCE_STOPPED, found ? exit_reason_to_string(record.reason) : "");
	exit_record_free(&record);
	return 0;
}

/* No status line: it ended in good order, or there is a record without one. A record that cannot be read
 * does not mean that nothing runs. */
static int look_without_status(struct rundir *rundir, const char *name, struct instance *instance, struct error *err)
{
	_cleanup_state_ struct state *state = NULL;
	int found = state_read(rundir, name, &state, err);

	if (found == 0 && is_saved(rundir, name)) {
		say(instance, INSTANCE_SAVED, "");
		return 0;
	}
	if (found == 0)
		return look_at_exit(rundir, name, instance, err);
	if (found < 0)
		say(instance, INSTANCE_UNKNOWN, err->message);
	else
		say(instance, INSTANCE_STALE, "no status line");
	error_clear(err);
	return 0;
}

/* The link's text and not stat(2): the number that people see in /proc and lsns(8). */
static uint64_t read_net_ns(void)
{
	char target[64];
	ssize_t length = readlink("/proc/self/ns/net", target, sizeof(target) - 1);
	uint64_t inode = 0;

	if (length <= 0)
		return 0;
	target[length] = '\0';
	return sscanf(target, "net:[%" SCNu64 "]", &inode) == 1 ? inode : 0;
}

/* Asked for once: `cleanup` looks at a thousand ended ones twice. */
uint64_t instance_net_ns(struct rundir *rundir)
{
	if (!rundir->net_ns)
		rundir->net_ns = read_net_ns();
	return rundir->net_ns;
}

static bool is_of_other_net_ns(struct rundir *rundir, const struct status *status)
{
	return status->net_ns && status->net_ns != instance_net_ns(rundir);
}

/* The verdict over the process comes first: a process that lives is the truth, whatever namespace the
 * rest of the record is of. */
int instance_look(struct rundir *rundir, const char *name, const struct process_id *here, struct instance *ret,
		  struct error *err)
{
	_cleanup_instance_ struct instance instance = { .name = xstrdup(name), .reason = xstrdup("") };
	int dir = rundir_part(rundir, RUNDIR_PID), found = 0;

	/* Only a directory that is not there says that nothing runs. */
	if (dir >= 0)
		found = status_read(dir, name, &instance.status, err);
	else if (errno != ENOENT)
		found = error_errno(err, ERROR_UNKNOWN, errno, "cannot open \"%s/pid\"", rundir->path);
	if (found < 0) {
		say(&instance, INSTANCE_UNKNOWN, err->message);
		error_clear(err);
	} else if (!found) {
		if (look_without_status(rundir, name, &instance, err) < 0)
			return -1;
	} else {
		instance.has_status = true;
		enum process_verdict verdict = instance.status.qemu.pid > 0
						       ? process_verify(&instance.status.qemu, here, &instance.proc)
						       : PROCESS_GONE;
		if (verdict == PROCESS_ALIVE)
			look_alive(&instance, here);
		else if (verdict == PROCESS_UNKNOWN)
			say(&instance, INSTANCE_UNKNOWN, "started in another pid namespace");
		else if (is_of_other_net_ns(rundir, &instance.status))
			say(&instance, INSTANCE_UNKNOWN, "started in another network namespace");
		else
			look_without_qemu(&instance, here);
	}
	*ret = instance;
	instance = (struct instance){ 0 };
	return 0;
}

int instance_note(struct rundir *rundir, const char *name, status_change_fn change, void *arg, struct error *err)
{
	return status_update(rundir_part(rundir, RUNDIR_PID), rundir_part(rundir, RUNDIR_LOCK), name, change, arg, err);
}
