/* New images: of the right size and format, and never over one that is there. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "base/text.h"
#include "host/image.h"
#include "host/image_make.h"
#include "scratch.h"

#define MIB (1024 * 1024)

static void make(const struct image_order *order)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (image_make(order, deadline_in(60000), &err) < 0)
		fail_msg("%s", err.message);
}

static void a_raw_one_is_its_length(void **state)
{
	_cleanup_free_ char *path = scratch_path(*state, "raw");
	struct stat st;

	make(&(struct image_order){ path, "raw", 5 * MIB, "" });
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 5 * MIB);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void one_that_is_there_stays(void **state)
{
	_cleanup_free_ char *path = scratch_path(*state, "there");
	_cleanup_error_ struct error err = ERROR_INIT;
	struct stat st;

	make(&(struct image_order){ path, "raw", MIB, "" });
	assert_int_equal(image_make(&(struct image_order){ path, "raw", 2 * MIB, "" }, deadline_in(1000), &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, MIB);
}

static void a_qcow2_stands_on_another(void **state)
{
	_cleanup_free_ char *base = scratch_path(*state, "base"), *path = scratch_path(*state, "top");
	_cleanup_image_ struct image_header header = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;

	if (access("/usr/bin/qemu-img", X_OK) < 0)
		skip();
	make(&(struct image_order){ base, "raw", MIB, "" });
	make(&(struct image_order){ path, "qcow2", 3 * MIB, base });
	assert_int_equal(image_read_header(path, &header, &err), 0);
	assert_true(header.qcow2);
	assert_int_equal(header.virtual_size, 3 * MIB);
	assert_string_equal(header.backing, base);
	assert_string_equal(header.backing_format, "raw");
}

static void nothing_is_left_of_one_that_fails(void **state)
{
	_cleanup_free_ char *path = scratch_path(*state, "bad"), *none = scratch_path(*state, "none");
	_cleanup_error_ struct error err = ERROR_INIT;

	if (access("/usr/bin/qemu-img", X_OK) < 0)
		skip();
	assert_int_equal(image_make(&(struct image_order){ path, "qcow2", MIB, none }, deadline_in(60000), &err), -1);
	assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_raw_one_is_its_length, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(one_that_is_there_stays, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_qcow2_stands_on_another, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(nothing_is_left_of_one_that_fails, scratch_setup, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
