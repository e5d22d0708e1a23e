/* Users and groups by name. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/text.h"
#include "host/user.h"

static void users(void **state)
{
	struct error err = ERROR_INIT;
	uid_t uid = 77;
	gid_t gid = 77;

	(void)state;
	assert_int_equal(user_find("root", &uid, &gid, &err), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(gid, 0);
	uid = gid = 77;
	assert_int_equal(user_find("no-such-user", &uid, &gid, &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_string_equal(err.message, "there is no user \"no-such-user\"");
	assert_non_null(err.hint);
	assert_int_equal(uid, 77);
	assert_int_equal(gid, 77);
	error_clear(&err);
}

static void groups_and_names(void **state)
{
	_cleanup_free_ char *root = user_name(0), *number = user_name(1910000000u);

	(void)state;
	assert_int_equal(group_find("root"), 0);
	assert_int_equal(group_find("no-such-group"), (gid_t)-1);
	assert_string_equal(root, "root");
	assert_string_equal(number, "1910000000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users),
		cmocka_unit_test(groups_and_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
