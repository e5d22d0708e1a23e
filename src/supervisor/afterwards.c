/* What follows an end: the exit record, on_crash, the back-off, the teardown.
 *
 * A restart comes after 1, 2, 4 ... 300 seconds, by how often in a row it happened; a run of ten minutes
 * begins anew. While it waits, the status line says so (pid 0, phase rebooting, reason restart), and
 * SIGTERM (from `kvmctl stop`) calls it off. */
#include "supervisor/supervisor.h"

#include <sys/timerfd.h>
#include <sys/wait.h>

#include "base/deadline.h"
#include "base/text.h"
#include "vm/move.h"
#include "supervisor/report.h"

#define BACKOFF_MAX_S 300
#define LONG_RUN_MS (10 * 60 * 1000)

/* We were stopped (SIGSTOP) while others ended our guest, wrote its record in our place, and started the next. */
static bool is_outlived(const struct supervisor *s)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int dir = supervisor_open_part(s, "pid");
	struct status status;

	return status_read(dir, s->options->name, &status, &err) == 1 && status.qemu.pid > 0 &&
	       (status.qemu.pid != s->options->qemu || status.qemu.start != s->options->qemu_start);
}

static void write_record(const struct supervisor *s)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int dir = supervisor_open_part(s, "exit");

	if (is_outlived(s))
		return;
	if (exit_record_write(dir, s->options->name, &s->record, &err) < 0)
		report(s->options, LOG_ERR, "the exit record cannot be written: %s", err.message);
}

static void say(const struct supervisor *s)
{
	const struct exit_record *record = &s->record;
	bool crash = cause_is_crash(record->reason), other = record->by && !streq(record->by, "guest");

	report(s->options, crash ? LOG_ERR : LOG_NOTICE, "ended (%s): %s%s%s%s%s",
	       exit_reason_to_string(record->reason), record->detail, other ? ", by " : "", other ? record->by : "",
	       crash && record->words ? "; its last words: " : "", crash && record->words ? record->words : "");
}

static bool ran_long(const struct supervisor *s)
{
	int64_t started_ms = (int64_t)(s->options->qemu_start * 1000 / (uint64_t)sysconf(_SC_CLK_TCK));

	return clock_boottime_ms() - started_ms > LONG_RUN_MS;
}

/* restarts in a row -> seconds */
static int backoff_seconds(int restarts)
{
	return restarts > 8 || 1 << restarts > BACKOFF_MAX_S ? BACKOFF_MAX_S : 1 << restarts;
}

/* A guest that may run on another host, or that was to come here, is not started from its disks: only one that has not left. */
static bool is_ours_to_restart(enum phase phase, const char *reason)
{
	if (phase == PHASE_INCOMING)
		return false;
	if (phase == PHASE_OUTGOING || phase == PHASE_SAVING)
		return streq(reason, MOVE_MIGRATING) || streq(reason, MOVE_SAVING);
	return true;
}

static void mark_waiting(struct status *status, void *arg)
{
	struct supervisor *s = arg;

	if (status->qemu.pid != s->options->qemu || status->phase == PHASE_STOPPING ||
	    status->phase == PHASE_REBOOTING || !is_ours_to_restart(status->phase, status->reason))
		return;
	status->qemu.pid = 0;
	status->phase = PHASE_REBOOTING;
	status->paused = false;
	snprintf(status->reason, sizeof(status->reason), "restart");
	s->stage = STAGE_BACKOFF;
}

static bool begin_backoff(struct supervisor *s)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int pid_dir = supervisor_open_part(s, "pid"), lock_dir = supervisor_open_part(s, "lock");
	int restarts = ran_long(s) ? 0 : s->options->restarts, seconds = backoff_seconds(restarts);
	struct itimerspec in = { .it_value.tv_sec = seconds };

	s->backoff_timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->backoff_timer < 0 || timerfd_settime(s->backoff_timer, 0, &in, NULL) < 0)
		return false;
	s->record.restarts = restarts;
	s->record.restart_at_ms = clock_realtime_ms() + (int64_t)seconds * 1000;
	/* Somebody who has begun to stop it, or has torn it down, wants no restart. */
	if (status_update(pid_dir, lock_dir, s->options->name, mark_waiting, s, &err) < 0)
		report(s->options, LOG_ERR, "it is not started again: %s", err.message);
	return s->stage == STAGE_BACKOFF;
}

void afterwards_decide(struct supervisor *s, const struct doings *doings)
{
	bool crash = cause_is_crash(s->record.reason);

	s->exit_status = crash ? 1 : 0;
	if (crash && !*doings->rung && s->options->on_crash == ON_CRASH_RESTART && begin_backoff(s)) {
		write_record(s);
		say(s);
		report(s->options, LOG_NOTICE, "starts again in %d s (on_crash restart)",
		       backoff_seconds(s->record.restarts));
		return;
	}
	s->record.restart_at_ms = 0;
	write_record(s);
	say(s);
	/* What is left of one that may run on another host is how the rest is found out. */
	s->afterwards = streq(doings->move, MOVE_HANDED_OVER) ? AFTERWARDS_NOTHING : AFTERWARDS_TEARDOWN;
	s->stage = STAGE_DONE;
}

/* Is it still us who are waited for? */
static bool still_waiting(const struct supervisor *s)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int dir = supervisor_open_part(s, "pid");
	struct status status;

	return status_read(dir, s->options->name, &status, &err) == 1 && status.qemu.pid == 0 &&
	       status.phase == PHASE_REBOOTING && status.supervisor == getpid();
}

/* Somebody tore it down meanwhile without telling us: the restart that the record speaks of will not be.
 * A record of another run is not touched. */
static void take_back_promise(struct supervisor *s)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_(exit_record_free) struct exit_record last = { 0 };
	_cleanup_close_ int dir = supervisor_open_part(s, "exit");

	s->record.restart_at_ms = 0;
	if (exit_record_read(dir, s->options->name, &last, &err) == 1 && last.pid == s->record.pid &&
	    last.start == s->record.start)
		write_record(s);
}

void afterwards_backoff_over(struct supervisor *s)
{
	s->stage = STAGE_DONE;
	s->afterwards = AFTERWARDS_START;
	if (still_waiting(s))
		return;
	s->afterwards = AFTERWARDS_NOTHING;
	take_back_promise(s);
}

void afterwards_cancel_backoff(struct supervisor *s)
{
	report(s->options, LOG_NOTICE, "is not started again: the restart was called off");
	s->record.restart_at_ms = 0;
	write_record(s);
	s->stage = STAGE_DONE;
	s->afterwards = AFTERWARDS_TEARDOWN;
}

/* Children of ours that are at work on the instance end by themselves, each by its own deadlines. */
static void await_children(struct supervisor *s)
{
	if (s->starter > 0 && waitpid(s->starter, &s->starter_status, 0) != s->starter)
		s->starter_status = -1;
	if (s->stopper > 0)
		(void)waitpid(s->stopper, NULL, 0);
	s->starter = s->stopper = 0;
}

static void start_again(const struct supervisor *s)
{
	_cleanup_free_ char *restarts = xprintf("%d", s->record.restarts + 1);
	const char *const extra[] = { "--restarts", restarts, s->options->foreground ? "--foreground" : NULL, NULL };

	kvmctl_become(s, "start", extra);
}

static void tear_down(const struct supervisor *s)
{
	pid_t pid;

	if (!teardown_is_ours(s))
		return;
	if (!s->options->foreground)
		kvmctl_become(s, "teardown", NULL);
	/* In the foreground our exit status is what the service manager is to see, not that of the teardown. */
	pid = kvmctl_spawn(s, "teardown", NULL);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
}

int afterwards_run(struct supervisor *s)
{
	bool early = s->record.pid == 0; /* there was no commit: the start's own exit status counts */

	if (s->options->foreground)
		await_children(s);
	if (s->afterwards == AFTERWARDS_START)
		start_again(s);
	else if (s->afterwards == AFTERWARDS_TEARDOWN)
		tear_down(s);
	if (early && s->starter_status >= 0 && WIFEXITED(s->starter_status))
		return WEXITSTATUS(s->starter_status);
	return s->exit_status;
}
