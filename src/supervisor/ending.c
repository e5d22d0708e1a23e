/* QEMU ended: reap it, gather the evidence, judge it, and hand the record on to the policy. */
#include "supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/deadline.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/parse.h"
#include "base/text.h"
#include "supervisor/foreign_status.h"
#include "supervisor/kernel_log.h"
#include "supervisor/report.h"

/* "oom_kill N" of memory.events (cgroup v2) or memory.oom_control (v1). */
static int64_t read_counter(int dir, const char *file)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *text = NULL;
	int64_t count;

	if (file_read_at(dir, file, 4096, &text, NULL, &ignored) < 0)
		return -1;
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
		if (starts_with(line, "oom_kill ") &&
		    parse_int(line + strlen("oom_kill "), "oom_kill", 0, INT64_MAX, &count, &ignored) == 0)
			return count;
	return -1;
}

int64_t ending_oom_count(const struct options *options)
{
	_cleanup_close_ int dir =
		options->cgroup_dir ? open(options->cgroup_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int64_t count;

	if (dir < 0)
		return -1;
	count = read_counter(dir, "memory.events");
	return count >= 0 ? count : read_counter(dir, "memory.oom_control");
}

static bool oom_killed(const struct supervisor *s)
{
	int64_t count;

	if (s->wait_status >= 0 && !(WIFSIGNALED(s->wait_status) && WTERMSIG(s->wait_status) == SIGKILL))
		return false;
	count = ending_oom_count(s->options);
	if (s->oom_before >= 0 && count >= 0)
		return count > s->oom_before;
	return kernel_log_oom(s->options->qemu);
}

/* What somebody was doing to end it, and where it was on the way to, from the status line; "" nothing. */
static void read_doings(const struct supervisor *s, struct doings *ret)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int dir = supervisor_open_part(s, "pid");
	struct status status;

	*ret = (struct doings){ 0 };
	if (status_read(dir, s->options->name, &status, &err) != 1 || status.qemu.pid != s->options->qemu)
		return;
	if (status.phase == PHASE_STOPPING || status.phase == PHASE_REBOOTING)
		snprintf(ret->rung, sizeof(ret->rung), "%s", status.reason);
	else if (phase_is_move(status.phase))
		snprintf(ret->move, sizeof(ret->move), "%s", status.reason);
	snprintf(ret->move_id, sizeof(ret->move_id), "%s", status.move);
}

/* "kvmctl stop (pid 12)" from the text of the instance's lock: "pid 12, stop, since ...". */
static char *who_stops(const struct supervisor *s)
{
	_cleanup_close_ int dir = supervisor_open_part(s, "lock");
	_cleanup_free_ char *holder = dir < 0 ? xstrdup("") : lock_holder(dir, s->options->name);
	const char *verb = strstr(holder, ", ");

	if (!starts_with(holder, "pid ") || !verb)
		return xstrdup("kvmctl");
	verb += 2;
	return xprintf("kvmctl %.*s (%.*s)", (int)strcspn(verb, ",\n"), verb, (int)strcspn(holder, ","), holder);
}

/* It kills before it waits for the lock: whose text is in it may have nothing to do with it. */
static char *who_forces(const struct supervisor *s)
{
	static const char verb[] = "kvmctl stop --force";
	_cleanup_free_ char *holder = who_stops(s);

	return starts_with(holder, verb) ? take_ptr(holder) : xstrdup(verb);
}

/* QEMU says on stderr who asked: "terminating on signal 15 from pid 12 (kill)". */
static char *who_signalled(const char *words)
{
	const char *from = words ? strstr(words, "terminating on signal ") : NULL;

	from = from ? strstr(from, " from ") : NULL;
	return from ? xstrndup(from + strlen(" from "), strcspn(from + strlen(" from "), "\n")) : NULL;
}

static char *who_did(const struct supervisor *s, enum exit_reason reason, const char *rung, const char *words)
{
	switch ((int)reason) {
	case EXIT_GUEST:
	case EXIT_GUEST_REBOOT:
	case EXIT_PANICKED:
		return xstrdup("guest");
	case EXIT_WATCHDOG:
		return xstrdup("watchdog");
	case EXIT_OOM:
		return xstrdup("the kernel's OOM killer");
	case EXIT_ACPI:
	case EXIT_QUIT:
	case EXIT_SIGTERM:
	case EXIT_SIGKILL:
		return *rung ? who_stops(s) : who_signalled(words);
	case EXIT_FORCED:
		return who_forces(s);
	default:
		return NULL;
	}
}

static void make_record(struct supervisor *s, const struct doings *doings)
{
	struct evidence evidence = {
		.wait_status = s->wait_status,
		.move = doings->move,
		.rung = doings->rung,
		.shutdown = s->guest.shutdown,
		.events = s->events.whole,
		.watchdog = guest_bitten(&s->guest, clock_boottime_ms()),
		.oom = oom_killed(s),
	};
	struct exit_record *record = &s->record;
	int status = s->wait_status;

	record->reason = cause_decide(&evidence);
	record->pid = s->options->qemu;
	record->start = s->options->qemu_start;
	record->status = status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	record->signal = status >= 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	record->ended_ms = clock_realtime_ms();
	record->words = logs_words(&s->logs, s->options->log_offset);
	record->by = who_did(s, record->reason, doings->rung, record->words);
	record->detail = cause_detail(record->reason, &evidence);
	if (*doings->move_id)
		record->move = xstrdup(doings->move_id);
	record->restarts = s->options->restarts;
}

/* QEMU writes SHUTDOWN just before it ends: what is still in the socket is read first. Bounded: a dead
 * QEMU writes no more, but a child of it could hold the socket. */
static void drain_events(struct supervisor *s)
{
	for (int i = 0; i < 16 && s->events.fd >= 0; i++) {
		struct pollfd pfd = { s->events.fd, POLLIN, 0 };

		if (poll(&pfd, 1, 0) <= 0)
			break;
		watch_readable(s);
	}
	event_link_close(&s->events);
}

static void tell_start(struct supervisor *s)
{
	_cleanup_free_ char *text = xprintf("ended %d", s->wait_status);

	(void)!send(s->start_fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
	s->stage = STAGE_ENDED_EARLY;
}

void ending_reap(struct supervisor *s)
{
	struct doings doings;

	if (s->options->attached)
		s->wait_status = foreign_status(s->options->qemu, s->options->qemu_start, s->pidfd);
	else if (waitpid(s->options->qemu, &s->wait_status, WNOHANG) != s->options->qemu)
		s->wait_status = -1; /* cannot be: the pidfd said that it ended */
	close_fd(&s->pidfd);
	s->pidfd = -1;
	if (s->stage == STAGE_ENDED_EARLY) { /* start had failed; we killed it, or start did */
		if (s->start_fd < 0)
			s->stage = STAGE_DONE;
		return;
	}
	if (s->stage == STAGE_STARTING) {
		tell_start(s);
		return;
	}
	drain_events(s);
	logs_look(&s->logs);
	read_doings(s, &doings);
	make_record(s, &doings);
	afterwards_decide(s, &doings);
}
