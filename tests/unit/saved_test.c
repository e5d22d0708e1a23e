/* Links of saved guests, and what their disks were. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "scratch.h"
#include "vm/save_disks.h"
#include "vm/saved.h"

static void test_links(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_rundir_ struct rundir rundir = RUNDIR_INIT;
	_cleanup_free_ char *run = xprintf("%s/run", ((struct scratch *)*state)->dir),
			    *lasting = xprintf("%s/lasting", ((struct scratch *)*state)->dir);
	char *file = NULL;

	assert_int_equal(rundir_open(run, true, &rundir, &err), 0);
	rundir_set_saved(&rundir, lasting);
	assert_int_equal(saved_file(&rundir, "web1", &file, &err), 0);
	assert_int_equal(saved_unlink(&rundir, "web1", NULL, &err), 0);
	assert_int_equal(saved_link(&rundir, "web1", "/x/one", &err), 0);
	assert_int_equal(saved_link(&rundir, "web1", "/x/two", &err), 0);
	assert_int_equal(saved_file(&rundir, "web1", &file, &err), 1);
	assert_string_equal(file, "/x/two");
	free(file);
	/* Only when it leads to that one. */
	assert_int_equal(saved_unlink(&rundir, "web1", "/x/one", &err), 0);
	assert_int_equal(saved_file(&rundir, "web1", &file, &err), 1);
	free(file);
	assert_int_equal(saved_unlink(&rundir, "web1", "/x/two", &err), 0);
	assert_int_equal(saved_file(&rundir, "web1", &file, &err), 0);
}

static void write_disk(const char *path, const char *text)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	assert_int_equal(file_write_at(AT_FDCWD, path, text, strlen(text), 0600, false, &err), 0);
}

static size_t problems_of(const struct json *recorded)
{
	_cleanup_problems_ struct problems problems = { 0 };

	save_disks_compare(recorded, &problems);
	return problems.n;
}

static void test_disks(void **state)
{
	_cleanup_free_ char *path = xprintf("%s/disk", ((struct scratch *)*state)->dir);
	struct disk disks[] = { { .path = path, .format = (char *)"raw" },
				{ .path = (char *)"nbd://host/x", .format = (char *)"raw" } };
	struct spec spec = { .disks = disks, .n_disks = ELEMENTS(disks) };
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1000000000, .tv_nsec = 1 } };

	write_disk(path, "0123456789");
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	_cleanup_json_ struct json *then = save_disks_look(&spec);
	assert_int_equal(json_length(then), 1);
	assert_int_equal(problems_of(then), 0);
	/* A nanosecond later. */
	times[1].tv_nsec = 2;
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(problems_of(then), 1);
	times[1].tv_nsec = 1;
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(problems_of(then), 0);
	assert_int_equal(truncate(path, 5), 0);
	assert_int_equal(problems_of(then), 1);
	/* Another file of the same size and time. */
	write_disk(path, "0123456789");
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(problems_of(then), 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(problems_of(then), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_links, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_disks, scratch_setup, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
