/* base/lock: one holder, bounded waiting, and what a waiter leaves of the caller's signals. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/text.h"

static char directory[64];
static int dirfd_;

static int make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "%s/kvmctl-lock.XXXXXX", getenv("TMP") ?: "/tmp");
	assert_non_null(mkdtemp(directory));
	dirfd_ = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dirfd_ < 0;
}

static int remove_directory(void **state)
{
	(void)state;
	unlinkat(dirfd_, "web1", 0);
	close(dirfd_);
	return rmdir(directory);
}

static int take(const char *holder, struct deadline d)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	int fd = -1;

	if (lock_take(dirfd_, "web1", holder, d, &fd, &err) < 0)
		fail_msg("%s", err.message);
	return fd;
}

/* A child that holds the lock for `ms`; it holds it when this returns. */
static pid_t hold_for(int ms, const char *holder)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		take(holder, DEADLINE_NEVER);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		poll(NULL, 0, ms);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void test_holder_is_written(void **state)
{
	_cleanup_free_ char *first = NULL, *second = NULL, *none = lock_holder(dirfd_, "web1");

	(void)state;
	assert_string_equal(none, "");
	close(take("pid 1, a long text of who it is", DEADLINE_NEVER));
	first = lock_holder(dirfd_, "web1");
	assert_string_equal(first, "pid 1, a long text of who it is");
	close(take("pid 2", deadline_in(0)));
	second = lock_holder(dirfd_, "web1");
	assert_string_equal(second, "pid 2");
}

static void test_busy_names_the_holder(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	pid_t pid = hold_for(10000, "pid 77, start");
	int64_t start = clock_boottime_ms();
	int fd = -1;

	(void)state;
	assert_int_equal(lock_take(dirfd_, "web1", "me", deadline_in(0), &fd, &err), -1);
	assert_int_equal(err.kind, ERROR_BUSY);
	assert_non_null(strstr(err.message, "pid 77, start"));
	assert_int_equal(lock_take(dirfd_, "web1", "me", deadline_in(150), &fd, &err), -1);
	assert_int_equal(err.kind, ERROR_BUSY);
	assert_in_range(clock_boottime_ms() - start, 150, 3000);
	assert_int_equal(fd, -1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(take("me", deadline_in(1000))); /* gone with its holder */
}

static void test_waiter_gets_it(void **state)
{
	pid_t pid = hold_for(100, "other");
	int64_t start = clock_boottime_ms();
	int fd = take("me", deadline_in(10000));

	(void)state;
	assert_in_range(clock_boottime_ms() - start, 20, 5000);
	close(fd);
	waitpid(pid, NULL, 0);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void test_signals_are_as_before(void **state)
{
	struct sigaction mine = { .sa_handler = on_alarm }, after;
	_cleanup_error_ struct error err = ERROR_INIT;
	struct itimerval timer;
	sigset_t blocked, mask;
	pid_t pid = hold_for(10000, "other");
	int fd;

	(void)state;
	sigaction(SIGALRM, &mine, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	assert_int_equal(lock_take(dirfd_, "web1", "me", deadline_in(50), &fd, &err), -1);
	sigaction(SIGALRM, NULL, &after);
	assert_ptr_equal(after.sa_handler, on_alarm);
	sigprocmask(SIG_UNBLOCK, &blocked, &mask);
	assert_true(sigismember(&mask, SIGALRM));
	getitimer(ITIMER_REAL, &timer);
	assert_int_equal(timer.it_value.tv_sec + timer.it_value.tv_usec, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Somebody wipes the directory while a waiter waits: the lock that it then gets must be one that others see. */
static void test_a_wiped_file_is_no_lock(void **state)
{
	pid_t holder = hold_for(200, "other"), wiper = fork();
	int fd, again;

	(void)state;
	if (wiper == 0) {
		poll(NULL, 0, 50);
		unlinkat(dirfd_, "web1", 0);
		_exit(0);
	}
	fd = take("me", deadline_in(5000));
	again = openat(dirfd_, "web1", O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(again, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	close(again);
	close(fd);
	waitpid(wiper, NULL, 0);
	waitpid(holder, NULL, 0);
}

static void test_a_link_is_refused(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	int fd = -1;

	(void)state;
	assert_int_equal(symlinkat("/etc/passwd", dirfd_, "web1"), 0);
	assert_int_equal(lock_take(dirfd_, "web1", "me", deadline_in(0), &fd, &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_int_equal(err.errnum, ELOOP);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_directory(test_holder_is_written),       in_directory(test_busy_names_the_holder),
		in_directory(test_waiter_gets_it),          in_directory(test_signals_are_as_before),
		in_directory(test_a_wiped_file_is_no_lock), in_directory(test_a_link_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
