/* Open vSwitch, against a fake ovs-vsctl that writes its arguments down, one a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/ovs.h"
#include "scratch.h"

/* What the fake was called with. Owned by the caller. */
static char *said(const struct scratch *scratch)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *path = scratch_path(scratch, "said");
	char *text = NULL;

	if (file_read_at(AT_FDCWD, path, 4096, &text, NULL, &err) < 0)
		fail_msg("%s", err.message);
	return text;
}

static void fake(const struct scratch *scratch, const char *then)
{
	_cleanup_free_ char *body = xprintf("#!/bin/sh\nprintf '%%s\\n' \"$@\" >%s/said\n%s\n", scratch->dir, then);
	_cleanup_free_ char *path = scratch_script(scratch, "ovs-vsctl", body);
}

static void port_is_added_in_one_transaction(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct scratch *scratch = *state;
	_cleanup_free_ char *search = xprintf("/nowhere:%s", scratch->dir), *text = NULL;
	const struct ovs_port port = { "tap0", "ovs0", 12, "aa:00:00:35:ac:23", "web1", search };

	fake(scratch, "exit 0");
	assert_int_equal(ovs_port_add(&port, deadline_in(20500), &err), 0);
	text = said(scratch);
	assert_string_equal(text, "--timeout=20\n--\n--if-exists\ndel-port\ntap0\n--\nadd-port\novs0\ntap0\ntag=12\n--"
				  "\nset\nInterface\ntap0\n"
				  "external_ids:attached-mac=\"aa:00:00:35:ac:23\"\nexternal_ids:vm-id=\"web1\"\n");
}

static void plain_port_has_no_tag_and_no_ids(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct scratch *scratch = *state;
	_cleanup_free_ char *text = NULL;
	const struct ovs_port port = { .link = "tap0", .bridge = "ovs0", .search_path = scratch->dir };

	fake(scratch, "exit 0");
	assert_int_equal(ovs_port_add(&port, DEADLINE_NEVER, &err), 0);
	text = said(scratch);
	assert_true(ends_with(text, "add-port\novs0\ntap0\n"));
	assert_null(strstr(text, "tag="));
}

static void port_is_removed_if_it_exists(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct scratch *scratch = *state;
	_cleanup_free_ char *text = NULL;
	const struct ovs_port port = { .link = "tap0", .bridge = "ovs0", .search_path = scratch->dir };

	fake(scratch, "exit 0");
	assert_int_equal(ovs_port_remove(&port, deadline_in(20000), &err), 0);
	text = said(scratch);
	assert_true(ends_with(text, "--if-exists\ndel-port\ntap0\n"));
}

static void refusal_keeps_its_words(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct scratch *scratch = *state;
	const struct ovs_port port = { .link = "tap0", .bridge = "ovs0", .search_path = scratch->dir };

	fake(scratch, "echo 'ovs-vsctl: no bridge named ovs0' >&2; exit 1");
	assert_int_equal(ovs_port_add(&port, deadline_in(20000), &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_non_null(strstr(err.message, "\"tap0\""));
	assert_non_null(strstr(err.message, "no bridge named ovs0"));
}

static void a_dead_daemon_is_a_timeout(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct scratch *scratch = *state;
	const struct ovs_port port = { .link = "tap0", .bridge = "ovs0", .search_path = scratch->dir };

	fake(scratch, "sleep 60");
	assert_int_equal(ovs_port_add(&port, deadline_in(300), &err), -1);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
}

static void missing_program_names_the_cure(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct scratch *scratch = *state;
	_cleanup_free_ char *path = NULL;

	assert_int_equal(ovs_find(scratch->dir, &path, &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_non_null(strstr(err.hint, "openvswitch-switch"));
	assert_int_equal(ovs_find("", &path, &err), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(port_is_added_in_one_transaction), TEST(plain_port_has_no_tag_and_no_ids),
		TEST(port_is_removed_if_it_exists),     TEST(refusal_keeps_its_words),
		TEST(a_dead_daemon_is_a_timeout),       TEST(missing_program_names_the_cure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
