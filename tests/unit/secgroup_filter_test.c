/* What security groups come to as filters. NOV-35 NOV-49 NOV-56: what every NIC with groups needs is built in, whatever is defined. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_compile.h"
#include "vm/secgroup_binding.h"
#include "vm/secgroup_filter.h"

static const struct secgroup_store nowhere = { (char *)"/nonexistent" };

static void add_group(struct filter_cache *cache, const char *text)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_secgroup_ struct secgroup *group = NULL;

	if (secgroup_parse(text, strlen(text), "group", &group, &err) < 0)
		fail_msg("%s", err.message);
	filter_cache_add(cache, secgroup_to_filter(group));
}

/* The rules; owned by the caller. A problem fails, unless it is asked for. */
static char *compile(struct filter_cache *cache, const struct secgroup_nic *nic, const struct filter_kernel *kernel,
		     char ***ret_groups, char **ret_problem)
{
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_filter_tree_ struct filter_tree tree = { 0 };
	_cleanup_filter_program_ struct filter_program program = { 0 };
	_cleanup_free_ char *name = NULL;
	struct filter_source source = filter_cache_source(cache);
	struct filter_nic where = { nic->interface, 2 };

	if (secgroup_filter_expand(&nowhere, nic, cache, &name, &problems) < 0 ||
	    filter_tree_build(&source, name, nic->parameters, nic->n_parameters, &tree, NULL, &problems) < 0 ||
	    filter_compile(&tree, &where, kernel, &program, &problems) < 0) {
		if (!ret_problem)
			fail_msg("%s: %s", problems.list[0].path, problems.list[0].message);
		*ret_problem = xprintf("%s: %s", problems.list[0].path, problems.list[0].message);
		return NULL;
	}
	if (ret_groups)
		*ret_groups = strv_copy(program.groups);
	return filter_program_text(&program);
}

static const struct filter_kernel tracks = { .bridge = true, .bridge_ct = true, .mark_mask = FILTER_MARK_MASK };

static void test_rules(void **state)
{
	const struct filter_store store = { (char *)"/nonexistent", NULL };
	_cleanup_filter_cache_ struct filter_cache cache = { .store = &store };
	char *const groups[] = { (char *)"a-b", NULL };
	struct secgroup_nic nic = { .interface = "tap0", .groups = groups };
	_cleanup_strv_ char **sets = NULL;

	(void)state;
	add_group(&cache, "{\"name\":\"a-b\",\"rules\":[{\"protocol\":\"tcp\",\"ports\":80,\"group\":\"x.y-z\"}]}");
	_cleanup_free_ char *text = compile(&cache, &nic, &tracks, &sets, NULL);
	assert_non_null(strstr(text, "\tset group4/x.2ey.2dz {\n\t\ttype ipv4_addr;"));
	assert_non_null(strstr(text, "ip saddr @group4/x.2ey.2dz"));
	assert_non_null(strstr(text, "ip6 saddr @group6/x.2ey.2dz"));
	assert_non_null(strstr(text, "comment \"secgroup/a-b, rules[0]\""));
	assert_non_null(strstr(text, "ct state invalid counter drop"));
	assert_int_equal(strv_length(sets), 2);

	enum filter_family family;
	_cleanup_free_ char *group = filter_group_of_set(sets[1], &family);
	assert_string_equal(group, "x.y-z");
	assert_int_equal(family, FILTER_FAMILY_IPV6);
}

/* Stateful, or refused with the reason. */
static void test_refusals(void **state)
{
	const struct filter_store store = { (char *)"/nonexistent", NULL };
	_cleanup_filter_cache_ struct filter_cache cache = { .store = &store };
	const struct filter_kernel cannot = { .bridge = true, .mark_mask = FILTER_MARK_MASK };
	char *const groups[] = { (char *)"a", NULL }, *const missing[] = { (char *)"b", NULL },
		    *values[] = { (char *)"10.0.0.0", NULL };
	struct filter_parameter half = { (char *)"PROJNET", values };
	struct secgroup_nic nic = { .interface = "tap0", .groups = groups };
	_cleanup_free_ char *problem = NULL, *second = NULL, *third = NULL;

	(void)state;
	add_group(&cache, "{\"name\":\"a\",\"rules\":[]}");
	assert_null(compile(&cache, &nic, &cannot, NULL, &problem));
	assert_non_null(strstr(problem, "this kernel does not track"));
	nic.groups = missing;
	assert_null(compile(&cache, &nic, &tracks, NULL, &second));
	assert_non_null(strstr(second, "there is no security group \"b\""));
	nic = (struct secgroup_nic){ .interface = "tap0", .groups = groups, .parameters = &half, .n_parameters = 1 };
	assert_null(compile(&cache, &nic, &tracks, NULL, &third));
	assert_non_null(strstr(third, "PROJMASK"));
}

static void test_addresses(void **state)
{
	_cleanup_filter_binding_ struct filter_binding *binding = filter_binding_new("tap0", "52:54:00:00:00:01");

	(void)state;
	strv_add(&binding->learned, "10.0.0.7");
	strv_add(&binding->learned, "2001:db8::7");

	_cleanup_strv_ char **addresses = secgroup_binding_addresses(binding);
	_cleanup_strv_ char **six = secgroup_addresses_of(addresses, FILTER_FAMILY_IPV6);
	char *const gone[] = { (char *)"10.0.0.7", NULL };
	_cleanup_strv_ char **left = secgroup_addresses_without(addresses, gone);
	assert_int_equal(strv_length(addresses), 3);
	assert_true(strv_contains(six, "fe80::5054:ff:fe00:1"));
	assert_true(strv_contains(six, "2001:db8::7"));
	assert_int_equal(strv_length(left), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
