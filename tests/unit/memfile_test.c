/* Sealed memory files: what they hold, and that nobody can change it. */
/* LDFLAGS: -Wl,--wrap=memfd_create */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/mman.h>

#include "base/text.h"
#include "host/memfile.h"

int __real_memfd_create(const char *name, unsigned int flags);
int __wrap_memfd_create(const char *name, unsigned int flags);

static int fail;

int __wrap_memfd_create(const char *name, unsigned int flags)
{
	if (fail) {
		errno = fail;
		return -1;
	}
	return __real_memfd_create(name, flags);
}

static void is_sealed_and_read_only(void **state)
{
	struct error err = ERROR_INIT;
	char text[16] = "", path[32];
	int fd, writing;

	(void)state;
	assert_int_equal(memfile_from("pem", "key\0x", 5, &fd, &err), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	assert_int_equal(read(fd, text, sizeof(text)), 5);
	assert_memory_equal(text, "key\0x", 5);
	/* Root may open it for writing, and still cannot write. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	writing = open(path, O_RDWR | O_CLOEXEC);
	if (writing >= 0) {
		assert_int_equal(write(writing, "x", 1), -1);
		assert_int_equal(ftruncate(writing, 0), -1);
		assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, writing, 0), MAP_FAILED);
		close(writing);
	}
	close(fd);
}

static void copies_of_files(void **state)
{
	struct error err = ERROR_INIT;
	char path[] = "/tmp/kvmctl-memfile-XXXXXX", text[16] = "";
	int file = mkstemp(path), fd = -3;

	(void)state;
	assert_int_equal(write(file, "0123456789", 10), 10);
	close(file);
	assert_int_equal(memfile_copy(path, 10, &fd, &err), 0);
	assert_int_equal(read(fd, text, sizeof(text)), 10);
	assert_string_equal(text, "0123456789");
	close(fd);
	fd = -3;
	assert_int_equal(memfile_copy(path, 9, &fd, &err), -1);
	assert_int_equal(err.errnum, EFBIG);
	unlink(path);
	assert_int_equal(memfile_copy(path, 9, &fd, &err), -1);
	assert_int_equal(err.errnum, ENOENT);
	assert_int_equal(fd, -3);
	error_clear(&err);
}

static void failure_is_said(void **state)
{
	struct error err = ERROR_INIT;
	int fd = -3;

	(void)state;
	fail = EMFILE;
	assert_int_equal(memfile_from("pem", "x", 1, &fd, &err), -1);
	fail = 0;
	assert_int_equal(err.kind, ERROR_HOST);
	assert_int_equal(err.errnum, EMFILE);
	assert_int_equal(fd, -3);
	error_clear(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_sealed_and_read_only),
		cmocka_unit_test(copies_of_files),
		cmocka_unit_test(failure_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
