/* base/json: what the strict door lets in, and where it says the fault is. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/strv.h"
#include "base/text.h"

static struct json *parse(const char *text)
{
	struct error err = ERROR_INIT;
	struct json *j = NULL;

	if (json_parse(text, strlen(text), JSON_SPEC_MAX_BYTES, JSON_SPEC_MAX_DEPTH, "spec", &j, &err) < 0)
		fail_msg("%s: %s", text, err.message);
	return j;
}

/* The text is refused with exactly this message. */
static void refused_n(const char *text, size_t length, const char *message)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *j = NULL;

	if (json_parse(text, length, JSON_SPEC_MAX_BYTES, JSON_SPEC_MAX_DEPTH, "spec", &j, &err) == 0)
		fail_msg("accepted: %s", text);
	assert_null(j);
	assert_int_equal(err.kind, ERROR_SPEC);
	assert_string_equal(err.message, message);
}

static void refused(const char *text, const char *message)
{
	refused_n(text, strlen(text), message);
}

static void round_trip(const char *text, const char *expected)
{
	_cleanup_json_ struct json *j = parse(text);
	_cleanup_free_ char *back = json_to_text(j);

	assert_string_equal(back, expected);
}

static void test_values_round_trip(void **state)
{
	(void)state;
	round_trip("{ \"b\" : 1,\r\n\t\"a\":[ true,false , null,\"x\" ] }", "{\"b\":1,\"a\":[true,false,null,\"x\"]}");
	round_trip("null", "null");
	round_trip(" [] ", "[]");
	round_trip("{}", "{}");
	round_trip("\"/a/b\"", "\"/a/b\"");
	round_trip("[0.1,-0,1e2,-1.5E-3]", "[0.1,0,1e2,-1.5E-3]");
}

static void test_numbers_of_64_bits(void **state)
{
	_cleanup_json_ struct json *j = parse("[9223372036854775807,-9223372036854775808,18446744073709551615]");

	(void)state;
	assert_true(json_int(json_at(j, 0), 0) == INT64_MAX);
	assert_true(json_int(json_at(j, 1), 0) == INT64_MIN);
	assert_int_equal(json_type_of(json_at(j, 2)), JSON_DOUBLE);
	assert_int_equal(json_int(json_at(j, 2), -7), -7);
	refused("18446744073709551616", "spec: line 1, column 1: a number that does not fit in 64 bits");
	refused("[-9223372036854775809]", "spec: line 1, column 2: a number that does not fit in 64 bits");
	refused("1e999", "spec: line 1, column 1: a number that does not fit in 64 bits");
}

static void test_malformed_numbers(void **state)
{
	(void)state;
	refused("01", "spec: line 1, column 1: a number with a leading zero");
	refused("-", "spec: line 1, column 2: expected a value, but the text ends");
	refused("1.", "spec: line 1, column 3: expected a digit after the point, but the text ends");
	refused("1e+", "spec: line 1, column 4: expected a digit in the exponent, but the text ends");
	refused("+1", "spec: line 1, column 1: expected a value, not \"+\"");
	refused("NaN", "spec: line 1, column 1: expected a value, not \"N\"");
	refused("12abc", "spec: line 1, column 3: expected the end, not \"a\"");
}

static void test_duplicate_keys(void **state)
{
	(void)state;
	refused("{\n \"a\": 1,\n \"b\": 2, \"a\": 3}", "spec: line 3, column 10: the key \"a\" is given twice");
	refused("{\"a\":1,\"\\u0061\":2}", "spec: line 1, column 8: the key \"a\" is given twice");
}

static void test_what_json_c_would_take(void **state)
{
	(void)state;
	refused("{'a':1}", "spec: line 1, column 2: expected a string in double quotes, not \"'\"");
	refused("[1,]", "spec: line 1, column 4: expected a value, not \"]\"");
	refused("[1] x", "spec: line 1, column 5: expected the end, not \"x\"");
	refused("/* no */ 1", "spec: line 1, column 1: expected a value, not \"/\"");
	refused("TRUE", "spec: line 1, column 1: expected a value, not \"T\"");
	refused("", "spec: line 1, column 1: expected a value, but the text ends");
	refused("{\"a\" 1}", "spec: line 1, column 6: expected \":\", not \"1\"");
	refused("[1 2]", "spec: line 1, column 4: expected \",\" or \"]\", not \"2\"");
	refused("{\"a\":1", "spec: line 1, column 7: expected \",\" or \"}\", but the text ends");
}

static void test_strings(void **state)
{
	_cleanup_json_ struct json *j =
		parse("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"\\u00e4\\u20ac\\ud83d\\ude00\", \"\xc3\xa4\"]");

	(void)state;
	assert_string_equal(json_string(json_at(j, 0), ""), "\"\\/\b\f\n\r\t");
	assert_string_equal(json_string(json_at(j, 1), ""), "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	assert_string_equal(json_string(json_at(j, 2), ""), "\xc3\xa4");
}

static void test_list_of_strings(void **state)
{
	_cleanup_json_ struct json *j = parse("{\"list\": [\"a\", 1, \"\", \"b\"], \"none\": []}");
	_cleanup_strv_ char **list = json_strings(json_get(j, "list"));
	_cleanup_free_ char *joined = strv_join(list, "|");

	(void)state;
	assert_string_equal(joined, "a|||b");
	assert_null(json_strings(json_get(j, "none")));
	assert_null(json_strings(json_get(j, "nothing")));
	assert_null(json_strings(json_at(json_get(j, "list"), 0)));
}

static void test_bad_strings(void **state)
{
	(void)state;
	refused("[\"a\nb\"]", "spec: line 1, column 4: a control character (0x0a) in a string");
	refused_n("\"a\0b\"", 5, "spec: line 1, column 3: a control character (0x00) in a string");
	refused("\"a\\u0000\"", "spec: line 1, column 3: \\u0000 is not allowed in a string");
	refused("\"\\ud800\"", "spec: line 1, column 2: half of a surrogate pair");
	refused("\"\\ud800\\u0041\"", "spec: line 1, column 2: half of a surrogate pair");
	refused("\"\\udc00\"", "spec: line 1, column 2: half of a surrogate pair");
	refused("\"\\x41\"", "spec: line 1, column 2: an unknown escape in a string");
	refused("\"\\u00g0\"", "spec: line 1, column 6: expected four hex digits after \\u, not \"g\"");
	refused("\"\\u0\x11"
		"00\"",
		"spec: line 1, column 5: expected four hex digits after \\u, not \"\\x11\"");
	refused("[\"abc]", "spec: line 1, column 2: a string without an end");
	refused("\"\xc3\xa4\xff\"", "spec: line 1, column 3: invalid UTF-8 (0xff)");
	refused("\"\xc0\x80\"", "spec: line 1, column 2: invalid UTF-8 (0xc0)");
	refused("\"\xed\xa0\x80\"", "spec: line 1, column 2: invalid UTF-8 (0xed)");
	refused("\xef\xbb\xbf{}", "spec: line 1, column 1: expected a value, not \"\xef\xbb\xbf\"");
}

static void test_depth_and_size(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	char deep[10001], edge[129];
	struct json *j = NULL;

	(void)state;
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	refused(deep, "spec: line 1, column 65: nested too deep");
	memset(edge, '[', 64);
	memset(edge + 64, ']', 64);
	edge[128] = '\0';
	json_free(parse(edge));
	/* The bound comes before the first look: this text is not even there. */
	assert_int_equal(json_parse(edge, 1000000000, JSON_SPEC_MAX_BYTES, 64, "spec", &j, &err), -1);
	assert_string_equal(err.message, "spec: larger than 1048576 bytes");
}

static void test_many_keys_are_quick(void **state)
{
	_cleanup_free_ char *text = xcalloc(JSON_SPEC_MAX_BYTES, 1);
	_cleanup_json_ struct json *j = NULL;
	char *to = text;

	(void)state;
	*to++ = '{';
	for (int i = 0; i < 80000; i++)
		to += snprintf(to, 16, "%s\"%d\":0", i ? "," : "", i);
	*to = '}';
	j = parse(text);
	assert_int_equal(json_length(j), 80000);
}

static void test_lookups(void **state)
{
	_cleanup_json_ struct json *j =
		parse("{\"return\":{\"qemu\":{\"major\":7}},\"s\":\"x\",\"t\":true,\"n\":null,\"l\":[1]}");

	(void)state;
	assert_int_equal(json_int(json_find(j, "return.qemu.major"), 0), 7);
	assert_null(json_find(j, "return.no.major"));
	assert_null(json_get(json_get(j, "s"), "x"));
	assert_string_equal(json_get_string(j, "s", "?"), "x");
	assert_string_equal(json_get_string(j, "t", "?"), "?");
	assert_true(json_get_bool(j, "t", false));
	assert_int_equal(json_get_int(j, "s", 5), 5);
	assert_null(json_at(json_get(j, "l"), 1));
	assert_int_equal(json_type_of(json_get(j, "n")), JSON_NULL);
	assert_int_equal(json_length(NULL), 0);
}

static void test_iteration_in_order(void **state)
{
	_cleanup_json_ struct json *j = parse("{\"z\":1,\"a\":2,\"m\":null}");
	const char *const keys[] = { "z", "a", "m" };
	struct json_iter nothing = json_iter(NULL);
	size_t i = 0;

	(void)state;
	for (struct json_iter it = json_iter(j); json_next(&it); i++)
		assert_string_equal(it.key, keys[i]);
	assert_int_equal(i, 3);
	assert_false(json_next(&nothing));
}

static void test_building(void **state)
{
	_cleanup_json_ struct json *j = json_new_object(), *copy = NULL;
	_cleanup_free_ char *text = NULL, *pretty = NULL;
	struct json *list = json_new_array();

	(void)state;
	json_put_string(j, "bad", "a\xff/");
	json_put_stringf(j, "f", "%d", 3);
	json_put_int(j, "i", INT64_MIN);
	json_put(j, "d", json_new_double(0.1));
	json_put(j, "inf", json_new_double(1.0 / 0.0));
	json_put_string(j, "null", NULL);
	json_append_string(list, "x");
	json_append(list, json_new_bool(true));
	json_put(j, "list", list);
	json_put_bool(j, "gone", true);
	json_remove(j, "gone");
	copy = json_copy(j);
	assert_true(json_equal(j, copy));
	json_put_int(copy, "i", 1);
	assert_false(json_equal(j, copy));
	text = json_to_text(j);
	assert_string_equal(text,
			    "{\"bad\":\"a\xef\xbf\xbd/\",\"f\":\"3\",\"i\":-9223372036854775808,\"d\":0.1,\"inf\":null,"
			    "\"null\":null,\"list\":[\"x\",true]}");
	json_free(copy);
	copy = parse("{\"a\":[1],\"b\":{}}");
	pretty = json_to_pretty(copy);
	assert_string_equal(pretty, "{\n  \"a\": [\n    1\n  ],\n  \"b\": {\n  }\n}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_round_trip),
		cmocka_unit_test(test_numbers_of_64_bits),
		cmocka_unit_test(test_malformed_numbers),
		cmocka_unit_test(test_duplicate_keys),
		cmocka_unit_test(test_what_json_c_would_take),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_list_of_strings),
		cmocka_unit_test(test_bad_strings),
		cmocka_unit_test(test_depth_and_size),
		cmocka_unit_test(test_many_keys_are_quick),
		cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_iteration_in_order),
		cmocka_unit_test(test_building),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
