/* base/text: strings. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/text.h"

static void test_array_grows(void **state)
{
	_cleanup_free_ int *list = NULL;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		grow_array(list, n);
		list[n++] = i;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(list[i], i);
}

static void test_prefix_and_suffix(void **state)
{
	(void)state;
	assert_true(starts_with("abc", "ab"));
	assert_true(starts_with("abc", ""));
	assert_false(starts_with("ab", "abc"));
	assert_true(ends_with("abc", "bc"));
	assert_false(ends_with("bc", "abc"));
	assert_true(is_empty(NULL) && is_empty("") && !is_empty("x"));
}

static void test_replace_with_a_part_of_itself(void **state)
{
	_cleanup_free_ char *s = xstrdup("hello world");

	(void)state;
	text_replace(&s, s + 6);
	assert_string_equal(s, "world");
	text_replace(&s, NULL);
	assert_null(s);
}

static void trims(const char *s, const char *expected)
{
	_cleanup_free_ char *trimmed = text_trim(s);

	assert_string_equal(trimmed, expected);
}

static void test_trim(void **state)
{
	(void)state;
	trims(" \t a b\r\n", "a b");
	trims("  \n", "");
	trims("x", "x");
}

static void printable(const char *s, size_t length, size_t max, const char *expected)
{
	_cleanup_free_ char *text = text_printable(s, length, max);

	assert_string_equal(text, expected);
}

static void test_printable(void **state)
{
	(void)state;
	printable("a\n\x1b[31m\x7f", 8, 100, "a\\x0a\\x1b[31m\\x7f");
	printable("\xc3\xa4\xff\x00z", 5, 100, "\xc3\xa4\\xff\\x00z");
	printable("\xc2\x9b"
		  "x",
		  3, 100, "\\xc2\\x9bx"); /* C1: a terminal's CSI */
	printable("abcdef", 6, 3, "abc...");
	printable("ab\xc3\xa4"
		  "cd",
		  6, 3, "ab..."); /* no half of a character */
}

static void test_utf8_length(void **state)
{
	(void)state;
	assert_int_equal(text_utf8_length("a", 1), 1);
	assert_int_equal(text_utf8_length("\xf0\x9f\x98\x80", 4), 4);
	assert_int_equal(text_utf8_length("\xf0\x9f\x98\x80", 3), 0);
	assert_int_equal(text_utf8_length("\xe0\x80\x80", 3), 0);     /* overlong */
	assert_int_equal(text_utf8_length("\xf4\x90\x80\x80", 4), 0); /* over U+10FFFF */
	assert_int_equal(text_utf8_length("", 0), 0);
}

static void test_put_utf8(void **state)
{
	static const struct {
		unsigned int code;
		const char *expected;
	} rows[] = { { 1, "\x01" },
		     { 0x7f, "\x7f" },
		     { 0x80, "\xc2\x80" },
		     { 0x7ff, "\xdf\xbf" },
		     { 0x800, "\xe0\xa0\x80" },
		     { 0xffff, "\xef\xbf\xbf" },
		     { 0x10000, "\xf0\x90\x80\x80" },
		     { 0x1f600, "\xf0\x9f\x98\x80" },
		     { 0x10ffff, "\xf4\x8f\xbf\xbf" } };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		_cleanup_free_ char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		assert_non_null(out);
		text_put_utf8(out, rows[i].code);
		fclose(out);
		assert_string_equal(text, rows[i].expected);
		assert_int_equal(text_utf8_length(text, size), size);
	}
}

static void test_nearest(void **state)
{
	static const char *const keys[] = { "acpi", "boot_order", "cdrom_image_path", "cpu_mask" };

	(void)state;
	assert_string_equal(text_nearest("boot_ordr", keys, ELEMENTS(keys)), "boot_order");
	assert_string_equal(text_nearest("cpumask", keys, ELEMENTS(keys)), "cpu_mask");
	assert_string_equal(text_nearest("apci", keys, ELEMENTS(keys)) ?: "none",
			    "acpi"); /* neighbours exchanged: one edit */
	assert_string_equal(text_nearest("aqqi", keys, ELEMENTS(keys)) ?: "none", "none"); /* two edits of four */
	assert_null(text_nearest("zzz", keys, ELEMENTS(keys)));
	assert_null(text_nearest("", keys, ELEMENTS(keys)));
}

static void lines_become_one(void **unused)
{
	static const char words[] = "first\r\n\nsecond\x1b\n";
	_cleanup_free_ char *one = text_one_line(words, strlen(words), 100), *none = text_one_line("\n", 1, 100);

	(void)unused;
	assert_string_equal(one, "first; second\\x1b");
	assert_string_equal(none, "");
}

static void lines_stay(void **unused)
{
	static const char words[] = "2 problems:\n  a: is\x1b missing\r\n\n  b: too\n";
	_cleanup_free_ char *lines = text_printable_lines(words, strlen(words), 100);

	(void)unused;
	assert_string_equal(lines, "2 problems:\n  a: is\\x1b missing\n  b: too");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_one),
		cmocka_unit_test(lines_stay),
		cmocka_unit_test(test_array_grows),
		cmocka_unit_test(test_prefix_and_suffix),
		cmocka_unit_test(test_replace_with_a_part_of_itself),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_printable),
		cmocka_unit_test(test_utf8_length),
		cmocka_unit_test(test_put_utf8),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
