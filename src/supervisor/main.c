/* kvmctl-supervisor: what `kvmctl start` leaves behind, one per instance, asleep. See supervisor.h for
 * its chapters.
 *
 * It keeps QEMU as its child so that the exit status is never lost, holds the event monitor, keeps the
 * status line true, bounds the logs, and when QEMU ends writes the exit record, applies on_crash and sees
 * to the teardown. It is small on purpose: all else is done by calling kvmctl. */
#include "supervisor/supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <sched.h>
#include <sys/pidfd.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/rest.h"
#include "base/text.h"
#include "host/process.h"
#include "supervisor/report.h"

int supervisor_open_part(const struct supervisor *s, const char *part)
{
	_cleanup_free_ char *path = xprintf("%s/%s", s->options->run_dir, part);

	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Ours alone from here on: not inherited by what we call, never waited for. */
static int adopt_fd(int fd)
{
	int flags;

	if (fd < 0)
		return 0;
	flags = fcntl(fd, F_GETFL);
	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -1 : 0;
}

/* Nothing of the caller's stays: no descriptors, no directory, no odd umask. In the foreground the two
 * outputs are the service's. */
static int shed_context(const struct options *options)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return -1;
	if (!options->foreground && (dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0))
		return -1;
	const int keep[] = { options->event_fd, options->start_fd };
	if (file_close_others(3, keep, ELEMENTS(keep), false) < 0)
		return -1;
	umask(0027);
	return chdir("/");
}

/* Our books can wait for a moment; a guest that is being moved, and stands still, cannot: waking up does not take the CPU from QEMU (sched(7)).
 * What we start is not like that. Where it is forbidden it stays as it is. */
static void give_way(void)
{
	const struct sched_param param = { 0 };

	(void)sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &param);
}

/* -1 and errno ESRCH: QEMU is gone already and was not our child. */
static int open_qemu(const struct options *options)
{
	_cleanup_close_ int pidfd = pidfd_open(options->qemu, 0);
	struct process_stat stat;

	/* A child that is not reaped cannot be somebody else. */
	if (pidfd < 0 || !options->attached)
		return take_fd(&pidfd);
	if (process_read_stat(options->qemu, &stat) < 0 || stat.start != options->qemu_start) {
		errno = ESRCH;
		return -1;
	}
	return take_fd(&pidfd);
}

static int supervisor_open(struct supervisor *s, const struct options *options, struct error *err)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;

	*s = (struct supervisor){ .options = options,
				  .wait_status = -1,
				  .starter_status = -1,
				  .start_fd = options->start_fd,
				  .signal_fd = -1,
				  .backoff_timer = -1,
				  .errand = { .listening = -1, .client = -1 },
				  .pidfd = -1,
				  .starter = options->starter };
	if (adopt_fd(options->start_fd) < 0 || adopt_fd(options->event_fd) < 0)
		return error_errno(err, ERROR_HOST, errno, "--start-fd %d or --event-fd %d", options->start_fd,
				   options->event_fd);
	if (signals_open(&s->signal_fd) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot read signals");
	s->pidfd = open_qemu(options);
	if (s->pidfd < 0 && errno != ESRCH)
		return error_errno(err, ERROR_HOST, errno, "cannot watch QEMU, process %d", (int)options->qemu);
	s->events = event_link_make(options->event_fd);
	s->oom_before = ending_oom_count(options);
	if (logs_open(&s->logs, options->run_dir, options->name, options->log_max, &ignored) < 0)
		report(options, LOG_WARNING, "%s", ignored.message);
	return 0;
}

static int finish(struct supervisor *s)
{
	int status = afterwards_run(s); /* in the background it mostly does not return: the process is kvmctl by then */

	exit_record_free(&s->record);
	event_link_close(&s->events);
	errand_close(s);
	logs_close(&s->logs);
	return status;
}

int main(int argc, char **argv)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct options options;
	struct supervisor s;

	rest_prepare();
	if (options_parse(argc, argv, &options, &err) < 0) {
		dprintf(STDERR_FILENO, "kvmctl-supervisor: %s\n", err.message);
		return err.kind;
	}
	/* What fails here fails the start: our end of its socket closes, it undoes. */
	if (shed_context(&options) < 0 || supervisor_open(&s, &options, &err) < 0) {
		report(&options, LOG_ERR, "the supervisor cannot work: %s",
		       err.message ? err.message : strerror(errno));
		return 1;
	}
	give_way();
	if (s.start_fd < 0)
		commit_done(&s);
	if (s.pidfd < 0)
		ending_reap(&s);
	loop_run(&s);
	return finish(&s);
}
