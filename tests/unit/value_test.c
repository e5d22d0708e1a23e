/* vm/value: every kind of value, read, written and described. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/strv.h"
#include "base/text.h"
#include "vm/value.h"

/* The value that `text` (JSON) is read as, in text; or "!" and the problem. */
static char *outcome(struct value_rule rule, const char *text)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_json_ struct json *object = NULL;
	_cleanup_free_ char *document = xprintf("{\"x\": %s}", text);
	union {
		bool flag;
		int64_t number;
		void *pointer;
	} value = { .number = 0 };
	assert_int_equal(json_parse(document, strlen(document), 65536, 8, "test", &object, &err), 0);
	if (!value_read(&rule, json_get(object, "x"), &value, "x", &problems)) {
		assert_int_equal(problems.n, 1);
		assert_string_equal(problems.list[0].path, "x");
		assert_int_equal(value.number, 0);
		return xprintf("!%s", problems.list[0].message);
	}
	assert_int_equal(problems.n, 0);
	char *shown = value_text(&rule, &value);
	value_free(&rule, &value);
	return shown;
}

struct trial {
	struct value_rule rule;
	const char *text;
	const char *outcome;
};

static void run(const struct trial *trials, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *got = outcome(trials[i].rule, trials[i].text);
		assert_string_equal(got, trials[i].outcome);
	}
}

static void test_numbers(void **state)
{
	struct value_rule integer = { VALUE_INT, -1, 10, NULL, false }, tolerant = { VALUE_INT, -1, 10, NULL, true };
	struct value_rule size = { VALUE_SIZE, 1, 1073741824, NULL, false },
			  seconds = { VALUE_SECONDS, 100, 60000, NULL, false };
	const struct trial trials[] = {
		{ integer, "10", "10" },
		{ integer, "-1", "-1" },
		{ integer, "11", "!11 is out of range (-1 to 10)" },
		{ integer, "\"1\"", "!must be a whole number, without quotes and unit, not string" },
		{ integer, "2.5", "!must be a whole number, not 2.5" },
		{ tolerant, "\"7\"", "7" },
		{ tolerant, "\"7x\"", "!\"7x\" is no whole number" },
		{ tolerant, "\"\"", "!\"\" is no whole number" },
		{ tolerant, "\"99999999999999999999\"", "!\"99999999999999999999\" is no whole number" },
		{ size, "4096", "4096" },
		{ size, "\"64K\"", "65536" },
		{ size, "\"1m\"", "1048576" },
		{ size, "\"1G\"", "1073741824" },
		{ size, "\"2G\"", "!2147483648 bytes is out of range (1 to 1073741824)" },
		{ size, "\"9999999999999G\"",
		  "!\"9999999999999G\" is no size; write bytes, or \"64K\", \"1M\", \"2G\"" },
		{ size, "\"1MB\"", "!\"1MB\" is no size; write bytes, or \"64K\", \"1M\", \"2G\"" },
		{ size, "\"M\"", "!\"M\" is no size; write bytes, or \"64K\", \"1M\", \"2G\"" },
		{ size, "\"\"", "!\"\" is no size; write bytes, or \"64K\", \"1M\", \"2G\"" },
		{ size, "true", "!must be a size, not true or false" },
		{ seconds, "5", "5" },
		{ seconds, "1.5", "1.500s" },
		{ seconds, "\"1m\"", "60" },
		{ seconds, "\"0.25\"", "0.250s" },
		{ seconds, "0", "!0 is out of range (0.1 to 60 seconds)" },
		{ seconds, "-5", "!\"-5\" is no time; write seconds, or \"90s\", \"2m\", \"1h\"" },
		{ seconds, "\"soon\"", "!\"soon\" is no time; write seconds, or \"90s\", \"2m\", \"1h\"" },
	};
	(void)state;
	run(trials, ELEMENTS(trials));
}

static void test_texts_and_choices(void **state)
{
	struct value_rule text = { VALUE_TEXT, 0, 8, NULL, false }, prose = { VALUE_PROSE, 0, 0, NULL, false };
	struct value_rule path = { VALUE_PATH, 0, 0, NULL, false },
			  any = { VALUE_ENUM, 0, 0, "auto true false", false };
	struct value_rule flag = { VALUE_FLAG, 0, 0, "down up", false },
			  maybe = { VALUE_CHOICE, 0, 0, "\"\" red green", false };
	struct value_rule boolean = { VALUE_BOOL, 0, 0, NULL, false };
	const struct trial trials[] = {
		{ text, "\"12345678\"", "12345678" },
		{ text, "\"123456789\"", "!is 9 bytes long; at most 8 are allowed" },
		{ text, "\"a\\u007fb\"", "!\"a\\x7fb\" has control characters" },
		{ text, "\"a\\tb\"", "!\"a\\x09b\" has control characters" },
		{ prose, "\"a\\tb\\nc\"", "a\tb\nc" },
		{ prose, "\"a\\u001bb\"", "!\"a\\x1bb\" has control characters" },
		{ path, "\"/a b,c\"", "/a b,c" },
		{ path, "\"\"", "" },
		{ path, "\"~/x\"", "!\"~/x\" is no absolute path" },
		{ any, "true", "true" },
		{ any, "\"false\"", "false" },
		{ any, "\"auto\"", "auto" },
		{ any, "\"maybe\"", "!\"maybe\" is none of auto, true, false" },
		{ flag, "\"up\"", "up" },
		{ flag, "\"down\"", "down" },
		{ flag, "true", "!\"true\" is none of down, up" },
		{ maybe, "\"\"", "" },
		{ maybe, "\"grene\"", "!\"grene\" is none of red, green, or empty; did you mean \"green\"?" },
		{ boolean, "\"true\"", "!must be true or false, not string" },
		{ boolean, "true", "true" },
	};
	(void)state;
	run(trials, ELEMENTS(trials));
}

static void test_names_of_the_network(void **state)
{
	struct value_rule uuid = { .kind = VALUE_UUID }, mac = { .kind = VALUE_MAC },
			  prefix = { .kind = VALUE_MAC_PREFIX };
	struct value_rule ip4 = { .kind = VALUE_IP4 }, ip6 = { .kind = VALUE_IP6 }, net4 = { .kind = VALUE_SUBNET4 };
	struct value_rule net6 = { .kind = VALUE_SUBNET6 }, words = { .kind = VALUE_WORDS },
			  tags = { .kind = VALUE_TAGS };
	const struct trial trials[] = {
		{ uuid, "\"0F1B9CF2-8F2D-4A50-9A5E-0D0A6F7F9B11\"", "0f1b9cf2-8f2d-4a50-9a5e-0d0a6f7f9b11" },
		{ uuid, "\"\"", "" },
		{ uuid, "1", "!must be text, not integer" },
		{ mac, "\"52:54:00:AB:cd:ef\"", "52:54:00:ab:cd:ef" },
		{ mac, "\"52:54:00:ab:cd\"",
		  "!\"52:54:00:ab:cd\" is no MAC address of one device (aa:00:00:35:ac:23)" },
		{ prefix, "\"AA:00:00\"", "aa:00:00" },
		{ prefix, "\"01:00:00\"", "!\"01:00:00\" is no prefix of three octets of a MAC address (aa:00:00)" },
		{ prefix, "\"aa:00:00:11\"",
		  "!\"aa:00:00:11\" is no prefix of three octets of a MAC address (aa:00:00)" },
		{ ip4, "\"198.51.100.4\"", "198.51.100.4" },
		{ ip4, "\"198.51.100.256\"", "!\"198.51.100.256\" is no IPv4 address" },
		{ ip4, "\"2001:db8::1\"", "!\"2001:db8::1\" is no IPv4 address" },
		{ ip6, "\"2001:DB8:0:0::1\"", "2001:db8::1" },
		{ ip6, "\"fe80::1%eth0\"", "!\"fe80::1%eth0\" is no IPv6 address" },
		{ net4, "\"198.51.100.0/24\"", "198.51.100.0/24" },
		{ net4, "\"198.51.100.0/33\"", "!\"198.51.100.0/33\" is no IPv4 subnet (198.51.100.0/24)" },
		{ net6, "\"2001:db8::/64\"", "2001:db8::/64" },
		{ net6, "\"2001:db8::/-1\"", "!\"2001:db8::/-1\" is no IPv6 subnet (2001:db8::/64)" },
		{ words, "\" a  b \"", "a b" },
		{ words, "[\"a\", \"b\"]", "a b" },
		{ words, "[]", "" },
		{ tags, "[\"a\", \"b/c\"]", "[\"a\",\"b/c\"]" },
		{ tags, "\"a b\"", "!must be an array of words, not string" },
		{ tags, "[\"\"]", "!\"\" is no word of letters, digits and _.+*/:@- of at most 128 bytes" },
	};
	(void)state;
	run(trials, ELEMENTS(trials));
}

static void test_small_questions(void **state)
{
	(void)state;
	assert_int_equal(text_ip_version("127.0.0.1"), 4);
	assert_int_equal(text_ip_version("::"), 6);
	assert_int_equal(text_ip_version("10.0.0.1"), 4);
	assert_int_equal(text_ip_version("::1"), 6);
	assert_int_equal(text_ip_version("10.0.0"), 0);
	assert_int_equal(text_ip_version("lo"), 0);
	assert_true(text_is_interface("br0.100@x"));
	assert_false(text_is_interface("a/b"));
	assert_false(text_is_interface("a:b"));
	assert_false(text_is_interface(".."));
	assert_false(text_is_interface(""));
	assert_false(text_is_interface("sixteen-letters-"));
	assert_true(text_is_url("http://x"));
	assert_false(text_is_url("http://"));
	assert_false(text_is_url("file:///x"));
}

static void test_described(void **state)
{
	static const struct {
		struct value_rule rule;
		const char *text, *schema;
	} rows[] = {
		{ { VALUE_INT, 0, 9, NULL, false }, "0 to 9", "{\"type\":\"integer\",\"minimum\":0,\"maximum\":9}" },
		{ { VALUE_INT, 0, 9, NULL, true },
		  "0 to 9",
		  "{\"type\":[\"integer\",\"string\"],\"pattern\":\"^-?[0-9]+$\",\"minimum\":0,\"maximum\":9}" },
		{ { VALUE_INT, 0, 6, "0 4 6", true }, "0, 4 or 6", "{\"enum\":[0,\"0\",4,\"4\",6,\"6\"]}" },
		{ { VALUE_CHOICE, 0, 0, "\"\" a b", false }, "a, b or empty", "{\"enum\":[\"\",\"a\",\"b\"]}" },
		{ { VALUE_ENUM, 0, 0, "auto true", false }, "auto or true", "{\"enum\":[\"auto\",\"true\",true]}" },
		{ { VALUE_PART, 0, 0, "disk[]", false },
		  "array of objects",
		  "{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/disk\"}}" },
		{ { VALUE_TABLE, 0, 0, "network", false }, "object", "{\"$ref\":\"#/$defs/network\"}" },
		{ { VALUE_REFUSED, 0, 0, "no", false }, "not in this version", "{\"not\":{}}" },
		{ { VALUE_TEXT, 0, 8, NULL, false }, "text", "{\"type\":\"string\",\"maxLength\":8}" },
	};
	(void)state;
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		_cleanup_free_ char *text = value_kind_text(&rows[i].rule);
		_cleanup_json_ struct json *schema = value_schema(&rows[i].rule);
		_cleanup_free_ char *shown = json_to_text(schema);
		assert_string_equal(text, rows[i].text);
		assert_string_equal(shown, rows[i].schema);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_texts_and_choices),
		cmocka_unit_test(test_names_of_the_network),
		cmocka_unit_test(test_small_questions),
		cmocka_unit_test(test_described),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
