/* NIC scripts: a clean environment, the output in the error, a deadline that holds for all that the script started. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/strv.h"
#include "host/nic_script.h"
#include "scratch.h"

static char *const env[] = { (char *)"INSTANCE=web1", (char *)"TAGS=a b", NULL };

static void gets_its_action_and_nothing_else(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *seen = scratch_path(*state, "seen"), *text = NULL;
	_cleanup_free_ char *body =
		xprintf("#!/bin/sh\necho \"$1 $#\" >%s; env | grep -v ^_= | sort >>%s; pwd >>%s\n", seen, seen, seen);
	_cleanup_free_ char *script = scratch_script(*state, "script", body);

	setenv("SECRET_OF_THE_CALLER", "x", 1);
	assert_int_equal(nic_script_run(script, "up", env, deadline_in(20000), &err), 0);
	assert_int_equal(file_read_at(AT_FDCWD, seen, 4096, &text, NULL, &err), 0);
	assert_true(starts_with(text, "up 1\n"));
	assert_non_null(strstr(text, "\nINSTANCE=web1\n"));
	assert_non_null(strstr(text, "\nTAGS=a b\n"));
	assert_non_null(strstr(text, "\nPATH=/usr/local/sbin:"));
	assert_null(strstr(text, "SECRET_OF_THE_CALLER"));
	assert_true(ends_with(text, "\n/\n"));
}

static void failure_shows_status_and_output(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *script =
		scratch_script(*state, "script", "#!/bin/sh\necho 'no such bridge' >&2\nexit 7\n");

	assert_int_equal(nic_script_run(script, "up", env, deadline_in(20000), &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_non_null(strstr(err.message, script));
	assert_non_null(strstr(err.message, "exit status 7"));
	assert_non_null(strstr(err.message, "no such bridge"));
	assert_non_null(err.hint);
}

static void too_slow_is_a_timeout_for_its_children_too(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *late = scratch_path(*state, "late");
	_cleanup_free_ char *body = xprintf("#!/bin/sh\n(sleep 2; echo >%s) &\nsleep 60\n", late);
	_cleanup_free_ char *script = scratch_script(*state, "script", body);
	int64_t begin = clock_boottime_ms();

	assert_int_equal(nic_script_run(script, "up", env, deadline_in(300), &err), -1);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
	assert_non_null(strstr(err.message, script));
	assert_true(clock_boottime_ms() - begin < 5000);
	/* The child of the script that would have written it was killed with it. */
	sleep(2);
	usleep(300 * 1000);
	assert_int_equal(access(late, F_OK), -1);
}

static void what_cannot_be_run_is_named(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *script = scratch_file(*state, "script", "#!/bin/sh\n", 10, 0644),
			    *none = scratch_path(*state, "none");

	assert_int_equal(nic_script_run(script, "up", env, deadline_in(20000), &err), -1);
	assert_non_null(strstr(err.message, script));
	assert_int_equal(nic_script_run(none, "down", env, deadline_in(20000), &err), -1);
	assert_non_null(strstr(err.message, none));
	assert_int_equal(nic_script_run("relative", "up", env, deadline_in(20000), &err), -1);
	assert_non_null(strstr(err.message, "\"relative\""));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gets_its_action_and_nothing_else),
		TEST(failure_shows_status_and_output),
		TEST(too_slow_is_a_timeout_for_its_children_too),
		TEST(what_cannot_be_run_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
