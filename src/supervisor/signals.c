/* Signals, read as data. In the background SIGTERM sends the supervisor away and leaves the guest alone;
 * in the foreground it means the guest. */
#include "supervisor/supervisor.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "host/notify.h"
#include "supervisor/report.h"

int signals_open(int *ret_fd)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	/* An ignored SIGCHLD (the caller's habit) would reap QEMU before us. */
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return -1;
	*ret_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret_fd < 0 ? -1 : 0;
}

void signals_reset(void)
{
	sigset_t none;

	sigemptyset(&none);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void clear_supervisor(struct status *status, void *arg)
{
	(void)arg;
	if (status->supervisor == getpid())
		status->supervisor = 0;
}

/* The guest runs on; the status line says that nobody watches. */
static void leave(struct supervisor *s)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int pid_dir = supervisor_open_part(s, "pid"), lock_dir = supervisor_open_part(s, "lock");

	(void)status_update(pid_dir, lock_dir, s->options->name, clear_supervisor, NULL, &err);
	report(s->options, LOG_NOTICE,
	       "the supervisor was told to go; the guest runs on, `kvmctl cleanup` brings a new one");
	s->afterwards = AFTERWARDS_NOTHING;
	s->exit_status = 0;
	s->stage = STAGE_DONE;
}

/* The first asks the guest to shut down, each further one kills it. */
static void stop_guest(struct supervisor *s)
{
	static const char *const force[] = { "--force", NULL };
	pid_t pid;

	s->terms++;
	(void)notify_send("STOPPING=1\nSTATUS=The guest is shut down");
	pid = kvmctl_spawn(s, "stop", s->terms > 1 ? force : NULL);
	if (pid > 0)
		s->stopper = pid;
}

static void on_term(struct supervisor *s)
{
	switch (s->stage) {
	case STAGE_BACKOFF:
		afterwards_cancel_backoff(s);
		break;
	case STAGE_RUNNING:
		if (s->options->foreground)
			stop_guest(s);
		else
			leave(s);
		break;
	case STAGE_STARTING:
		if (s->starter > 0)
			kill(s->starter, SIGTERM); /* our child and not reaped: the number is its own */
		break;
	case STAGE_ENDED_EARLY:
	case STAGE_DONE:
		break;
	}
}

/* QEMU itself is reaped by its pidfd. */
static void on_child(struct supervisor *s)
{
	int status;

	if (s->starter > 0 && waitpid(s->starter, &status, WNOHANG) == s->starter) {
		s->starter = 0;
		s->starter_status = status;
	}
	if (s->stopper > 0 && waitpid(s->stopper, &status, WNOHANG) == s->stopper) {
		s->stopper = 0;
		if (status != 0)
			report(s->options, LOG_WARNING, "stop did not end it; another SIGTERM kills it");
	}
}

void signals_readable(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (s->stage != STAGE_DONE && read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			on_child(s);
		else if (info.ssi_signo != SIGHUP)
			on_term(s);
	}
}
