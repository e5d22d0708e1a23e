/* base/file: whole reads, whole writes, and each system call of them failing. */
/* LDFLAGS: -Wl,--wrap=read,--wrap=write,--wrap=fsync,--wrap=renameat,--wrap=fchmod,--wrap=openat,--wrap=fstatfs */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/deadline.h"
#include "base/file.h"
#include "base/text.h"

/* The call that fails next, with which errno, after how many that work. */
static struct {
	const char *call;
	int errnum;
	int after;
} fault;
static bool short_writes;
static int sweeps; /* so many times the temporary file is swept away just before it gets its name */
static uint32_t fs_magic;

static bool fails(const char *call)
{
	if (!fault.call || !streq(fault.call, call) || fault.after-- > 0)
		return false;
	fault.call = NULL;
	errno = fault.errnum;
	return true;
}

ssize_t __real_read(int fd, void *buffer, size_t n);
ssize_t __wrap_read(int fd, void *buffer, size_t n);
ssize_t __wrap_read(int fd, void *buffer, size_t n)
{
	return fails("read") ? -1 : __real_read(fd, buffer, n);
}

ssize_t __real_write(int fd, const void *buffer, size_t n);
ssize_t __wrap_write(int fd, const void *buffer, size_t n);
ssize_t __wrap_write(int fd, const void *buffer, size_t n)
{
	return fails("write") ? -1 : __real_write(fd, buffer, short_writes && n > 1 ? 1 : n);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	return fails("fsync") ? -1 : __real_fsync(fd);
}

int __real_renameat(int a, const char *old, int b, const char *new);
int __wrap_renameat(int a, const char *old, int b, const char *new);
int __wrap_renameat(int a, const char *old, int b, const char *new)
{
	if (sweeps > 0) {
		sweeps--;
		assert_true(file_sweep_at(a, NULL, true));
	}
	return fails("renameat") ? -1 : __real_renameat(a, old, b, new);
}

int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode)
{
	return fails("fchmod") ? -1 : __real_fchmod(fd, mode);
}

int __real_openat(int dirfd, const char *path, int flags, ...);
int __wrap_openat(int dirfd, const char *path, int flags, ...);
int __wrap_openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = 0;

	if (flags & O_CREAT) {
		va_list ap;

		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return fails("openat") ? -1 : __real_openat(dirfd, path, flags, mode);
}

int __real_fstatfs(int fd, struct statfs *fs);
int __wrap_fstatfs(int fd, struct statfs *fs);
int __wrap_fstatfs(int fd, struct statfs *fs)
{
	if (__real_fstatfs(fd, fs) < 0)
		return -1;
	if (fs_magic)
		fs->f_type = fs_magic;
	return 0;
}

/* --- a directory for each test --- */

static char directory[64];
static int dirfd_;

static int make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "%s/kvmctl-file.XXXXXX", getenv("TMP") ?: "/tmp");
	assert_non_null(mkdtemp(directory));
	dirfd_ = __real_openat(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dirfd_ < 0;
}

static unsigned int entries(void)
{
	DIR *d = opendir(directory);
	unsigned int n = 0;

	for (const struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
	closedir(d);
	return n;
}

static int remove_directory(void **state)
{
	static const char *const names[] = { "a", "b", "fifo" };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(names); i++)
		unlinkat(dirfd_, names[i], 0);
	close(dirfd_);
	return rmdir(directory); /* it is empty, or something was left */
}

static void content_is(const char *name, const char *expected)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *text = NULL;
	size_t length = 0;

	if (file_read_at(dirfd_, name, 1000, &text, &length, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(text, expected);
	assert_int_equal(length, strlen(expected));
}

static void test_write_and_read(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	mode_t mask = umask(0777);
	struct stat st;

	(void)state;
	assert_int_equal(file_write_at(dirfd_, "a", "one\n", 4, 0640, true, &err), 0);
	umask(mask);
	assert_int_equal(fstatat(dirfd_, "a", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	content_is("a", "one\n");
	short_writes = true;
	assert_int_equal(file_write_at(dirfd_, "a", "second", 6, 0600, false, &err), 0);
	short_writes = false;
	content_is("a", "second");
	assert_int_equal(file_write_at(dirfd_, "a", "", 0, 0600, false, &err), 0);
	content_is("a", "");
	assert_int_equal(entries(), 1);
}

static void test_interrupted_calls_go_on(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	fault.call = "write", fault.errnum = EINTR;
	assert_int_equal(file_write_at(dirfd_, "a", "x", 1, 0600, false, &err), 0);
	fault.call = "read", fault.errnum = EINTR;
	content_is("a", "x");
	assert_null(fault.call);
}

static void test_failing_writes_leave_the_old(void **state)
{
	static const struct {
		const char *call;
		int errnum;
	} faults[] = {
		{ "openat", EROFS }, { "write", ENOSPC }, { "fsync", EIO }, { "renameat", EACCES }, { "fchmod", EPERM }
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(faults); i++) {
		_cleanup_error_ struct error err = ERROR_INIT;

		assert_int_equal(file_write_at(dirfd_, "a", "old", 3, 0600, true, &err), 0);
		fault.call = faults[i].call;
		fault.errnum = faults[i].errnum;
		assert_int_equal(file_write_at(dirfd_, "a", "new", 3, 0600, true, &err), -1);
		assert_int_equal(err.kind, ERROR_HOST);
		assert_int_equal(err.errnum, faults[i].errnum);
		assert_int_equal(entries(), 1);
		content_is("a", "old");
	}
}

static void test_failing_directory_sync(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	fault.call = "fsync", fault.errnum = EIO, fault.after = 1;
	assert_int_equal(file_write_at(dirfd_, "a", "new", 3, 0600, true, &err), -1);
	assert_non_null(strstr(err.message, "sync the directory"));
	fault.after = 0;
	/* Not durable: no sync that could fail. */
	fault.call = "fsync";
	assert_int_equal(file_write_at(dirfd_, "a", "new", 3, 0600, false, &err), 0);
	fault.call = NULL;
}

static void test_a_file_in_a_directory_by_path(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *path = xprintf("%s/b", directory);

	(void)state;
	assert_int_equal(file_write_at(AT_FDCWD, path, "x", 1, 0600, true, &err), 0);
	content_is("b", "x");
	assert_int_equal(entries(), 1);
}

static void test_bounded_reads(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *text = NULL;

	(void)state;
	assert_int_equal(file_write_at(dirfd_, "a", "12345", 5, 0600, false, &err), 0);
	assert_int_equal(file_read_at(dirfd_, "a", 4, &text, NULL, &err), -1);
	assert_int_equal(err.errnum, EFBIG);
	assert_null(text);
	assert_int_equal(file_read_at(dirfd_, "a", 5, &text, NULL, &err), 0);
	assert_string_equal(text, "12345");
	free(take_ptr(text));
	assert_int_equal(file_read_at(AT_FDCWD, "/dev/zero", 100000, &text, NULL, &err), -1);
	assert_int_equal(err.errnum, EFBIG);
	/* /proc says that its files are empty. */
	assert_int_equal(file_read_at(AT_FDCWD, "/proc/self/status", 100000, &text, NULL, &err), 0);
	assert_true(strlen(text) > 100);
}

static void test_reads_that_fail(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	char *text = NULL;

	(void)state;
	assert_int_equal(file_read_at(dirfd_, "nothing", 10, &text, NULL, &err), -1);
	assert_int_equal(err.errnum, ENOENT);
	assert_int_equal(file_read_at(dirfd_, ".", 10, &text, NULL, &err), -1);
	assert_int_equal(err.errnum, EISDIR);
	assert_int_equal(file_write_at(dirfd_, "a", "x", 1, 0600, false, &err), 0);
	fault.call = "read", fault.errnum = EIO;
	assert_int_equal(file_read_at(dirfd_, "a", 10, &text, NULL, &err), -1);
	assert_int_equal(err.errnum, EIO);
	assert_null(text);
}

static void test_a_fifo_does_not_hang(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *text = NULL;
	int64_t start = clock_boottime_ms();

	(void)state;
	assert_int_equal(mkfifoat(dirfd_, "fifo", 0600), 0);
	assert_int_equal(file_read_at(dirfd_, "fifo", 10, &text, NULL, &err), 0);
	assert_string_equal(text, "");
	assert_true(clock_boottime_ms() - start < 2000);
}

static void test_directories(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *path = xprintf("%s//x/y/z/", directory), *file = xprintf("%s/a/b", directory);
	mode_t mask = umask(0777);
	struct stat st;

	(void)state;
	assert_int_equal(file_make_dirs(path, 0750, &err), 0);
	umask(mask);
	assert_int_equal(file_make_dirs(path, 0700, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(file_remove_at(dirfd_, "x/y/z", AT_REMOVEDIR, &err), 0);
	assert_int_equal(file_remove_at(dirfd_, "x/y/z", AT_REMOVEDIR, &err), 0);
	assert_int_equal(file_remove_at(dirfd_, "x", AT_REMOVEDIR, &err), -1);
	assert_int_equal(err.errnum, ENOTEMPTY);
	assert_int_equal(file_remove_at(dirfd_, "x/y", AT_REMOVEDIR, &err), 0);
	assert_int_equal(file_remove_at(dirfd_, "x", AT_REMOVEDIR, &err), 0);
	assert_int_equal(file_write_at(dirfd_, "a", "x", 1, 0600, false, &err), 0);
	assert_int_equal(file_make_dirs(file, 0750, &err), -1);
	assert_int_equal(err.errnum, ENOTDIR);
}

static void test_network_file_systems(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	const char *name = NULL;
	bool network = true;

	(void)state;
	fs_magic = EXT4_SUPER_MAGIC;
	assert_int_equal(file_is_network_fs(dirfd_, &network, &name, &err), 0);
	assert_false(network);
	fs_magic = NFS_SUPER_MAGIC;
	assert_int_equal(file_is_network_fs(dirfd_, &network, &name, &err), 0);
	assert_true(network);
	assert_string_equal(name, "NFS");
	fs_magic = CIFS_SUPER_MAGIC; /* its top bit is set: f_type is signed */
	assert_int_equal(file_is_network_fs(dirfd_, &network, &name, &err), 0);
	assert_true(network);
	fs_magic = 0;
	assert_int_equal(file_is_network_fs(-1, &network, &name, &err), -1);
}

/* cleanup may take away what is just being written. */
static void test_a_writer_that_is_swept_begins_anew(void **state)
{
	int dir = dirfd_;
	struct error err = ERROR_INIT;
	char *text;

	(void)state;
	sweeps = 3;
	assert_int_equal(file_write_at(dir, "swept", "new\n", 4, 0640, true, &err), 0);
	assert_int_equal(sweeps, 0);
	assert_int_equal(file_read_at(dir, "swept", 100, &text, NULL, &err), 0);
	assert_string_equal(text, "new\n");
	free(text);
	/* Not for ever. */
	sweeps = 1000;
	assert_int_equal(file_write_at(dir, "swept", "newer\n", 6, 0640, true, &err), -1);
	sweeps = 0;
	error_clear(&err);
	assert_false(file_sweep_at(dir, NULL, false));
	unlinkat(dir, "swept", 0);
}

static void test_sweeping_takes_temporary_files_only(void **state)
{
	static const char *const temporary[] = { ".web1.tmp-abc123", ".web1.runtime.tmp-zzzzzz" };
	static const char *const kept[] = { "web1",  ".web1.status", "web1.tmp-abc123", ".web1.tmp-abc1234",
					    ".tmp-", ".web1.tmp-" };
	int dir = dirfd_;

	(void)state;
	for (size_t i = 0; i < ELEMENTS(temporary); i++)
		close(openat(dir, temporary[i], O_WRONLY | O_CREAT, 0600));
	for (size_t i = 0; i < ELEMENTS(kept); i++)
		close(openat(dir, kept[i], O_WRONLY | O_CREAT, 0600));
	assert_true(file_sweep_at(dir, "web1", false));
	assert_false(file_sweep_at(dir, "web2", true));
	assert_true(file_sweep_at(dir, "web1", true));
	assert_int_equal(faccessat(dir, temporary[0], F_OK, 0), -1);
	assert_int_equal(faccessat(dir, temporary[1], F_OK, 0), 0);
	assert_true(file_sweep_at(dir, NULL, true));
	assert_false(file_sweep_at(dir, NULL, true));
	for (size_t i = 0; i < ELEMENTS(kept); i++)
		assert_int_equal(unlinkat(dir, kept[i], 0), 0);
	assert_false(file_sweep_at(-1, NULL, true));
}

/* Of the descriptors from one up: those to keep stay, in whatever order they are named, the others go, now or at exec. */
static void test_all_descriptors_but_some(void **state)
{
	int fds[6], keep[3];

	(void)state;
	for (size_t i = 0; i < ELEMENTS(fds); i++) {
		fds[i] = fcntl(0, F_DUPFD, 700 + 2 * (int)i);
		assert_true(fds[i] >= 0);
	}
	keep[0] = fds[3], keep[1] = -1, keep[2] = fds[1];
	assert_int_equal(file_close_others(700, keep, ELEMENTS(keep), true), 0);
	for (size_t i = 0; i < ELEMENTS(fds); i++)
		assert_int_equal(fcntl(fds[i], F_GETFD), i == 1 || i == 3 ? 0 : FD_CLOEXEC);
	assert_int_equal(file_close_others(700, keep, ELEMENTS(keep), false), 0);
	for (size_t i = 0; i < ELEMENTS(fds); i++)
		assert_int_equal(fcntl(fds[i], F_GETFD), i == 1 || i == 3 ? 0 : -1);
	assert_int_equal(file_close_others(700, NULL, 0, false), 0);
	assert_int_equal(fcntl(fds[1], F_GETFD), -1);
	assert_true(fcntl(0, F_GETFD) >= 0);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_directory(test_write_and_read),
		in_directory(test_interrupted_calls_go_on),
		in_directory(test_failing_writes_leave_the_old),
		in_directory(test_failing_directory_sync),
		in_directory(test_a_file_in_a_directory_by_path),
		in_directory(test_bounded_reads),
		in_directory(test_reads_that_fail),
		in_directory(test_a_fifo_does_not_hang),
		in_directory(test_directories),
		in_directory(test_network_file_systems),
		in_directory(test_a_writer_that_is_swept_begins_anew),
		in_directory(test_sweeping_takes_temporary_files_only),
		cmocka_unit_test(test_all_descriptors_but_some),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
