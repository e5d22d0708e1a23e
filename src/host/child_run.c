/* Children that are run to their end: NIC scripts, ovs-vsctl, qemu-img, busctl.
 *
 * Two things are awaited at once, the output's end and the child's: a child may end while something that
 * it left behind keeps the pipe open, and it may close its outputs long before it ends. The child's end
 * decides. */
#include "host/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "base/strv.h"
#include "base/text.h"
#include "host/child_setup.h"
#include "host/process.h"

#define OUTPUT_MAX (64 * 1024)
/* SIGKILL takes effect at once, unless the kernel itself hangs. */
#define KILL_MS 1000
#define HINT_MAX 400

struct run {
	pid_t pid;
	int pidfd;
	int output_fd; /* -1 after its end */
	char *output;  /* OUTPUT_MAX bytes */
	size_t length;
};

static void run_clear(struct run *run)
{
	close_fd(&run->pidfd);
	close_fd(&run->output_fd);
	free(run->output);
}

/* One read; what no longer fits is dropped. False when there is nothing (for now, or ever). */
static bool read_output(struct run *run)
{
	char dropped[4096];
	size_t room = OUTPUT_MAX - run->length;
	ssize_t n = read(run->output_fd, room ? run->output + run->length : dropped, room ? room : sizeof(dropped));

	if (n > 0) {
		run->length += room ? (size_t)n : 0;
		return true;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close(run->output_fd);
		run->output_fd = -1;
	}
	return false;
}

/* What is in the pipe when the child has ended is its last words. Bounded: something it left behind may
 * go on writing. */
static void drain(struct run *run)
{
	for (int i = 0; i < 64 && run->output_fd >= 0 && read_output(run); i++)
		;
}

/* 1 the child has ended, 0 the deadline has passed, -1 with errno. */
static int pump(struct run *run, struct deadline deadline)
{
	for (;;) {
		struct pollfd fds[2] = { { .fd = run->pidfd, .events = POLLIN },
					 { .fd = run->output_fd, .events = POLLIN } };
		int n = deadline_poll(fds, 2, deadline);

		if (n <= 0)
			return n;
		if (fds[0].revents) {
			drain(run);
			return 1;
		}
		if (fds[1].revents)
			read_output(run);
		/* A child that never stops talking makes poll always ready. */
		if (deadline_passed(deadline))
			return 0;
	}
}

/* As text_printable, but line by line: newlines and tabs are no danger to a terminal, and programs are
 * read by lines. */
static char *printable_lines(const char *text, size_t length)
{
	char *result = NULL;
	size_t size = 0, start = 0;
	FILE *out = open_memstream(&result, &size);

	if (!out)
		abort();
	for (size_t i = 0; i <= length; i++) {
		if (i < length && text[i] != '\n' && text[i] != '\t')
			continue;
		if (i > start) {
			_cleanup_free_ char *piece = text_printable(text + start, i - start, OUTPUT_MAX);

			fputs(piece, out);
		}
		if (i < length)
			fputc(text[i], out);
		start = i + 1;
	}
	if (fclose(out) != 0)
		abort();
	return result;
}

/* The deadline has passed: the whole group goes, its leader is reaped, the error is made. */
static int kill_late(struct run *run, const char *path, struct error *err)
{
	_cleanup_free_ char *said = NULL;
	struct error ignored = ERROR_INIT;
	bool gone;

	/* Before the reaping: the group's number is ours as long as its leader is a zombie. */
	process_signal_group(run->pid, SIGKILL);
	gone = process_wait(run->pidfd, deadline_in(KILL_MS), &ignored) == 1;
	error_clear(&ignored);
	drain(run);
	waitpid(run->pid, NULL, WNOHANG);
	said = text_printable(run->output, run->length, HINT_MAX);
	error_set(err, ERROR_TIMEOUT,
		  gone ? "\"%s\" did not end in time and was killed"
		       : "\"%s\" did not end in time and cannot be killed",
		  path);
	return run->length ? error_hint(err, "it said: %s", said) : -1;
}

/* The child with our pipe as both outputs, started; and a pidfd to see its end. */
static int start(const struct child *child, struct run *run, struct error *err)
{
	_cleanup_free_ struct child_fd *fds = xcalloc(child->n_fds + 2, sizeof(*fds));
	struct child described = *child;
	int pipe_fds[2], result;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make a pipe");
	run->output_fd = pipe_fds[0];
	for (size_t i = 0; i < child->n_fds; i++)
		fds[i] = child->fds[i];
	fds[child->n_fds] = (struct child_fd){ .source = pipe_fds[1], .target = 1 };
	fds[child->n_fds + 1] = (struct child_fd){ .source = pipe_fds[1], .target = 2 };
	described.fds = fds;
	described.n_fds = child->n_fds + 2;
	result = fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
	if (result < 0)
		error_errno(err, ERROR_HOST, errno, "cannot set up a pipe");
	else
		result = child_spawn_group(&described, &run->pid, err);
	close(pipe_fds[1]);
	if (result < 0)
		return -1;
	run->pidfd = pidfd_open(run->pid, 0);
	if (run->pidfd >= 0)
		return 0;
	/* Out of descriptors: what was started is taken back. */
	error_errno(err, ERROR_HOST, errno, "cannot watch \"%s\"", child->path);
	process_signal_group(run->pid, SIGKILL);
	waitpid(run->pid, NULL, 0);
	return -1;
}

static int run_to_end(const struct child *child, struct deadline deadline, int *ret_status, char **ret_output,
		      struct error *err)
{
	_cleanup_(run_clear) struct run run = { .pidfd = -1, .output_fd = -1, .output = xcalloc(1, OUTPUT_MAX) };
	int status, ended;

	if (start(child, &run, err) < 0)
		return -1;
	ended = pump(&run, deadline);
	if (ended <= 0) {
		int saved = errno;

		kill_late(&run, child->path, err);
		return ended < 0 ? error_errno(err, ERROR_HOST, saved, "cannot wait for \"%s\"", child->path) : -1;
	}
	if (waitpid(run.pid, &status, 0) != run.pid)
		return error_errno(err, ERROR_HOST, errno, "cannot learn how \"%s\" ended", child->path);
	*ret_status = status;
	*ret_output = printable_lines(run.output, run.length);
	return 0;
}

int child_run(const struct child *child, struct deadline deadline, int *ret_status, char **ret_output,
	      struct error *err)
{
	struct sigaction before, action = { .sa_handler = SIG_DFL };
	int result;

	/* With SIGCHLD ignored the kernel reaps by itself, and how the child ended would be lost. */
	sigaction(SIGCHLD, &action, &before);
	result = run_to_end(child, deadline, ret_status, ret_output, err);
	sigaction(SIGCHLD, &before, NULL);
	return result;
}

char *child_status_text(int status)
{
	const char *name;

	if (WIFEXITED(status))
		return xprintf("exit status %d", WEXITSTATUS(status));
	if (!WIFSIGNALED(status))
		return xprintf("status %#x", (unsigned)status);
	name = sigabbrev_np(WTERMSIG(status));
	return xprintf("killed by signal %d (%s)", WTERMSIG(status), name ? name : "unknown");
}

int child_run_ok(const struct child *child, struct deadline deadline, struct error *err)
{
	_cleanup_free_ char *output = NULL;
	int status;

	if (child_run(child, deadline, &status, &output, err) < 0)
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	_cleanup_free_ char *how = child_status_text(status), *said = text_trim(output);
	return error_set(err, ERROR_HOST, "%s%s%s", how, is_empty(said) ? "" : ": ", said);
}

int child_find(const char *program, const char *places, char **ret, struct error *err)
{
	_cleanup_strv_ char **list = strv_split(places, ':');

	for (char **dir = list; dir && *dir; dir++) {
		_cleanup_free_ char *path = xprintf("%s/%s", *dir, program);

		if ((*dir)[0] == '/' && access(path, X_OK) == 0) {
			*ret = take_ptr(path);
			return 0;
		}
	}
	return error_set(err, ERROR_HOST, "there is no \"%s\" in %s", program, places);
}
