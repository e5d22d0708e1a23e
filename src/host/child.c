/* The one place that spawns.
 *
 * The set-up itself is host/child_setup.c; here are the fork, the pipe through which a failed set-up or
 * exec comes back as an error of the parent's call, and the exec. The pipe is CLOEXEC: end-of-file
 * without a report means that the exec has happened. */
#include "host/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/text.h"
#include "host/child_setup.h"
#include "host/process.h"

/* Without a gate the exec follows at once; longer than this only when the program lies on dead storage. */
#define EXEC_MS 10000
/* What a shell says of a command that it could not run; nobody sees it but in a race. */
#define EXIT_NOT_STARTED 126

/* The message of the parent's error is made of it; the parent adds the path. */
static void send_report(int fd, const struct error *error)
{
	struct error_report report = error_to_report(error);

	if (file_write_all(fd, &report, sizeof(report)) < 0)
		_exit(EXIT_NOT_STARTED); /* the parent is gone */
}

/* Returns only when it fails. */
static int set_up_and_exec(struct child_setup *setup, struct error *err)
{
	static char *const no_env[] = { NULL };
	const struct child *child = setup->child;

	if (child_set_up(setup, err) < 0)
		return -1;
	execve(child->path, child->argv, child->env ? child->env : no_env);
	/* execve says ENOENT of a script whose interpreter is not there, too. */
	if (errno == ENOENT && access(child->path, F_OK) == 0)
		return error_errno(err, ERROR_HOST, errno, "cannot run it: its interpreter is missing");
	return error_errno(err, ERROR_HOST, errno, "cannot run it");
}

int child_fork(pid_t *ret_pid, struct error *err)
{
	pid_t pid = fork();

	if (pid < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make a process");
	*ret_pid = pid;
	return 0;
}

/* Who waits for the end of our output, or hangs up, must not meet the one that stays. */
int child_fork_detached(pid_t *ret_pid, struct error *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"/dev/null\"");
	if (child_fork(ret_pid, err) < 0) {
		close(null);
		return -1;
	}
	if (*ret_pid == 0) {
		setsid();
		for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
			dup2(null, fd);
	}
	close(null);
	return 0;
}

/* In the child; all signals are blocked, so that none reaches a handler of the caller's here. */
static _Noreturn void run_child(struct child_setup *setup)
{
	struct error failure = ERROR_INIT;

	set_up_and_exec(setup, &failure);
	send_report(setup->report_fd, &failure);
	_exit(EXIT_NOT_STARTED);
}

/* fork; *ret_exec_fd is our end of the report pipe. */
static int spawn(struct child_setup *setup, pid_t *ret_pid, int *ret_exec_fd, struct error *err)
{
	int pipe_fds[2];
	sigset_t all, before;
	pid_t pid = -1;
	int failed;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make a pipe");
	setup->report_fd = pipe_fds[1];
	/* A handler of the caller that ran in the child would act for the caller. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	failed = child_fork(&pid, err);
	if (!failed && pid == 0)
		run_child(setup);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(pipe_fds[1]);
	if (failed) {
		close(pipe_fds[0]);
		return -1;
	}
	*ret_pid = pid;
	*ret_exec_fd = pipe_fds[0];
	return 0;
}

int child_exec_result(int exec_fd, const char *path, struct deadline deadline, struct error *err)
{
	_cleanup_close_ int fd = exec_fd;
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct error_report report;
	ssize_t n;
	int ready = deadline_poll(&poll_fd, 1, deadline);

	if (ready < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot wait for the start of \"%s\"", path);
	if (ready == 0)
		return error_set(err, ERROR_TIMEOUT, "\"%s\" was not started in time", path);
	do
		n = read(fd, &report, sizeof(report));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	error_from_report(&report, n < 0 ? 0 : (size_t)n, err);
	return error_prefix(err, "cannot start \"%s\"", path);
}

/* A child of ours that has not been waited for: its number cannot be somebody else's. */
static void kill_and_reap(pid_t pid)
{
	struct error ignored = ERROR_INIT;
	struct process_id id;
	int fd = -1;

	if (process_identify(pid, &id, &ignored) == 0 && process_open(&id, &fd, &ignored) == 0 && fd >= 0) {
		process_signal(fd, SIGKILL, &ignored);
		process_wait(fd, deadline_in(1000), &ignored);
		close(fd);
	}
	error_clear(&ignored);
	/* Not blocking: one that hangs in the kernel is left to init. */
	waitpid(pid, NULL, WNOHANG);
}

/* Without a gate: the exec has happened when this returns 0; else nothing of the child is left. */
static int spawn_and_wait(struct child_setup *setup, pid_t *ret_pid, struct error *err)
{
	pid_t pid;
	int exec_fd;

	if (spawn(setup, &pid, &exec_fd, err) < 0)
		return -1;
	if (child_exec_result(exec_fd, setup->child->path, deadline_in(EXEC_MS), err) < 0) {
		kill_and_reap(pid);
		return -1;
	}
	*ret_pid = pid;
	return 0;
}

int child_spawn(const struct child *child, pid_t *ret_pid, int *ret_exec_fd, struct error *err)
{
	struct child_setup setup = { .child = child, .report_fd = -1 };

	if (child->gate_fd >= 0)
		return spawn(&setup, ret_pid, ret_exec_fd, err);
	if (spawn_and_wait(&setup, ret_pid, err) < 0)
		return -1;
	if (ret_exec_fd)
		*ret_exec_fd = -1;
	return 0;
}

int child_spawn_group(const struct child *child, pid_t *ret_pid, struct error *err)
{
	struct child_setup setup = { .child = child, .own_group = true, .report_fd = -1 };

	return spawn_and_wait(&setup, ret_pid, err);
}

int child_become(const struct child *child, struct error *err)
{
	struct child_setup setup = { .child = child, .keep_open = true, .report_fd = -1 };

	set_up_and_exec(&setup, err);
	return error_prefix(err, "cannot become \"%s\"", child->path);
}
