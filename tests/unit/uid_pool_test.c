/* The uid pool: locks, /proc, takers at the same time. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/text.h"
#include "host/uid_pool.h"

/* A range that nobody has: far above what useradd and containers give. */
#define FIRST 1910000000u

static char *new_dir(void)
{
	char path[] = "/tmp/kvmctl-uids-XXXXXX";

	assert_non_null(mkdtemp(path));
	assert_return_code(rmdir(path), errno);
	return xstrdup(path);
}

static void remove_dir(const char *dir, uid_t first, uid_t last)
{
	for (uid_t uid = first; uid <= last; uid++) {
		_cleanup_free_ char *path = xprintf("%s/%u", dir, (unsigned)uid);

		unlink(path);
	}
	assert_return_code(rmdir(dir), errno);
}

static void takes_in_order_until_used_up(void **state)
{
	struct error err = ERROR_INIT;
	_cleanup_free_ char *dir = new_dir(), *path = NULL, *text = NULL;
	struct stat st;
	uid_t uid = 0;
	int fds[3], fd = -9;
	mode_t mask = umask(077);

	(void)state;
	for (uid_t i = 0; i < 3; i++) {
		assert_int_equal(uid_pool_take(dir, FIRST, FIRST + 2, "web1", &uid, &fds[i], &err), 0);
		assert_int_equal(uid, FIRST + i);
		assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
		assert_true(uid_pool_held(dir, uid));
	}
	umask(mask);
	assert_return_code(stat(dir, &st), errno);
	assert_int_equal(st.st_mode & 07777, 0755);
	path = xprintf("%s/%u", dir, FIRST);
	assert_int_equal(file_read_at(AT_FDCWD, path, 100, &text, NULL, &err), 0);
	assert_string_equal(text, "web1\n");

	assert_int_equal(uid_pool_take(dir, FIRST, FIRST + 2, "web1", &uid, &fd, &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_non_null(strstr(err.message, "all 3 uids"));
	assert_non_null(strstr(err.hint, "uid_pool"));
	assert_int_equal(fd, -9);

	close(fds[1]);
	assert_false(uid_pool_held(dir, FIRST + 1));
	assert_int_equal(uid_pool_take(dir, FIRST, FIRST + 2, "web2", &uid, &fds[1], &err), 0);
	assert_int_equal(uid, FIRST + 1);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	remove_dir(dir, FIRST, FIRST + 2);
	assert_false(uid_pool_held(dir, FIRST));
	error_clear(&err);
}

/* The lock lives as long as the heir of the descriptor. */
static void an_heir_keeps_the_lock(void **state)
{
	struct error err = ERROR_INIT;
	_cleanup_free_ char *dir = new_dir();
	uid_t uid;
	int fd;
	pid_t pid;

	(void)state;
	assert_int_equal(uid_pool_take(dir, FIRST, FIRST, "web1", &uid, &fd, &err), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	close(fd);
	assert_true(uid_pool_held(dir, uid));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_false(uid_pool_held(dir, uid));
	remove_dir(dir, FIRST, FIRST);
}

/* A child with these uids, one of them that of the pool. */
static pid_t process_with_uids(uid_t real, uid_t effective, uid_t saved)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	assert_return_code(pipe(ready), errno);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NAME, "x\nUid:\t1 2 3");
		if (setresuid(real, effective, saved) == 0 && write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void a_uid_of_any_process_is_in_use(void **state)
{
	struct error err = ERROR_INIT;
	_cleanup_free_ char *dir = new_dir();
	pid_t pids[3];
	uid_t uid = 0;
	int fd = -1;

	(void)state;
	if (geteuid() != 0)
		skip();
	pids[0] = process_with_uids(FIRST, 0, 0);
	pids[1] = process_with_uids(0, FIRST + 1, 0);
	pids[2] = process_with_uids(0, 0, FIRST + 2);
	assert_int_equal(uid_pool_take(dir, FIRST, FIRST + 5, "x", &uid, &fd, &err), 0);
	assert_int_equal(uid, FIRST + 3);
	close(fd);
	assert_false(uid_pool_held(dir, FIRST)); /* its lock was let go again */
	for (int i = 0; i < 3; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	assert_int_equal(uid_pool_take(dir, FIRST, FIRST + 5, "x", &uid, &fd, &err), 0);
	assert_int_equal(uid, FIRST);
	close(fd);
	remove_dir(dir, FIRST, FIRST + 5);
}

#define TAKERS 12

/* Takes one uid, says which, keeps it until it is told to end. */
static void taker(const char *dir, int go, int tell, int until)
{
	struct error err = ERROR_INIT;
	uid_t uid = 0;
	char byte;
	int fd;

	if (read(go, &byte, 1) < 0) /* end-of-file: all at once */
		_exit(1);
	if (uid_pool_take(dir, FIRST, FIRST + TAKERS - 1, "x", &uid, &fd, &err) < 0)
		uid = 0;
	if (write(tell, &uid, sizeof(uid)) != sizeof(uid) || read(until, &byte, 1) < 0)
		_exit(1);
	_exit(0);
}

static void parallel_takers_never_share(void **state)
{
	_cleanup_free_ char *dir = new_dir();

	(void)state;
	for (int round = 0; round < 5; round++) {
		bool seen[TAKERS] = { false };
		int go[2], tell[2], until[2];

		assert_return_code(pipe(go), errno);
		assert_return_code(pipe(tell), errno);
		assert_return_code(pipe(until), errno);
		for (int i = 0; i < TAKERS; i++) {
			pid_t pid = fork();

			if (pid == 0) {
				close(go[1]);
				close(until[1]);
				taker(dir, go[0], tell[1], until[0]);
			}
			assert_true(pid > 0);
		}
		close(go[1]);
		for (int i = 0; i < TAKERS; i++) {
			uid_t uid;

			assert_int_equal(read(tell[0], &uid, sizeof(uid)), sizeof(uid));
			assert_in_range(uid, FIRST, FIRST + TAKERS - 1); /* as many as takers: each gets one */
			assert_false(seen[uid - FIRST]);
			seen[uid - FIRST] = true;
		}
		close(until[1]);
		for (int i = 0; i < TAKERS; i++) {
			int status = -1;

			wait(&status);
			assert_int_equal(status, 0);
		}
		close(go[0]);
		close(tell[0]);
		close(tell[1]);
		close(until[0]);
	}
	remove_dir(dir, FIRST, FIRST + TAKERS - 1);
}

static void a_directory_of_others_is_refused(void **state)
{
	struct error err = ERROR_INIT;
	_cleanup_free_ char *dir = new_dir(), *link = xprintf("%s.link", dir), *file = xprintf("%s/%u", dir, FIRST);
	uid_t uid;
	int fd;

	(void)state;
	assert_return_code(mkdir(dir, 0700), errno);
	assert_return_code(chmod(dir, 0777), errno);
	assert_int_equal(uid_pool_take(dir, FIRST, FIRST, "x", &uid, &fd, &err), -1);
	assert_non_null(strstr(err.message, "can be changed by others"));
	assert_return_code(chmod(dir, 0755), errno);
	if (geteuid() == 0) {
		assert_return_code(chown(dir, 1, 1), errno);
		assert_int_equal(uid_pool_take(dir, FIRST, FIRST, "x", &uid, &fd, &err), -1);
		assert_non_null(strstr(err.message, "owner 1"));
		assert_return_code(chown(dir, 0, 0), errno);
	}
	assert_return_code(symlink(dir, link), errno);
	assert_int_equal(uid_pool_take(link, FIRST, FIRST, "x", &uid, &fd, &err), -1);
	unlink(link);
	/* Nor is a link followed in place of a uid's file. */
	assert_return_code(symlink("/etc/passwd", file), errno);
	assert_int_equal(uid_pool_take(dir, FIRST, FIRST, "x", &uid, &fd, &err), -1);
	assert_int_equal(err.errnum, ELOOP);
	remove_dir(dir, FIRST, FIRST);
	assert_int_equal(uid_pool_take(dir, 0, 5, "x", &uid, &fd, &err), -1);
	assert_int_equal(uid_pool_take(dir, 5, 4, "x", &uid, &fd, &err), -1);
	error_clear(&err);
}

static void status_text(void **state)
{
	uid_t uids[4] = { 9, 9, 9, 9 };

	(void)state;
	assert_int_equal(uid_pool_status_uids("Name:\tx\nUid:\t1\t2\t3\t4294967295\nGid:\t0\n", uids), 0);
	assert_true(uids[0] == 1 && uids[1] == 2 && uids[2] == 3 && uids[3] == 4294967295u);
	uids[0] = 9;
	assert_int_equal(uid_pool_status_uids("Name:\tx\nUid:\t1\t2\t3\n", uids), -1);
	assert_int_equal(uid_pool_status_uids("Name:\tx\nUid:\t4294967296\t2\t3\t4\n", uids), -1);
	assert_int_equal(uid_pool_status_uids("Name:\tx\nUid:\t99999999999999999999999\t2\t3\t4\n", uids), -1);
	assert_int_equal(uid_pool_status_uids("", uids), -1);
	assert_int_equal(uid_pool_status_uids("Name:\tUid:\t1\t1\t1\t1", uids), -1);
	assert_int_equal(uids[0], 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_in_order_until_used_up),     cmocka_unit_test(an_heir_keeps_the_lock),
		cmocka_unit_test(a_uid_of_any_process_is_in_use),   cmocka_unit_test(parallel_takers_never_share),
		cmocka_unit_test(a_directory_of_others_is_refused), cmocka_unit_test(status_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
