/* UNIX sockets with names of 200 characters in deep directories. */
/* LDFLAGS: -Wl,--wrap=renameat -Wl,--wrap=listen */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/text.h"
#include "host/socket.h"

int __real_renameat(int olddir, const char *old, int newdir, const char *new);
int __wrap_renameat(int olddir, const char *old, int newdir, const char *new);
int __real_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog);

static int fail_rename, fail_listen, sweeps;

int __wrap_renameat(int olddir, const char *old, int newdir, const char *new)
{
	if (fail_rename) {
		errno = fail_rename;
		return -1;
	}
	if (sweeps > 0) {
		sweeps--;
		assert_true(socket_sweep_at(olddir, true));
	}
	return __real_renameat(olddir, old, newdir, new);
}

int __wrap_listen(int fd, int backlog)
{
	if (fail_listen) {
		errno = fail_listen;
		return -1;
	}
	return __real_listen(fd, backlog);
}

#define DEPTH 4

struct deep {
	char root[32];
	int dirs[DEPTH + 1]; /* of each level; the last is the deepest */
	int fd;
	char component[201];
	char name[220]; /* 200 characters and a suffix */
};

static int make_deep(void **state)
{
	struct deep *deep = xcalloc(1, sizeof(*deep));

	snprintf(deep->root, sizeof(deep->root), "/tmp/kvmctl-socket-XXXXXX");
	assert_non_null(mkdtemp(deep->root));
	memset(deep->component, 'd', 200);
	memset(deep->name, 'n', 200);
	snprintf(deep->name + 200, 20, ".qmp");
	deep->dirs[0] = open(deep->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < DEPTH; i++) {
		assert_return_code(mkdirat(deep->dirs[i], deep->component, 0755), errno);
		deep->dirs[i + 1] = openat(deep->dirs[i], deep->component, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	deep->fd = deep->dirs[DEPTH];
	*state = deep;
	return 0;
}

static int entries(int dirfd)
{
	DIR *dir = fdopendir(openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static int remove_deep(void **state)
{
	struct deep *deep = *state;

	unlinkat(deep->fd, deep->name, 0);
	assert_int_equal(entries(deep->fd), 0); /* no temporary names are left, whatever failed */
	for (int i = DEPTH; i > 0; i--) {
		close(deep->dirs[i]);
		assert_return_code(unlinkat(deep->dirs[i - 1], deep->component, AT_REMOVEDIR), errno);
	}
	close(deep->dirs[0]);
	assert_return_code(rmdir(deep->root), errno);
	free(deep);
	return 0;
}

static void long_names_work(void **state)
{
	struct deep *deep = *state;
	struct error err = ERROR_INIT;
	struct stat st;
	int server = -1, client = -1, peer;
	char byte = 0;
	mode_t mask = umask(0);

	assert_int_equal(socket_listen_at(deep->fd, deep->name, 0660, 4, &server, &err), 0);
	umask(mask);
	assert_int_equal(entries(deep->fd), 1);
	assert_return_code(fstatat(deep->fd, deep->name, &st, 0), errno);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_true(fcntl(server, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(socket_connect_at(deep->fd, deep->name, &client, &err), 0);
	assert_true(fcntl(client, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(client, F_GETFD) & FD_CLOEXEC);
	peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	assert_true(peer >= 0);
	assert_int_equal(write(client, "x", 1), 1);
	assert_int_equal(read(peer, &byte, 1), 1);
	assert_int_equal(byte, 'x');
	close(client);
	close(peer);
	close(server);
}

static void an_old_socket_is_replaced(void **state)
{
	struct deep *deep = *state;
	struct error err = ERROR_INIT;
	int old, new, client;

	assert_int_equal(socket_listen_at(deep->fd, deep->name, 0600, 1, &old, &err), 0);
	close(old);
	assert_int_equal(socket_connect_at(deep->fd, deep->name, &client, &err), -1);
	assert_int_equal(err.kind, ERROR_QEMU);
	assert_int_equal(err.errnum, ECONNREFUSED);
	assert_int_equal(socket_listen_at(deep->fd, deep->name, 0600, 1, &new, &err), 0);
	assert_int_equal(socket_connect_at(deep->fd, deep->name, &client, &err), 0);
	close(client);
	close(new);
	error_clear(&err);
}

static void a_full_backlog_is_busy(void **state)
{
	struct deep *deep = *state;
	struct error err = ERROR_INIT;
	int server, clients[8], n = 0, result = 0;

	assert_int_equal(socket_listen_at(deep->fd, deep->name, 0600, 1, &server, &err), 0);
	while (n < 8 && (result = socket_connect_at(deep->fd, deep->name, &clients[n], &err)) == 0)
		n++;
	assert_int_equal(result, -1);
	assert_int_equal(err.kind, ERROR_BUSY);
	while (n > 0)
		close(clients[--n]);
	close(server);
	error_clear(&err);
}

static void what_is_no_socket(void **state)
{
	struct deep *deep = *state;
	struct error err = ERROR_INIT;
	int client = -5;

	assert_int_equal(socket_connect_at(deep->fd, deep->name, &client, &err), -1);
	assert_int_equal(err.kind, ERROR_QEMU);
	assert_int_equal(err.errnum, ENOENT);
	/* A link is not followed: the directory is ours, the target may be anybody's. */
	assert_return_code(symlinkat("/run/elsewhere", deep->fd, deep->name), errno);
	assert_int_equal(socket_connect_at(deep->fd, deep->name, &client, &err), -1);
	unlinkat(deep->fd, deep->name, 0);
	close(openat(deep->fd, deep->name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(socket_connect_at(deep->fd, deep->name, &client, &err), -1);
	assert_int_equal(err.errnum, ECONNREFUSED);
	assert_int_equal(client, -5);
	error_clear(&err);
}

static void failures_leave_nothing(void **state)
{
	struct deep *deep = *state;
	struct error err = ERROR_INIT;
	int server = -5;

	fail_rename = ENOSPC;
	assert_int_equal(socket_listen_at(deep->fd, deep->name, 0600, 1, &server, &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_int_equal(err.errnum, ENOSPC);
	fail_rename = 0;
	fail_listen = EADDRINUSE;
	assert_int_equal(socket_listen_at(deep->fd, deep->name, 0600, 1, &server, &err), -1);
	fail_listen = 0;
	assert_int_equal(server, -5);
	assert_int_equal(entries(deep->fd), 0);
	error_clear(&err);
}

static void one_that_is_swept_is_made_again(void **state)
{
	struct deep *deep = *state;
	struct error err = ERROR_INIT;
	int server, client;

	sweeps = 2;
	assert_int_equal(socket_listen_at(deep->fd, deep->name, 0600, 1, &server, &err), 0);
	assert_int_equal(sweeps, 0);
	assert_int_equal(entries(deep->fd), 1);
	assert_int_equal(socket_connect_at(deep->fd, deep->name, &client, &err), 0);
	close(client);
	close(server);
	assert_false(socket_sweep_at(deep->fd, true));
	sweeps = 1000;
	assert_int_equal(socket_listen_at(deep->fd, deep->name, 0600, 1, &server, &err), -1);
	sweeps = 0;
	error_clear(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(long_names_work, make_deep, remove_deep),
		cmocka_unit_test_setup_teardown(an_old_socket_is_replaced, make_deep, remove_deep),
		cmocka_unit_test_setup_teardown(a_full_backlog_is_busy, make_deep, remove_deep),
		cmocka_unit_test_setup_teardown(what_is_no_socket, make_deep, remove_deep),
		cmocka_unit_test_setup_teardown(failures_leave_nothing, make_deep, remove_deep),
		cmocka_unit_test_setup_teardown(one_that_is_swept_is_made_again, make_deep, remove_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
