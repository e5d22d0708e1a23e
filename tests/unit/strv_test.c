/* base/strv: vectors, and the shell's words. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/strv.h"
#include "base/text.h"

/* The words of `text`, each in <>. */
static void splits(const char *text, const char *expected)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_strv_ char **v = NULL;
	_cleanup_free_ char *joined = NULL, *shown = NULL;

	if (strv_split_shell(text, &v, &err) < 0)
		fail_msg("%s: %s", text, err.message);
	joined = strv_join(v, "><");
	shown = v ? xprintf("<%s>", joined) : xstrdup("");
	assert_string_equal(shown, expected);
}

static void test_shell_words(void **state)
{
	(void)state;
	splits("", "");
	splits(" \t\n", "");
	splits("a  b\tc", "<a><b><c>");
	splits("a'b c'd", "<ab cd>");
	splits("'' \"\"", "<><>");
	splits("\"a\\\"b\\\\c\\d\\$\"", "<a\"b\\c\\d$>");
	splits("'a\\'", "<a\\>");
	splits("a\\ b \\'", "<a b><'>");
	splits("a\\\nb \"c\\\nd\"", "<ab><cd>");
	splits("$HOME `x` *", "<$HOME><`x`><*>");
}

static void test_shell_words_without_an_end(void **state)
{
	static const char *const broken[] = { "'a", "\"a", "a\\", "\"a\\\"", "'" };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(broken); i++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		char **v = NULL;

		assert_int_equal(strv_split_shell(broken[i], &v, &err), -1);
		assert_int_equal(err.kind, ERROR_SPEC);
		assert_null(v);
	}
}

static void test_quoting_reads_back(void **state)
{
	static const char *const words[] = { "plain", "", "a b", "it's", "a\"b\\c$d`e\nf", "-x=/y,z" };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(words); i++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_free_ char *quoted = text_quote_shell(words[i]);
		_cleanup_strv_ char **v = NULL;

		assert_int_equal(strv_split_shell(quoted, &v, &err), 0);
		assert_int_equal(strv_length(v), 1);
		assert_string_equal(v[0], words[i]);
	}
}

static void test_vector(void **state)
{
	_cleanup_strv_ char **v = NULL, **copy = NULL;
	_cleanup_free_ char *joined = NULL;

	(void)state;
	strv_add(&v, "a");
	strv_addf(&v, "%d", 2);
	strv_take(&v, xstrdup("c"));
	copy = strv_copy(v);
	strv_extend(&v, copy);
	strv_extend(&v, NULL);
	assert_int_equal(strv_length(v), 6);
	assert_true(strv_contains(v, "2"));
	assert_false(strv_contains(NULL, "2"));
	joined = strv_join(v, ", ");
	assert_string_equal(joined, "a, 2, c, a, 2, c");
}

static void test_split(void **state)
{
	_cleanup_strv_ char **v = strv_split("a,b,,c", ',');
	_cleanup_free_ char *joined = strv_join(v, "|"), *nothing = strv_join(NULL, "|");

	(void)state;
	assert_string_equal(joined, "a|b||c");
	assert_string_equal(nothing, "");
	assert_null(strv_split("", ','));

	_cleanup_strv_ char **one = strv_split("a", ','), **empty = strv_split(",", ',');
	assert_int_equal(strv_length(one), 1);
	assert_int_equal(strv_length(empty), 2);
	assert_string_equal(empty[1], "");
}

static void test_sort(void **state)
{
	_cleanup_strv_ char **v = strv_split("b,,B,a,ba,a", ','), **none = NULL;
	_cleanup_free_ char *joined = NULL, *once = NULL;

	(void)state;
	strv_sort(v);
	strv_sort(none);
	joined = strv_join(v, "|");
	assert_string_equal(joined, "|B|a|a|b|ba");
	strv_sort_unique(v);
	strv_sort_unique(none);
	assert_int_equal(strv_length(v), 5);
	once = strv_join(v, "|");
	assert_string_equal(once, "|B|a|b|ba");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shell_words),
		cmocka_unit_test(test_shell_words_without_an_end),
		cmocka_unit_test(test_quoting_reads_back),
		cmocka_unit_test(test_vector),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_sort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
