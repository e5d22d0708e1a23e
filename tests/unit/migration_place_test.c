/* Where a target waits for a guest: what people write, taken apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"
#include "vm/migration_place.h"

static const struct {
	const char *text;
	enum place_kind kind;
	const char *host;
	int64_t port;
} good[] = {
	{ NULL, PLACE_TCP, "", -1 },
	{ "192.0.2.1", PLACE_TCP, "192.0.2.1", -1 },
	{ "192.0.2.1:0", PLACE_TCP, "192.0.2.1", 0 },
	{ "host2:8102", PLACE_TCP, "host2", 8102 },
	{ "tcp:host2:8102", PLACE_TCP, "host2", 8102 },
	{ "[2001:db8::1]:9", PLACE_TCP, "2001:db8::1", 9 },
	{ "[::1]", PLACE_TCP, "::1", -1 },
	{ "::1", PLACE_TCP, "::1", -1 },
	{ "*:5", PLACE_TCP, "", 5 },
	{ ":5", PLACE_TCP, "", 5 },
};

static void test_tcp(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTS(good); i++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_migration_place_ struct migration_place place = { .fd = -1 };

		assert_int_equal(migration_place_parse(good[i].text, &place, &err), 0);
		assert_int_equal(place.kind, good[i].kind);
		assert_string_equal(place.host, good[i].host);
		assert_int_equal(place.port, good[i].port);
	}
}

static void test_others(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_migration_place_ struct migration_place unix_place = { .fd = -1 }, fd_place = { .fd = -1 };

	(void)state;
	assert_int_equal(migration_place_parse("unix:/tmp/x y", &unix_place, &err), 0);
	assert_int_equal(unix_place.kind, PLACE_UNIX);
	assert_string_equal(unix_place.path, "/tmp/x y");
	assert_int_equal(migration_place_parse("fd:7", &fd_place, &err), 0);
	assert_int_equal(fd_place.kind, PLACE_FD);
	assert_int_equal(fd_place.fd, 7);
}

static void test_bad(void **state)
{
	static const char *const bad[] = { "host:", "host:x", "host:65536", "[::1", "[::1]9", "unix:x",
					   "unix:", "fd:",    "fd:-1",      "fd:x", "a,to=9", "a b" };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(bad); i++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		struct migration_place place;

		if (migration_place_parse(bad[i], &place, &err) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(err.kind, ERROR_USAGE);
		assert_non_null(err.hint);
	}
}

static void test_uri(void **state)
{
	_cleanup_free_ char *four = migration_tcp_uri("192.0.2.1", 7), *six = migration_tcp_uri("::1", 7);

	(void)state;
	assert_string_equal(four, "tcp:192.0.2.1:7");
	assert_string_equal(six, "tcp:[::1]:7");
}

static void test_disks(void **state)
{
	static const char *const bad[] = { "tcp:a:1?copy-storage=all", "tcp:a:1?copy-storage=some&nbd=a:2",
					   "tcp:a:1?copy-storage=&nbd=a:2" };
	_cleanup_free_ char *none = migration_uri_write("tcp:a:1", STORAGE_NONE, "", 0),
			    *six = migration_uri_write("tcp:[::1]:1", STORAGE_ALL, "::1", 2),
			    *path = migration_uri_write("unix:/tmp/a?b", STORAGE_INCREMENTAL, "b", 3);
	const char *const texts[] = { none, six, path };
	static const struct {
		const char *uri;
		enum migration_storage storage;
		const char *nbd;
	} parts[] = { { "tcp:a:1", STORAGE_NONE, NULL },
		      { "tcp:[::1]:1", STORAGE_ALL, "[::1]:2" },
		      { "unix:/tmp/a?b", STORAGE_INCREMENTAL, "b:3" } };
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	assert_string_equal(none, "tcp:a:1");
	assert_string_equal(six, "tcp:[::1]:1?copy-storage=all&nbd=[::1]:2");
	for (size_t i = 0; i < ELEMENTS(parts); i++) {
		_cleanup_migration_uri_ struct migration_uri uri = { 0 };

		assert_int_equal(migration_uri_read(texts[i], &uri, &err), 0);
		assert_string_equal(uri.uri, parts[i].uri);
		assert_int_equal(uri.storage, parts[i].storage);
		assert_true(parts[i].nbd ? streq(uri.nbd, parts[i].nbd) : !uri.nbd);
	}
	for (size_t i = 0; i < ELEMENTS(bad); i++) {
		_cleanup_migration_uri_ struct migration_uri uri = { 0 };

		assert_int_equal(migration_uri_read(bad[i], &uri, &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
		error_clear(&err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_tcp), cmocka_unit_test(test_others),
					    cmocka_unit_test(test_bad), cmocka_unit_test(test_uri),
					    cmocka_unit_test(test_disks) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
