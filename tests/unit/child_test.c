/* Children: what reaches them, what does not, how failures come back. The child is a shell, or this program itself with an argument. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/text.h"
#include "host/child.h"

#define SH(script) ((char *[]){ (char *)"sh", (char *)"-c", (char *)(script), NULL })

static struct child shell(char *const *argv)
{
	static char *const env[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	struct child child = CHILD_INIT;

	child.path = "/bin/sh";
	child.argv = argv;
	child.env = env;
	return child;
}

/* Runs the script; its output, which the caller frees. */
static char *run(struct child *child)
{
	struct error err = ERROR_INIT;
	char *output = NULL;
	int status = -1;

	if (child_run(child, deadline_in(20000), &status, &output, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(status, 0);
	return output;
}

static void output_and_status(void **state)
{
	struct error err = ERROR_INIT;
	struct child child = shell(SH("echo out; echo err >&2; printf 'a\\tb\\001\\n'; read x || echo eof; exit 3"));
	_cleanup_free_ char *output = NULL, *text = NULL;
	int status;

	(void)state;
	assert_int_equal(child_run(&child, deadline_in(20000), &status, &output, &err), 0);
	assert_string_equal(output, "out\nerr\na\tb\\x01\neof\n");
	text = child_status_text(status);
	assert_string_equal(text, "exit status 3");
}

static void status_texts(void **state)
{
	struct error err = ERROR_INIT;
	struct child child = shell(SH("kill -9 $$"));
	_cleanup_free_ char *output = NULL, *text = NULL;
	int status;

	(void)state;
	assert_int_equal(child_run(&child, deadline_in(20000), &status, &output, &err), 0);
	text = child_status_text(status);
	assert_string_equal(text, "killed by signal 9 (KILL)");
	assert_string_equal(output, "");
}

static void exec_failure_is_the_calls_error(void **state)
{
	struct error err = ERROR_INIT;
	struct child child = shell(SH("true"));
	pid_t pid = -7;
	int fd;

	(void)state;
	child.path = "/nonexistent/program";
	assert_int_equal(child_spawn(&child, &pid, &fd, &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_int_equal(err.errnum, ENOENT);
	assert_non_null(strstr(err.message, "\"/nonexistent/program\""));
	assert_int_equal(pid, -7);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* reaped */
	child.path = "/etc/passwd";
	assert_int_equal(child_spawn(&child, &pid, &fd, &err), -1);
	assert_int_equal(err.errnum, EACCES);
	error_clear(&err);
}

static void set_up_failure_names_the_step(void **state)
{
	struct error err = ERROR_INIT;
	struct child child = shell(SH("true"));
	struct child_fd bad = { 999, 5 };
	struct child_fd twice[] = { { 1, 5 }, { 2, 5 } };
	cpu_set_t none;
	pid_t pid;
	int fd;

	(void)state;
	child.fds = &bad;
	child.n_fds = 1;
	assert_int_equal(child_spawn(&child, &pid, &fd, &err), -1);
	assert_non_null(strstr(err.message, "descriptor 999"));
	assert_int_equal(err.errnum, EBADF);
	child.fds = twice;
	child.n_fds = 2;
	assert_int_equal(child_spawn(&child, &pid, &fd, &err), -1);
	assert_non_null(strstr(err.message, "twice"));
	child.n_fds = 0;
	CPU_ZERO(&none);
	child.affinity = &none;
	assert_int_equal(child_spawn(&child, &pid, &fd, &err), -1);
	assert_non_null(strstr(err.message, "affinity"));
	error_clear(&err);
}

/* An unlinked file that holds the text, opened as number `fd`. */
static void text_at(int fd, const char *text)
{
	char name[] = "/tmp/kvmctl-child-XXXXXX";
	int made = mkstemp(name);

	assert_return_code(made, errno);
	unlink(name);
	assert_int_equal(write(made, text, strlen(text)), (ssize_t)strlen(text));
	if (made != fd) {
		assert_int_equal(dup2(made, fd), fd);
		close(made);
	}
}

/* Numbers that swap, rotate, stay where they are, and one source under two numbers. */
static void descriptors_overlap(void **state)
{
	struct child_fd fds[] = { { 11, 10 }, { 10, 11 }, { 12, 12 }, { 13, 14 },
				  { 14, 15 }, { 15, 13 }, { 12, 3 },  { -1, 4 } };
	struct child child =
		shell(SH("for n in 10 11 12 13 14 15; do cat /proc/self/fd/$n; done; readlink /proc/self/fd/4;"
			 " cmp /proc/self/fd/3 /proc/self/fd/12 && ls /proc/$$/fd; exit"));
	_cleanup_free_ char *output = NULL;

	(void)state;
	for (int i = 10; i <= 15; i++) {
		char text[16];

		snprintf(text, sizeof(text), "f%d\n", i);
		text_at(i, text);
	}
	text_at(40, "secret"); /* not described, no CLOEXEC */
	child.fds = fds;
	child.n_fds = ELEMENTS(fds);
	output = run(&child);
	/* 10: what was 11, and so on; nothing else is open (the shell's own copies are above 9 and CLOEXEC: none here). */
	assert_string_equal(output, "f11\nf10\nf12\nf15\nf13\nf14\n/dev/null\n0\n1\n10\n11\n12\n13\n14\n15\n2\n3\n4\n");
	for (int i = 10; i <= 15; i++)
		close(i);
	close(40);
}

static void ignore(int signal)
{
	(void)signal;
}

static void the_callers_context_does_not_leak_in(void **state)
{
	struct child child = shell(
		SH("umask; pwd; ulimit -c; ulimit -Hc; env | grep -v '^PWD\\|^_\\|^SHLVL\\|^OLDPWD' | sort;"
		   /* posix_spawn of glibc leaves its own signals 32 and 33 ignored, and no program can change that. */
		   "grep -E '^(SigBlk|SigIgn)' /proc/self/status | sed 's/000000018/000000000/'; cat "
		   "/proc/self/oom_score_adj;"
		   "cut -d' ' -f19 /proc/self/stat; readlink /proc/self/fd/0"));
	_cleanup_free_ char *output = NULL;
	struct sigaction chld, pipe_action, usr1, usr2 = { .sa_handler = ignore };
	sigset_t block, before;
	mode_t mask = umask(0111);
	int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_return_code(chdir("/tmp"), errno);
	setenv("KVMCTL_TEST_SECRET", "x", 1);
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGUSR2);
	sigprocmask(SIG_BLOCK, &block, &before);
	sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = SIG_IGN }, &chld);
	sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, &pipe_action);
	sigaction(SIGUSR1, &usr2, &usr1);
	output = run(&child);
	/* Restored: still ignored here. */
	sigaction(SIGCHLD, &chld, &usr2);
	assert_ptr_equal(usr2.sa_handler, SIG_IGN);
	sigaction(SIGPIPE, &pipe_action, NULL);
	sigaction(SIGUSR1, &usr1, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	umask(mask);
	assert_return_code(fchdir(directory), errno);
	close(directory);
	assert_string_equal(output, "0027\n/\n0\n0\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n"
				    "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"
				    "0\n0\n/dev/null\n");
}

/* The caller pins, renices and dooms itself; the child is plain again. */
static void own_affinity_and_nice(void **state)
{
	struct child child = shell(SH("grep Cpus_allowed_list /proc/self/status; cut -d' ' -f19 /proc/self/stat"));
	_cleanup_free_ char *reset = NULL, *pinned = NULL, *before_text = NULL;
	cpu_set_t before, first;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_return_code(sched_getaffinity(0, sizeof(before), &before), errno);
	before_text = run(&child);
	CPU_ZERO(&first);
	for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&first) == 0; cpu++) {
		if (CPU_ISSET(cpu, &before))
			CPU_SET(cpu, &first);
	}
	assert_return_code(sched_setaffinity(0, sizeof(first), &first), errno);
	assert_return_code(setpriority(PRIO_PROCESS, 0, 5), errno);
	reset = run(&child);
	assert_return_code(setpriority(PRIO_PROCESS, 0, 0), errno);
	assert_return_code(sched_setaffinity(0, sizeof(before), &before), errno);
	assert_string_equal(reset, before_text);
	child.affinity = &first;
	pinned = run(&child);
	if (CPU_COUNT(&before) > 1)
		assert_string_not_equal(pinned, before_text);
}

static void memlock_and_session(void **state)
{
	struct child child = shell(SH("ulimit -l; cut -d' ' -f6 /proc/$$/stat | grep -qx $$ && echo leader"));
	_cleanup_free_ char *output = NULL;

	(void)state;
	child.memlock = 64 * 1024;
	child.new_session = true;
	output = run(&child);
	assert_string_equal(output, "64\nleader\n");
}

static void late_group_is_killed(void **state)
{
	struct error err = ERROR_INIT;
	struct child child = shell(SH("trap '' TERM; echo begun; sleep 1000 & echo $! >&5; sleep 1000"));
	struct child_fd fd5;
	char *output = (char *)"untouched", pid_text[16] = "";
	int pipe_fds[2], status = 77;
	int64_t began = clock_boottime_ms();

	(void)state;
	assert_return_code(pipe2(pipe_fds, O_CLOEXEC), errno);
	fd5 = (struct child_fd){ pipe_fds[1], 5 };
	child.fds = &fd5;
	child.n_fds = 1;
	assert_int_equal(child_run(&child, deadline_in(300), &status, &output, &err), -1);
	assert_in_range(clock_boottime_ms() - began, 290, 3000);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
	assert_non_null(strstr(err.message, "\"/bin/sh\""));
	assert_non_null(strstr(err.hint, "begun"));
	assert_int_equal(status, 77);
	assert_string_equal(output, "untouched");
	/* The grandchild is gone too: the pipe's other end is closed everywhere. */
	close(pipe_fds[1]);
	struct pollfd poll_fd = { .fd = pipe_fds[0], .events = POLLIN };
	assert_true(read(pipe_fds[0], pid_text, sizeof(pid_text) - 1) > 0);
	assert_int_equal(poll(&poll_fd, 1, 2000), 1);
	assert_int_equal(read(pipe_fds[0], pid_text, sizeof(pid_text)), 0);
	close(pipe_fds[0]);
	error_clear(&err);
}

static void much_output_is_bounded(void **state)
{
	struct child child = shell(SH("yes 0123456789 | head -c 1000000; echo end >&2"));
	_cleanup_free_ char *output = NULL;

	(void)state;
	output = run(&child);
	assert_int_equal(strlen(output), 64 * 1024);
}

static void endless_output_meets_the_deadline(void **state)
{
	struct error err = ERROR_INIT;
	struct child child = shell(SH("exec yes"));
	char *output;
	int status;
	int64_t began = clock_boottime_ms();

	(void)state;
	assert_int_equal(child_run(&child, deadline_in(200), &status, &output, &err), -1);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
	assert_in_range(clock_boottime_ms() - began, 190, 3000);
	error_clear(&err);
}

/* A daemon that the child leaves behind keeps the pipe: the call returns with the child. */
static void grandchild_keeps_the_pipe(void **state)
{
	struct child child = shell(SH("sleep 5 & echo done"));
	_cleanup_free_ char *output = NULL;
	int64_t began = clock_boottime_ms();

	(void)state;
	output = run(&child);
	assert_string_equal(output, "done\n");
	assert_in_range(clock_boottime_ms() - began, 0, 3000);
}

/* A child that closes its outputs is still waited for. */
static void closed_outputs(void **state)
{
	struct child child = shell(SH("exec >/dev/null 2>&1; sleep 0.3"));
	_cleanup_free_ char *output = NULL;
	int64_t began = clock_boottime_ms();

	(void)state;
	output = run(&child);
	assert_string_equal(output, "");
	assert_true(clock_boottime_ms() - began >= 290);
}

static void gate_holds_until_a_byte(void **state)
{
	struct error err = ERROR_INIT;
	int gate[2], out[2], exec_fd, status;
	struct child_fd fds[] = { { -1, 1 } };
	struct child child = shell(SH("echo through"));
	char text[32] = "";
	struct pollfd poll_fd;
	pid_t pid;

	(void)state;
	assert_return_code(pipe2(gate, O_CLOEXEC), errno);
	assert_return_code(pipe2(out, O_CLOEXEC), errno);
	fds[0].source = out[1];
	child.fds = fds;
	child.n_fds = 1;
	child.gate_fd = gate[0];
	assert_int_equal(child_spawn(&child, &pid, &exec_fd, &err), 0);
	close(gate[0]);
	close(out[1]);
	poll_fd = (struct pollfd){ .fd = out[0], .events = POLLIN };
	assert_int_equal(poll(&poll_fd, 1, 100), 0);
	assert_int_equal(child_exec_result(dup(exec_fd), child.path, deadline_in(20), &err), -1);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
	assert_int_equal(write(gate[1], "g", 1), 1);
	assert_int_equal(child_exec_result(exec_fd, child.path, deadline_in(5000), &err), 0);
	assert_true(read(out[0], text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "through\n");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(gate[1]);
	close(out[0]);
	error_clear(&err);
}

/* The child must not keep the gate open itself: when we are gone, it goes. */
static void closed_gate_ends_the_child(void **state)
{
	struct error err = ERROR_INIT;
	struct child child = shell(SH("echo never >&2"));
	int gate[2], exec_fd, status;
	pid_t pid;

	(void)state;
	assert_return_code(pipe(gate), errno); /* even without CLOEXEC */
	child.gate_fd = gate[0];
	assert_int_equal(child_spawn(&child, &pid, &exec_fd, &err), 0);
	close(gate[0]);
	close(gate[1]);
	assert_int_equal(child_exec_result(exec_fd, child.path, deadline_in(5000), &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
	error_clear(&err);
}

static void become_replaces_a_forked_process(void **state)
{
	struct error err = ERROR_INIT;
	int out[2], status;
	char text[64] = "";
	pid_t pid;

	(void)state;
	assert_return_code(pipe2(out, O_CLOEXEC), errno);
	assert_int_equal(child_fork(&pid, &err), 0);
	if (pid == 0) {
		struct child_fd fd = { out[1], 1 };
		struct child child = shell(SH("echo pid $$; ls /proc/$$/fd; exit"));

		child.fds = &fd;
		child.n_fds = 1;
		child.new_session = true;
		child_become(&child, &err);
		_exit(9);
	}
	close(out[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(read(out[0], text, sizeof(text) - 1) > 0);
	_cleanup_free_ char *expected = xprintf("pid %d\n0\n1\n2\n", (int)pid);
	assert_string_equal(text, expected);
	close(out[0]);
}

/* When the exec fails, what is no target still works: the caller can say so. */
static void become_that_fails_can_be_told(void **state)
{
	struct error err = ERROR_INIT;
	int out[2], status;
	char text[256] = "";
	pid_t pid;

	(void)state;
	assert_return_code(pipe2(out, O_CLOEXEC), errno);
	assert_int_equal(child_fork(&pid, &err), 0);
	if (pid == 0) {
		struct child child = shell(SH("true"));

		child.path = "/nonexistent";
		child_become(&child, &err);
		_exit(write(out[1], err.message, strlen(err.message)) > 0 ? 9 : 8);
	}
	close(out[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 9);
	assert_true(read(out[0], text, sizeof(text) - 1) > 0);
	assert_non_null(strstr(text, "\"/nonexistent\""));
	close(out[0]);
}

/* 0, 1 and 2 closed in the caller: pipes then get these numbers, and must not be overwritten. */
static void caller_without_stdio(void **state)
{
	struct error err = ERROR_INIT;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(child_fork(&pid, &err), 0);
	if (pid == 0) {
		struct child child = shell(SH("echo out; echo err >&2"));
		char *output = NULL;

		close(0);
		close(1);
		close(2);
		if (child_run(&child, deadline_in(5000), &status, &output, &err) < 0)
			_exit(1);
		_exit(streq(output, "out\nerr\n") ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_and_status),
		cmocka_unit_test(status_texts),
		cmocka_unit_test(exec_failure_is_the_calls_error),
		cmocka_unit_test(set_up_failure_names_the_step),
		cmocka_unit_test(descriptors_overlap),
		cmocka_unit_test(the_callers_context_does_not_leak_in),
		cmocka_unit_test(own_affinity_and_nice),
		cmocka_unit_test(memlock_and_session),
		cmocka_unit_test(late_group_is_killed),
		cmocka_unit_test(much_output_is_bounded),
		cmocka_unit_test(endless_output_meets_the_deadline),
		cmocka_unit_test(grandchild_keeps_the_pipe),
		cmocka_unit_test(closed_outputs),
		cmocka_unit_test(gate_holds_until_a_byte),
		cmocka_unit_test(closed_gate_ends_the_child),
		cmocka_unit_test(become_replaces_a_forked_process),
		cmocka_unit_test(become_that_fails_can_be_told),
		cmocka_unit_test(caller_without_stdio),
	};

	/* valgrind 3.19 does not know the call, and nothing here works without it. */
	if (pidfd_open(getpid(), 0) < 0 && errno == ENOSYS) {
		puts("skipped: no pidfd_open here");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
