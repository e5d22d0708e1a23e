/* Understanding a command line: global options anywhere, a command's own after it, what is refused and what is proposed then. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/text.h"
#include "cli/options.h"

#define ARGS(...) ((const char *[]){ "kvmctl", __VA_ARGS__, NULL })

/* Only for the test: counts argv. */
static int parse(const char **argv, struct invocation *ret, struct error *err)
{
	int argc = 0;
	while (argv[argc])
		argc++;
	return options_parse(argc, argv, ret, err);
}

static void refused(const char **argv, const char *message, const char *hint)
{
	_cleanup_(invocation_clear) struct invocation inv = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;

	assert_int_equal(parse(argv, &inv, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_non_null(strstr(err.message, message));
	if (hint) {
		assert_non_null(err.hint);
		assert_non_null(strstr(err.hint, hint));
	}
}

static void test_global_before_and_after(void **state)
{
	(void)state;
	const char **lines[] = { ARGS("--json", "--timeout=2m", "-qvv", "params", "acpi"),
				 ARGS("params", "acpi", "--timeout", "120", "--json", "-v", "-q", "--verbose"),
				 ARGS("params", "-qvv", "--json", "acpi", "--timeout", "9", "--timeout=120s") };

	for (size_t i = 0; i < ELEMENTS(lines); i++) {
		_cleanup_(invocation_clear) struct invocation inv = { 0 };
		_cleanup_error_ struct error err = ERROR_INIT;
		assert_int_equal(parse(lines[i], &inv, &err), 0);
		assert_string_equal(inv.command->name, "params");
		assert_true(inv.globals.json);
		assert_int_equal(inv.globals.timeout_ms, 120000);
		assert_int_equal(inv.globals.wait_ms, WAIT_DEFAULT_MS);
		assert_int_equal(inv.globals.quiet, 1);
		assert_int_equal(inv.globals.verbose, 2);
		assert_int_equal(inv.n_args, 1);
		assert_string_equal(inv.args[0], "acpi");
		assert_null(inv.args[1]);
	}
}

static void test_two_words(void **state)
{
	_cleanup_(invocation_clear) struct invocation inv = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;
	(void)state;

	assert_int_equal(parse(ARGS("host", "--json", "powercycle", "--yes"), &inv, &err), 0);
	assert_string_equal(inv.command->name, "host powercycle");
	assert_true(invocation_has(&inv, "yes"));
	assert_false(invocation_has(&inv, "dry-run"));
	refused(ARGS("host"), "\"host\" needs one more word", "\"host powercycle\"");
	refused(ARGS("host", "powercycel"), "unknown command \"host powercycel\"", "did you mean \"host powercycle\"?");
}

static void test_double_dash(void **state)
{
	_cleanup_(invocation_clear) struct invocation inv = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;
	(void)state;

	assert_int_equal(parse(ARGS("params", "--", "--json"), &inv, &err), 0);
	assert_false(inv.globals.json);
	assert_string_equal(inv.args[0], "--json");
}

static void test_single_dash_is_an_argument(void **state)
{
	_cleanup_(invocation_clear) struct invocation inv = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;
	(void)state;

	assert_int_equal(parse(ARGS("params", "-"), &inv, &err), 0);
	assert_string_equal(inv.args[0], "-");
}

static void test_option_values(void **state)
{
	(void)state;
	const char **lines[] = { ARGS("help", "--fragment", "--json"), ARGS("help", "--fragment=--json") };

	for (size_t i = 0; i < ELEMENTS(lines); i++) {
		_cleanup_(invocation_clear) struct invocation inv = { 0 };
		_cleanup_error_ struct error err = ERROR_INIT;
		assert_int_equal(parse(lines[i], &inv, &err), 0);
		assert_string_equal(invocation_option(&inv, "fragment"), "--json");
		assert_false(inv.globals.json);
	}
}

static void test_refused(void **state)
{
	(void)state;
	refused(ARGS("parms"), "unknown command \"parms\"", "did you mean \"params\"?");
	refused(ARGS("xyzzy"), "unknown command \"xyzzy\"", "kvmctl help");
	refused(ARGS("\033[31m"), "unknown command \"\\x1b[31m\"", NULL);
	refused(ARGS("params", "--timeot=5"), "unknown option \"--timeot\"", "did you mean \"--timeout\"?");
	refused(ARGS("--yes", "host", "powercycle"), "unknown option \"--yes\"", "after its name");
	refused(ARGS("host", "powercycle", "--dryrun"), "unknown option \"--dryrun\"", "did you mean \"--dry-run\"?");
	refused(ARGS("params", "-x"), "unknown option \"-x\"", "--");
	refused(ARGS("params", "--json=yes"), "--json takes no value", NULL);
	refused(ARGS("params", "--timeout"), "--timeout needs a value", NULL);
	refused(ARGS("params", "--timeout", "soon"), "soon", NULL);
	refused(ARGS("params", "--timeout=-1"), "-1", NULL);
	refused(ARGS("params", "a", "b"), "too many arguments for \"params\": \"b\"", "usage: kvmctl params [PARAM]");
	refused(ARGS("completion"), "\"completion\" needs bash", "usage: kvmctl completion bash");
	refused((const char *[]){ "kvmctl", NULL }, "which command?", "usage: kvmctl");
	refused(ARGS("-q"), "which command?", NULL);
}

/* --help and --version work whatever else the line lacks. */
static void test_help_needs_nothing(void **state)
{
	_cleanup_(invocation_clear) struct invocation inv = { 0 }, bare = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;
	(void)state;

	assert_int_equal(parse(ARGS("completion", "-h"), &inv, &err), 0);
	assert_true(inv.globals.help);
	assert_int_equal(parse(ARGS("--version"), &bare, &err), 0);
	assert_true(bare.globals.version);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_global_before_and_after),
		cmocka_unit_test(test_two_words),
		cmocka_unit_test(test_double_dash),
		cmocka_unit_test(test_single_dash_is_an_argument),
		cmocka_unit_test(test_option_values),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_help_needs_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
