/* The conversation with `kvmctl start`: until it says "commit", a start that dies takes its QEMU along.
 *
 * start -> supervisor: "commit" (all is done), "undo" (it failed, and tears down itself when we have let go), end-of-file (it died, or waits no longer).
 * supervisor -> start: "ok", "ended STATUS" (QEMU ended; waitpid's status in decimal). */
#include "supervisor/supervisor.h"

#include <signal.h>
#include <sys/socket.h>

#include "base/text.h"
#include "host/notify.h"
#include "host/process.h"
#include "supervisor/report.h"

#define WORD_SIZE 32

static void close_start(struct supervisor *s)
{
	close_fd(&s->start_fd);
	s->start_fd = -1;
}

/* Kills QEMU; ending_reap goes on when it has ended. */
static void kill_qemu(struct supervisor *s)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (s->pidfd >= 0 && process_signal(s->pidfd, SIGKILL, &err) < 0)
		report(s->options, LOG_ERR, "%s", err.message);
}

static void set_supervisor(struct status *status, void *arg)
{
	const struct supervisor *s = arg;
	struct process_stat self;

	if (status->qemu.pid != s->options->qemu || status->qemu.start != s->options->qemu_start)
		return;
	pid_t pid = getpid();
	if (process_read_stat(pid, &self) < 0)
		return;
	status->supervisor = pid;
	status->supervisor_start = self.start;
}

static void record_supervisor(struct supervisor *s)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int pid_dir = supervisor_open_part(s, "pid"), lock_dir = supervisor_open_part(s, "lock");

	if (status_update(pid_dir, lock_dir, s->options->name, set_supervisor, s, &err) < 0)
		report(s->options, LOG_WARNING, "the status line does not know its supervisor: %s", err.message);
}

static void tell_service_manager(const struct supervisor *s)
{
	_cleanup_free_ char *state = NULL;

	if (!s->options->foreground)
		return;
	state = xprintf("READY=1\nMAINPID=%d\nSTATUS=Running, QEMU is process %d", (int)getpid(),
			(int)s->options->qemu);
	(void)notify_send(state);
}

void commit_done(struct supervisor *s)
{
	s->stage = STAGE_RUNNING;
	record_supervisor(s);
	event_link_begin(&s->events);
	logs_look(&s->logs);
	tell_service_manager(s);
}

/* "start" died, or gives its word that it undoes all itself. */
static void abandoned(struct supervisor *s, bool undone_by_start)
{
	close_start(s);
	s->afterwards = undone_by_start ? AFTERWARDS_NOTHING : AFTERWARDS_TEARDOWN;
	s->exit_status = 1;
	if (!undone_by_start && s->pidfd >= 0) {
		report(s->options, LOG_WARNING, "start ended before it was done: its work is undone");
		kill_qemu(s);
	}
	/* A QEMU that lives is reaped first. */
	s->stage = s->pidfd >= 0 ? STAGE_ENDED_EARLY : STAGE_DONE;
}

/* start tears down, if it still waits for us: held up too long we are the last one. */
static void undo(struct supervisor *s)
{
	char byte;
	bool waits = recv(s->start_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;

	abandoned(s, waits);
}

/* As recv; word is "" where nothing was said. */
static ssize_t hear(const struct supervisor *s, char word[WORD_SIZE])
{
	ssize_t n = recv(s->start_fd, word, WORD_SIZE - 1, MSG_DONTWAIT);

	word[n > 0 ? n : 0] = '\0';
	return n;
}

void commit_readable(struct supervisor *s)
{
	char word[WORD_SIZE], next[WORD_SIZE];
	ssize_t n = hear(s, word);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		abandoned(s, false);
	} else if (streq(word, "undo")) {
		undo(s);
	} else if (streq(word, "commit") && s->stage == STAGE_STARTING) {
		/* We were held up, and start has given up since: what it took back was never done. */
		if (hear(s, next) > 0 && streq(next, "undo")) {
			undo(s);
			return;
		}
		commit_done(s);
		(void)!send(s->start_fd, "ok", 2, MSG_DONTWAIT | MSG_NOSIGNAL);
		close_start(s);
	}
	/* "commit" after QEMU has ended: "ended" is on its way to start, which will see it instead of "ok". */
}
