/* base/parse: numbers and words from text. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/parse.h"
#include "base/text.h"

static void test_int(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	int64_t v = 0;

	(void)state;
	assert_int_equal(parse_int("-9223372036854775808", "x", INT64_MIN, INT64_MAX, &v, &err), 0);
	assert_true(v == INT64_MIN);
	assert_int_equal(parse_int("007", "x", 0, 10, &v, &err), 0);
	assert_int_equal(v, 7);
	assert_int_equal(parse_int("11", "vcpus", 1, 10, &v, &err), -1);
	assert_string_equal(err.message, "vcpus: 11 is out of range (1 to 10)");
	assert_int_equal(parse_int("9223372036854775808", "x", INT64_MIN, INT64_MAX, &v, &err), -1);
	assert_int_equal(v, 7);
}

static void test_not_an_int(void **state)
{
	static const char *const wrong[] = { "", "-", "+1", " 1", "1 ", "0x10", "1.0", "12abc", "--1", "\xd9\xa1" };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(wrong); i++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		int64_t v;

		assert_int_equal(parse_int(wrong[i], "x", INT64_MIN, INT64_MAX, &v, &err), -1);
		assert_int_equal(err.kind, ERROR_SPEC);
		assert_non_null(strstr(err.message, "is not a whole number"));
	}
}

static void test_bool(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	bool v = false;

	(void)state;
	assert_int_equal(parse_bool("Yes", "x", &v, &err), 0);
	assert_true(v);
	assert_int_equal(parse_bool("off", "x", &v, &err), 0);
	assert_false(v);
	assert_int_equal(parse_bool("2", "acpi", &v, &err), -1);
	assert_string_equal(err.message, "acpi: \"2\" is neither true nor false");
}

static void seconds(const char *s, int64_t expected_ms)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	int64_t ms = -1;

	if (parse_seconds(s, "t", &ms, &err) < 0)
		ms = -1;
	if (ms != expected_ms)
		fail_msg("%s: %lld ms", s, (long long)ms);
}

static void test_seconds(void **state)
{
	(void)state;
	seconds("12", 12000);
	seconds("1.5", 1500);
	seconds("0.0019", 1);
	seconds("0", 0);
	seconds("2m", 120000);
	seconds("1.5h", 5400000);
	seconds("3s", 3000);
	seconds("87600h", 315360000000);
	seconds("87601h", -1);
	seconds("99999999999999999999", -1);
	seconds("", -1);
	seconds(".5", -1);
	seconds("1.", -1);
	seconds("-1", -1);
	seconds("1 s", -1);
	seconds("1d", -1);
	seconds("1e3", -1);
}

static void test_uuid(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	char uuid[37] = "";

	(void)state;
	assert_int_equal(parse_uuid("0F1B9CF2-8f2d-4a50-9a5e-0d0a6f7f9b11", "uuid", uuid, &err), 0);
	assert_string_equal(uuid, "0f1b9cf2-8f2d-4a50-9a5e-0d0a6f7f9b11");
	assert_int_equal(parse_uuid("0f1b9cf28f2d4a509a5e0d0a6f7f9b11", "uuid", uuid, &err), -1);
	assert_int_equal(parse_uuid("0f1b9cf2-8f2d-4a50-9a5e-0d0a6f7f9b111", "uuid", uuid, &err), -1);
	assert_int_equal(parse_uuid("0f1b9cf2-8f2d-4a50-9a5e-0d0a6f7f9b1", "uuid", uuid, &err), -1);
}

static void test_mac(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	char mac[18] = "";

	(void)state;
	assert_int_equal(parse_mac("AA:00:00:35:ac:23", "mac", mac, &err), 0);
	assert_string_equal(mac, "aa:00:00:35:ac:23");
	assert_int_equal(parse_mac("01:00:5e:00:00:01", "mac", mac, &err), -1);
	assert_non_null(strstr(err.message, "multicast"));
	assert_int_equal(parse_mac("00:00:00:00:00:00", "mac", mac, &err), -1);
	assert_int_equal(parse_mac("aa:00:00:35:ac", "mac", mac, &err), -1);
	assert_int_equal(parse_mac("aa-00-00-35-ac-23", "mac", mac, &err), -1);
	assert_int_equal(parse_mac("aa:00:00:35:ac:23:", "mac", mac, &err), -1);
	assert_string_equal(mac, "aa:00:00:35:ac:23");
}

static void test_mac_octets(void **state)
{
	static const uint8_t expected[6] = { 0xfa, 0x00, 0x0b, 0x35, 0xac, 0x09 };
	static const char *const broken[] = { "",
					      "fa:0:b:35:ac",
					      "fa:0:b:35:ac:",
					      "fa:0:b:35:ac:9:",
					      "fa:0:b:35:ac:009",
					      "fa:0::35:ac:9",
					      "fa-0-b-35-ac-9",
					      "fa:0:b:35:ac:g",
					      "fa:0:b:35:ac:9:01",
					      " fa:0:b:35:ac:9",
					      "fa:0:b:35:ac:9 ",
					      "0x1:0:b:35:ac:9" };
	uint8_t octets[6];

	(void)state;
	assert_true(parse_mac_octets("FA:00:0b:35:aC:09", octets));
	assert_memory_equal(octets, expected, 6);
	memset(octets, 0, 6);
	assert_true(parse_mac_octets("fa:0:b:35:ac:9", octets));
	assert_memory_equal(octets, expected, 6);
	for (size_t i = 0; i < ELEMENTS(broken); i++)
		assert_false(parse_mac_octets(broken[i], octets));
	assert_memory_equal(octets, expected, 6);
	assert_true(parse_mac_octets("ff:ff:ff:ff:ff:ff", octets));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_int),        cmocka_unit_test(test_not_an_int), cmocka_unit_test(test_bool),
		cmocka_unit_test(test_seconds),    cmocka_unit_test(test_uuid),       cmocka_unit_test(test_mac),
		cmocka_unit_test(test_mac_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
