/* TAP devices, in a network namespace of the test's own: exclusive names, queues, nothing left when the descriptors are closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>

#include "base/text.h"
#include "host/tap.h"

static bool own_namespace(void)
{
	return unshare(CLONE_NEWNET) == 0 && access("/dev/net/tun", R_OK | W_OK) == 0;
}

static int setup(void **state)
{
	static bool able;
	*state = &able;
	able = able || own_namespace();
	return 0;
}

static void needs_namespace(void **state)
{
	if (!*(bool *)*state) {
		print_message("no right to make a network namespace, or no /dev/net/tun\n");
		skip();
	}
}

static void probe_knows_what_the_kernel_has(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct tap_features features = { 0 };

	needs_namespace(state);
	assert_int_equal(tap_probe(&features, &err), 0);
	assert_true(features.vnet_hdr);
	assert_true(features.multi_queue);
}

static void names_are_free_and_short(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	char first[TAP_NAME_SIZE], second[TAP_NAME_SIZE];

	(void)state;
	assert_int_equal(tap_choose_name(first, &err), 0);
	assert_int_equal(tap_choose_name(second, &err), 0);
	assert_true(strlen(first) <= 15 && starts_with(first, "kvt"));
	assert_string_not_equal(first, second);
}

static void device_lives_as_long_as_its_descriptors(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	int fds[3];

	needs_namespace(state);
	assert_int_equal(tap_open("kvtlife", 3, true, fds, &err), 0);
	assert_int_not_equal(if_nametoindex("kvtlife"), 0);
	for (int i = 0; i < 3; i++) {
		assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
		close(fds[i]);
	}
	assert_int_equal(if_nametoindex("kvtlife"), 0);
}

static void taken_name_is_busy(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int first = -1;
	int second = -1;

	needs_namespace(state);
	assert_int_equal(tap_open("kvttaken", 1, true, &first, &err), 0);
	assert_int_equal(tap_open("kvttaken", 1, true, &second, &err), -1);
	assert_int_equal(err.kind, ERROR_BUSY);
	assert_non_null(strstr(err.message, "\"kvttaken\""));
	assert_int_equal(second, -1);
	/* Another kind of device counts as well. */
	assert_int_equal(tap_open("lo", 1, true, &second, &err), -1);
	assert_int_equal(err.kind, ERROR_BUSY);
}

static void bad_names_are_refused(void **state)
{
	static const char *const bad[] = { "", "0123456789abcdef", "tap%d" };
	_cleanup_error_ struct error err = ERROR_INIT;
	int fd = -1;

	(void)state;
	for (size_t i = 0; i < ELEMENTS(bad); i++)
		assert_int_equal(tap_open(bad[i], 1, false, &fd, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(probe_knows_what_the_kernel_has, setup),
		cmocka_unit_test_setup(names_are_free_and_short, setup),
		cmocka_unit_test_setup(device_lives_as_long_as_its_descriptors, setup),
		cmocka_unit_test_setup(taken_name_is_busy, setup),
		cmocka_unit_test_setup(bad_names_are_refused, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
