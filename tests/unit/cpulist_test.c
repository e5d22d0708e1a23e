/* base/cpulist: sets of CPUs and their text. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/cpulist.h"
#include "base/text.h"

/* expected NULL: refused. */
static void list(const char *text, const char *expected)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *back = NULL;
	struct cpulist parsed;

	if (cpulist_parse(text, &parsed, &err) < 0) {
		assert_int_equal(err.kind, ERROR_SPEC);
		if (expected)
			fail_msg("%s: %s", text, err.message);
		return;
	}
	back = cpulist_to_text(&parsed);
	assert_string_equal(back, expected ?: "(refused)");
}

static void test_lists(void **state)
{
	(void)state;
	list("all", "all");
	list("0", "0");
	list("4,0-2", "0-2,4");
	list("3,2,1,1-2", "1-3");
	list("0-7,^3", "0-2,4-7");
	list("^3,0-7", "0-2,4-7");
	list("0-7,^2-5,^100", "0-1,6-7");
	list("1023", "1023");
	list("0-1023", "0-1023");
}

static void test_refused_lists(void **state)
{
	static const char *const wrong[] = { "",    ",",    "1,",    "3-1", "1024", "0-1024", "-1",
					     "1-",  "a",    "^",     "^3",  "1,^1", "all,1",  "ALL",
					     "1 2", "1--2", "1-2-3", "^^1", "0x1",  "1:2",    "99999999999999999999" };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(wrong); i++)
		list(wrong[i], NULL);
}

static void test_masks(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ struct cpulist *lists = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(cpumask_parse("0-1:all:3", &lists, &n, &err), 0);
	assert_int_equal(n, 3);
	assert_int_equal(CPU_COUNT(&lists[0].set), 2);
	assert_true(lists[1].all);
	assert_true(CPU_ISSET(3, &lists[2].set));
	assert_int_equal(cpumask_parse("0::1", &lists, &n, &err), -1);
	assert_int_equal(cpumask_parse("", &lists, &n, &err), -1);
	assert_int_equal(n, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_refused_lists),
		cmocka_unit_test(test_masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
