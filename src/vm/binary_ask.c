/* Asking a binary what it can do: it is started without a machine and questioned over a socket pair that
 * is its only monitor.
 *
 * What is called "kvm_path" may be anything: a program that ends at once, one that says nothing, one that
 * never stops talking. Its error output goes into a pipe that nobody reads until the end (so it is
 * bounded by the kernel), and whatever happens it is killed. */
#include "binary_parts.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/text.h"
#include "host/child.h"
#include "host/process.h"
#include "qemu/qmp.h"

#define MONITOR_FD 3
/* A QEMU without a machine is up in 50 ms, and dead at once after SIGKILL. */
#define KILL_MS 2000
/* One that has closed its monitor is about to end. */
#define END_MS 500
#define LAST_WORDS_MAX 600

struct asked {
	pid_t pid;
	int pidfd;
	int stderr_fd; /* non-blocking read end */
	struct qmp *qmp;
};

static bool ended(struct asked *asked, int64_t ms)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;

	return asked->pidfd < 0 || process_wait(asked->pidfd, deadline_in(ms), &ignored) == 1;
}

static void asked_clear(struct asked *asked)
{
	qmp_free(asked->qmp);
	if (asked->pid > 0) {
		/* Before the reaping: the group's number (it is a session of its own) is ours as long as
		 * its leader is not reaped. */
		process_signal_group(asked->pid, SIGKILL);
		ended(asked, KILL_MS);
		waitpid(asked->pid, NULL, WNOHANG);
	}
	close_fd(&asked->pidfd);
	close_fd(&asked->stderr_fd);
}

static int spawn(const char *path, int monitor, int error_output, pid_t *ret_pid, struct error *err)
{
	const char *const argv[] = { path,
				     "-machine",
				     "none",
				     "-nodefaults",
				     "-no-user-config",
				     "-display",
				     "none",
				     "-S",
				     "-chardev",
				     "socket,id=kvmctl,fd=3",
				     "-mon",
				     "chardev=kvmctl,mode=control",
				     NULL };
	const struct child_fd fds[] = { { monitor, MONITOR_FD }, { error_output, 2 } };
	struct child child = CHILD_INIT;

	child.path = path;
	child.argv = (char *const *)argv;
	child.fds = fds;
	child.n_fds = ELEMENTS(fds);
	child.new_session = true;
	return child_spawn(&child, ret_pid, NULL, err);
}

static int start(const char *path, struct asked *asked, struct error *err)
{
	_cleanup_free_ char *name = xprintf("monitor of \"%s\"", path);
	_cleanup_close_ int error_output = -1;
	_cleanup_close_ int theirs = -1;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make a socket pair");
	asked->qmp = qmp_new(pair[0], name);
	theirs = pair[1];
	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make a pipe");
	asked->stderr_fd = pair[0];
	error_output = pair[1];

	if (spawn(path, theirs, error_output, &asked->pid, err) < 0) {
		asked->pid = 0;
		return -1;
	}
	asked->pidfd = pidfd_open(asked->pid, 0);
	return asked->pidfd < 0 ? error_errno(err, ERROR_HOST, errno, "cannot watch \"%s\"", path) : 0;
}

/* What it said on its error output, in one line. */
static char *last_words(const struct asked *asked)
{
	char buffer[8192];
	ssize_t n = read(asked->stderr_fd, buffer, sizeof(buffer));

	while (n > 0 && (buffer[n - 1] == '\n' || buffer[n - 1] == '\r'))
		n--;
	return n > 0 ? text_one_line(buffer, (size_t)n, LAST_WORDS_MAX) : NULL;
}

/* The monitor broke: did the program end? Then how it ended and what it said is the error. */
static int explain(const char *path, struct asked *asked, struct error *err)
{
	int status;

	if (err->errnum != ECONNRESET || !ended(asked, END_MS) || waitpid(asked->pid, &status, 0) != asked->pid)
		return -1;
	asked->pid = 0;

	_cleanup_free_ char *how = child_status_text(status);
	_cleanup_free_ char *words = last_words(asked);
	error_set(err, ERROR_QEMU, "\"%s\" ended before it answered (%s)%s%s", path, how, words ? ": " : "",
		  words ? words : "");
	return error_hint(err, "is it a QEMU system emulator (\"kvm_path\")?");
}

static int ask(struct asked *asked, const struct probe_query *query, struct deadline deadline, struct json *answers,
	       struct error *err)
{
	struct json *arguments = NULL;
	struct json *value = NULL;
	struct json *reply = json_new_object();

	json_put(answers, query->key, reply);
	if (query->arguments && json_parse(query->arguments, strlen(query->arguments), JSON_SPEC_MAX_BYTES,
					   JSON_SPEC_MAX_DEPTH, query->key, &arguments, err) < 0)
		return -1;
	if (qmp_execute(asked->qmp, query->execute, arguments, deadline, &value, err) == 0)
		json_put(reply, "return", value);
	else if (qmp_state(asked->qmp) == QMP_DEAD)
		return -1;
	/* An error reply leaves the answer empty: whether it is needed is known by probe_from_answers. */
	return 0;
}

static int ask_all(const char *path, struct deadline deadline, struct json *answers, struct error *err)
{
	_cleanup_(asked_clear) struct asked asked = { .pidfd = -1, .stderr_fd = -1 };

	if (start(path, &asked, err) < 0)
		return -1;
	if (qmp_handshake(asked.qmp, deadline, err) < 0)
		return explain(path, &asked, err);
	for (size_t i = 0; i < probe_n_queries; i++)
		if (ask(&asked, &probe_queries[i], deadline, answers, err) < 0)
			return explain(path, &asked, err);
	return 0;
}

/* Which of the options without a group it has, only its help says. */
static int ask_help(const char *path, struct deadline deadline, struct json *answers, struct error *err)
{
	const char *const argv[] = { path, "--help", NULL };
	struct child child = CHILD_INIT;
	_cleanup_free_ char *help = NULL;
	int status;

	child.path = path;
	child.argv = (char *const *)argv;
	if (child_run(&child, deadline, &status, &help, err) < 0)
		return -1;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		_cleanup_free_ char *how = child_status_text(status);

		return error_set(err, ERROR_QEMU, "\"%s --help\" failed (%s)", path, how);
	}
	json_put_string(answers, "help", help);
	return 0;
}

int binary_ask(const char *path, struct deadline deadline, struct probe **ret, struct error *err)
{
	_cleanup_json_ struct json *answers = json_new_object();

	if (ask_all(path, deadline, answers, err) < 0 || ask_help(path, deadline, answers, err) < 0)
		return -1;
	if (probe_from_answers(answers, ret, err) < 0)
		return error_prefix(err, "\"%s\"", path);
	return 0;
}
