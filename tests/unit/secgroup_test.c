/* Security groups: reading with all problems at once, the store, members by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "scratch.h"
#include "vm/secgroup_members.h"

static struct secgroup *read_group(const char *text)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct secgroup *group = NULL;

	if (secgroup_parse(text, strlen(text), "group", &group, &err) < 0)
		fail_msg("%s", err.message);
	return group;
}

static char *group_text(const struct secgroup *group)
{
	_cleanup_json_ struct json *json = secgroup_to_json(group);

	return json_to_text(json);
}

/* NOV-45 NOV-53: each way of writing comes to the same; what is written is read again. */
static void test_forms(void **state)
{
	static const char *const pairs[][2] = {
		{ "\"protocol\":\"tcp\",\"ports\":80,\"cidr\":\"10.0.0.5\"",
		  "\"direction\":\"in\",\"protocol\":\"tcp\",\"ports\":80,\"cidr\":\"10.0.0.5/32\"" },
		{ "\"protocol\":\"udp\",\"ports\":\"8000-8080\",\"cidr\":\"10.1.2.3/8\"",
		  "\"direction\":\"in\",\"protocol\":\"udp\",\"ports\":\"8000-8080\",\"cidr\":\"10.0.0.0/8\"" },
		{ "\"protocol\":\"sctp\",\"from_port\":5,\"to_port\":7,\"group\":\"a-b.c\"",
		  "\"direction\":\"in\",\"protocol\":\"sctp\",\"ports\":\"5-7\",\"group\":\"a-b.c\"" },
		{ "\"protocol\":\"tcp\",\"from_port\":-1,\"to_port\":-1,\"cidr\":\"::/0\"",
		  "\"direction\":\"in\",\"protocol\":\"tcp\",\"cidr\":\"::/0\"" },
		{ "\"protocol\":\"icmp\",\"from_port\":8,\"to_port\":-1,\"cidr\":\"0.0.0.0/0\"",
		  "\"direction\":\"in\",\"protocol\":\"icmp\",\"type\":8,\"cidr\":\"0.0.0.0/0\"" },
		{ "\"protocol\":\"icmp\",\"type\":128,\"code\":0,\"cidr\":\"2001:DB8::1/32\"",
		  "\"direction\":\"in\",\"protocol\":\"icmpv6\",\"type\":128,\"code\":0,\"cidr\":\"2001:db8::/32\"" },
		{ "\"direction\":\"out\",\"group\":\"x\"",
		  "\"direction\":\"out\",\"protocol\":\"all\",\"group\":\"x\"" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(pairs); i++) {
		_cleanup_free_ char *text = xprintf("{\"name\":\"g\",\"rules\":[{%s}]}", pairs[i][0]);
		_cleanup_free_ char *wanted = xprintf("{\"name\":\"g\",\"rules\":[{%s}]}", pairs[i][1]);
		_cleanup_secgroup_ struct secgroup *group = read_group(text), *again = read_group(wanted);
		_cleanup_free_ char *first = group_text(group), *second = group_text(again);

		assert_string_equal(first, wanted);
		assert_string_equal(second, wanted);
	}
}

/* NOV-46: where it comes from has to be said. All problems at once, with their paths. */
static void test_refusals(void **state)
{
	static const struct {
		const char *rules, *said;
	} cases[] = {
		{ "{\"protocol\":\"tcp\"}", "rules[0]: needs cidr or group" },
		{ "{\"cidr\":\"0.0.0.0/0\",\"group\":\"a\"}", "rules[0].group: cidr is there already" },
		{ "{\"protocol\":\"gre\",\"cidr\":\"::/0\"}", "rules[0].protocol" },
		{ "{\"protocol\":\"tcp\",\"ports\":\"80-79\",\"cidr\":\"::/0\"}",
		  "rules[0].ports: the range ends before it begins" },
		{ "{\"protocol\":\"tcp\",\"ports\":65536,\"cidr\":\"::/0\"}", "65536" },
		{ "{\"protocol\":\"tcp\",\"ports\":[80],\"cidr\":\"::/0\"}",
		  "rules[0].ports: must be a port or a range" },
		{ "{\"protocol\":\"tcp\",\"ports\":80,\"from_port\":80,\"cidr\":\"::/0\"}", "one of both" },
		{ "{\"ports\":80,\"cidr\":\"::/0\"}", "rules[0].ports: all has no ports" },
		{ "{\"protocol\":\"tcp\",\"type\":8,\"cidr\":\"::/0\"}", "rules[0].type: tcp has no types" },
		{ "{\"protocol\":\"icmp\",\"code\":8,\"cidr\":\"0.0.0.0/0\"}", "rules[0].code: needs type" },
		{ "{\"protocol\":\"icmpv6\",\"cidr\":\"0.0.0.0/0\"}", "rules[0].protocol: icmpv6 does not come" },
		{ "{\"cidr\":\"10.0.0.0/33\"}", "rules[0].cidr" },
		{ "{\"cidr\":\"10.0.0\"}", "rules[0].cidr: \"10.0.0\" is no ADDRESS/LENGTH" },
		{ "{\"group\":\"../x\"}", "rules[0].group" },
		{ "{\"port\":80,\"cidr\":\"::/0\"}", "did you mean \"ports\"?" },
		{ "{\"cidr\":\"::/0\"},{\"cidr\":5}", "rules[1].cidr" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_free_ char *text = xprintf("{\"name\":\"g\",\"rules\":[%s]}", cases[i].rules);
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_secgroup_ struct secgroup *group = NULL;

		if (secgroup_parse(text, strlen(text), "group", &group, &err) == 0)
			fail_msg("%s is taken", text);
		assert_int_equal(err.kind, ERROR_SPEC);
		if (!strstr(err.message, cases[i].said))
			fail_msg("%s: %s", text, err.message);
	}

	const char *many = "{\"name\":\"-g\",\"rules\":[{},{\"cidr\":\"x\"}],\"extra\":1}";
	_cleanup_error_ struct error err = ERROR_INIT;
	struct secgroup *group = NULL;
	assert_int_equal(secgroup_parse(many, strlen(many), "group", &group, &err), -1);
	assert_non_null(strstr(err.message, "4 problems"));
}

static void test_store(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_secgroup_store_ struct secgroup_store store = { 0 };
	_cleanup_free_ char *dir = scratch_path(*state, "groups/here");
	_cleanup_secgroup_ struct secgroup *web =
		read_group("{\"name\":\"web\",\"rules\":[{\"group\":\"app\"},{\"group\":\"web\"}]}");
	_cleanup_secgroup_ struct secgroup *app = read_group(
						   "{\"name\":\"app\",\"description\":\"a\\nb\",\"rules\":[]}"),
					   *read = NULL;
	_cleanup_strv_ char **names = NULL, **users = NULL, **none = NULL;

	secgroup_store_open(dir, &store);
	assert_int_equal(secgroup_store_list(&store, &none, &err), 0);
	assert_null(none);
	assert_int_equal(secgroup_store_write(&store, web, &err), 0);
	assert_int_equal(secgroup_store_write(&store, app, &err), 0);
	assert_int_equal(secgroup_store_list(&store, &names, &err), 0);
	assert_int_equal(strv_length(names), 2);
	assert_string_equal(names[0], "app");
	assert_int_equal(secgroup_store_read(&store, "app", &read, &err), 0);
	assert_string_equal(read->description, "a\nb");
	assert_int_equal(secgroup_store_users(&store, "app", &users, &err), 0);
	assert_int_equal(strv_length(users), 1);
	assert_string_equal(users[0], "web");
	assert_int_equal(secgroup_store_remove(&store, "app", &err), 0);
	assert_int_equal(secgroup_store_remove(&store, "app", &err), -1);
	assert_int_equal(err.kind, ERROR_NO_INSTANCE);
	assert_int_equal(secgroup_store_read(&store, "../web", &read, &err), -1);
	assert_int_equal(err.kind, ERROR_SPEC);
}

static size_t count_addresses(const struct secgroup_store *store)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_strv_ char **list = NULL;

	if (secgroup_addresses(store, "web", &list, &err) < 0)
		fail_msg("%s", err.message);
	return strv_length(list);
}

static void append_raw(const struct secgroup_store *store, const char *text)
{
	_cleanup_free_ char *path = xprintf("%s/web.members", store->dir);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_int_equal(file_write_all(fd, text, strlen(text)), 0);
}

/* What was torn by a kill is no member, and is no part of the next one. */
static void test_addresses(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_secgroup_store_ struct secgroup_store store = { 0 };
	char *const both[] = { (char *)"10.0.0.1", (char *)"2001:db8::1", NULL }, *const one[] = { (char *)"10.0.0.11",
												   NULL };
	char *const first[] = { (char *)"10.0.0.1", NULL };
	_cleanup_strv_ char **many = NULL;
	bool changed[2], have[1], all[10000];

	secgroup_store_open(((const struct scratch *)*state)->dir, &store);
	assert_int_equal(count_addresses(&store), 0);
	assert_int_equal(secgroup_addresses_add(&store, "web", both, changed, &err), 0);
	assert_true(changed[0] && changed[1]);
	assert_int_equal(secgroup_addresses_add(&store, "web", both, changed, &err), 0);
	assert_false(changed[0] || changed[1]);
	assert_int_equal(secgroup_addresses_add(&store, "web", one, changed, &err), 0);
	assert_int_equal(count_addresses(&store), 3);

	append_raw(&store, "10.0.0.1");
	assert_int_equal(count_addresses(&store), 3);
	char *const next[] = { (char *)"10.0.0.9", NULL };
	assert_int_equal(secgroup_addresses_add(&store, "web", next, NULL, &err), 0);
	assert_int_equal(count_addresses(&store), 4);
	assert_int_equal(secgroup_addresses_have(&store, "web", next, have, &err), 0);
	assert_true(have[0]);

	assert_int_equal(secgroup_addresses_remove(&store, "web", first, changed, &err), 0);
	assert_true(changed[0]);
	assert_int_equal(secgroup_addresses_remove(&store, "web", first, changed, &err), 0);
	assert_false(changed[0]);
	assert_int_equal(count_addresses(&store), 3);

	for (int i = 0; i < 10000; i++)
		strv_addf(&many, "10.%d.%d.%d", 1 + i / 65536, i / 256 % 256, i % 256);
	strv_sort_unique(many);
	assert_int_equal(secgroup_addresses_add(&store, "web", many, NULL, &err), 0);
	assert_int_equal(count_addresses(&store), 10003);
	assert_int_equal(secgroup_addresses_add(&store, "web", many, all, &err), 0);
	assert_null(memchr(all, true, sizeof(all)));
	assert_int_equal(count_addresses(&store), 10003);
	assert_int_equal(secgroup_addresses_remove(&store, "web", many + 1, all, &err), 0);
	assert_null(memchr(all, false, sizeof(all) - 1));
	assert_int_equal(count_addresses(&store), 4);
	assert_int_equal(secgroup_addresses_have(&store, "web", many, all, &err), 0);
	assert_true(all[0]);
	assert_null(memchr(all + 1, true, sizeof(all) - 1));
}

static void test_instances(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_secgroup_store_ struct secgroup_store store = { 0 };
	_cleanup_strv_ char **groups = NULL, **other = NULL, **members = NULL;
	bool changed;

	secgroup_store_open(((const struct scratch *)*state)->dir, &store);
	assert_int_equal(secgroup_instance_add(&store, "web", "vm1", SECGROUP_ALL_NICS, &changed, &err), 0);
	assert_true(changed);
	assert_int_equal(secgroup_instance_add(&store, "web", "vm1", SECGROUP_ALL_NICS, &changed, &err), 0);
	assert_false(changed);
	assert_int_equal(secgroup_instance_add(&store, "app", "vm1", 1, &changed, &err), 0);
	assert_int_equal(secgroup_instance_add(&store, "web", "vm0", 0, &changed, &err), 0);
	strv_add(&groups, "web");
	assert_int_equal(secgroup_instance_groups(&store, "vm1", 1, &groups, &err), 0);
	assert_int_equal(strv_length(groups), 2);
	assert_int_equal(secgroup_instance_groups(&store, "vm1", 0, &other, &err), 0);
	assert_int_equal(strv_length(other), 1);
	assert_int_equal(secgroup_instances(&store, "web", &members, &err), 0);
	assert_int_equal(strv_length(members), 2);
	assert_string_equal(members[0], "vm0/0");
	assert_string_equal(members[1], "vm1");
	assert_int_equal(secgroup_instance_remove(&store, "web", "vm1", 0, &changed, &err), 0);
	assert_false(changed);
	assert_int_equal(secgroup_instance_remove(&store, "web", "vm0", 0, &changed, &err), 0);
	assert_true(changed);
}

static void test_member_words(void **state)
{
	static const char *const wrong[] = { "10.0.0.0/24", "vm/x", "vm/", "/1", "", "a b", "vm/-1", "::1/128" };
	_cleanup_error_ struct error err = ERROR_INIT;
	struct secgroup_member member;

	(void)state;
	assert_int_equal(secgroup_member_parse("2001:DB8::0:5", &member, &err), 0);
	assert_true(member.is_address && member.ipv6);
	assert_string_equal(member.address, "2001:db8::5");
	assert_int_equal(secgroup_member_parse("vm1/3", &member, &err), 0);
	assert_int_equal(member.nic, 3);
	secgroup_member_clear(&member);
	assert_int_equal(secgroup_member_parse("vm1", &member, &err), 0);
	assert_int_equal(member.nic, SECGROUP_ALL_NICS);
	secgroup_member_clear(&member);
	for (size_t i = 0; i < ELEMENTS(wrong); i++) {
		assert_int_equal(secgroup_member_parse(wrong[i], &member, &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test_setup_teardown(test_store, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_addresses, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_instances, scratch_setup, scratch_teardown),
		cmocka_unit_test(test_member_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
