/* base/error, base/problems, base/log: what is said. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>

#include "base/error.h"
#include "base/log.h"
#include "base/problems.h"
#include "base/text.h"

static void test_set_replaces(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(error_errno(&err, ERROR_HOST, ENOSPC, "cannot write \"%s\"", "x"), -1);
	assert_string_equal(err.message, "cannot write \"x\": No space left on device");
	assert_non_null(strstr(err.hint, "full"));
	assert_int_equal(err.errnum, ENOSPC);
	/* The old message may be an argument. */
	assert_int_equal(error_set(&err, ERROR_QEMU, "again: %s", err.message), -1);
	assert_string_equal(err.message, "again: cannot write \"x\": No space left on device");
	assert_null(err.hint);
	assert_int_equal(err.errnum, 0);
	assert_int_equal(err.kind, ERROR_QEMU);
}

static void test_context_keeps_kind_and_hint(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT, other = ERROR_INIT;

	(void)state;
	error_set(&err, ERROR_BUSY, "held");
	error_hint(&err, "wait %d s", 5);
	error_prefix(&err, "instance \"%s\"", "web1");
	assert_string_equal(err.message, "instance \"web1\": held");
	assert_string_equal(err.hint, "wait 5 s");
	error_set(&other, ERROR_OTHER, "old");
	assert_int_equal(error_move(&other, &err), -1);
	assert_int_equal(other.kind, ERROR_BUSY);
	assert_null(err.message);
	assert_int_equal(err.kind, ERROR_NONE);
}

static void test_hints_of_refusals(void **state)
{
	static const int refusals[] = { EACCES, EPERM, ENOSPC, EROFS };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(refusals); i++) {
		_cleanup_error_ struct error err = ERROR_INIT;

		error_errno(&err, ERROR_HOST, refusals[i], "x");
		assert_non_null(err.hint);
	}
}

static void test_every_kind_has_a_name(void **state)
{
	(void)state;
	for (enum error_kind kind = ERROR_NONE; kind < ERROR_MAX; kind++)
		assert_non_null(error_kind_to_string(kind));
	assert_string_equal(error_kind_to_string(ERROR_NO_INSTANCE), "no-such-instance");
}

static void test_problems(void **state)
{
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT, one = ERROR_INIT;

	(void)state;
	assert_int_equal(problems_to_error(&problems, ERROR_SPEC, "spec", &err), 0);
	error_set(&one, ERROR_SPEC, "bad");
	error_hint(&one, "mend it");
	problems_add_error(&problems, "disks[0].path", &one);
	assert_null(one.message);
	assert_int_equal(problems_to_error(&problems, ERROR_SPEC, "spec", &err), -1);
	assert_string_equal(err.message, "spec: disks[0].path: bad (mend it)");
	problems_add(&problems, "", "%d things", 2);
	assert_int_equal(problems_to_error(&problems, ERROR_HOST, "spec", &err), -1);
	assert_string_equal(err.message, "spec: 2 problems:\n  disks[0].path: bad (mend it)\n  2 things");
	assert_int_equal(err.kind, ERROR_HOST);
}

static void test_problems_of_a_part(void **state)
{
	_cleanup_problems_ struct problems part = { 0 }, whole = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	problems_add_all(&whole, &part, "nobody");
	assert_int_equal(whole.n, 0);
	problems_add(&part, "path", "100 %%");
	problems_add(&part, "", "bad");
	problems_add_all(&whole, &part, "tap0");
	problems_add_all(&whole, &part, "");
	assert_int_equal(part.n, 2);
	assert_int_equal(problems_to_error(&whole, ERROR_SPEC, "it", &err), -1);
	assert_string_equal(err.message, "it: 4 problems:\n  tap0: path: 100 %\n  tap0: bad\n  path: 100 %\n  bad");
}

static void test_log_levels(void **state)
{
	char text[256] = "";
	int fds[2], saved = dup(STDERR_FILENO);

	(void)state;
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	dup2(fds[1], STDERR_FILENO);
	errno = EXDEV;
	log_warning("w %d", 1);
	log_notice("n");
	log_verbose("not said");
	log_set_level(LOG_LEVEL_QUIET);
	log_warning("not said");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("d");
	assert_int_equal(errno, EXDEV);
	close(STDERR_FILENO);
	log_warning("nowhere"); /* stderr may be closed */
	dup2(saved, STDERR_FILENO);
	assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "kvmctl: warning: w 1\nkvmctl: n\nkvmctl: d\n");
	assert_int_equal(log_get_level(), LOG_LEVEL_DEBUG);
	close(saved);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_replaces),      cmocka_unit_test(test_context_keeps_kind_and_hint),
		cmocka_unit_test(test_hints_of_refusals), cmocka_unit_test(test_every_kind_has_a_name),
		cmocka_unit_test(test_problems),          cmocka_unit_test(test_problems_of_a_part),
		cmocka_unit_test(test_log_levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
