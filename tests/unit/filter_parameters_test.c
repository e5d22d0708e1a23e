/* Values of a binding's variables, and what stands before an address is known (NWF-15, NWF-16, NWF-61, NWF-62, NWF-63, NWF-66, NWF-68, NWF-73, NWF-76). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_before.h"
#include "vm/filter_json.h"
#include "vm/filter_parameters.h"

struct rig {
	struct filter *filter;
	struct filter_binding *binding;
	struct filter_parameters parameters;
	struct filter_tree tree;
	struct problems problems;
};

static const struct filter *find(void *arg, const char *name, struct error *err)
{
	struct rig *rig = arg;

	(void)err;
	return streq(name, "f") ? rig->filter : NULL;
}

/* A filter of these rules (XML). */
static void rig_init(struct rig *rig, const char *rules)
{
	_cleanup_free_ char *xml = xprintf("<filter name='f'>%s</filter>", rules);
	_cleanup_error_ struct error err = ERROR_INIT;

	*rig = (struct rig){ 0 };
	if (filter_parse(xml, strlen(xml), "test", &rig->filter, &err) < 0)
		fail_msg("%s", err.message);
	rig->binding = filter_binding_new("tap0", "52:54:00:12:34:56");
}

static void give(struct rig *rig, const char *name, const char *value)
{
	strv_add(&filter_parameters_get(&rig->binding->parameters, &rig->binding->n_parameters, name)->values, value);
}

static int build(struct rig *rig)
{
	struct filter_source source = { find, rig };

	filter_tree_clear(&rig->tree);
	filter_parameters_clear(&rig->parameters);
	problems_free(&rig->problems);
	rig->problems = (struct problems){ 0 };
	return filter_parameters_build(&source, "f", rig->binding, &rig->parameters, &rig->tree, &rig->problems);
}

static void rig_clear(struct rig *rig)
{
	filter_tree_clear(&rig->tree);
	filter_parameters_clear(&rig->parameters);
	problems_free(&rig->problems);
	filter_binding_free(rig->binding);
	filter_free(rig->filter);
}

/* "a b" of a variable, "-" when it has no value. */
static void assert_values(struct rig *rig, const char *name, const char *wanted)
{
	_cleanup_free_ char *values = NULL;

	for (size_t i = 0; i < rig->parameters.n; i++)
		if (streq(rig->parameters.list[i].name, name))
			values = strv_join(rig->parameters.list[i].values, " ");
	assert_string_equal(values ? values : "-", wanted);
}

#define IP_RULE "<rule action='return' direction='out'><ip srcipaddr='$IP'/></rule>"
#define IPV6_RULE "<rule action='return' direction='out'><ipv6 srcipaddr='$IPV6'/></rule>"
#define LINK_LOCAL "fe80::5054:ff:fe12:3456"

static void test_nothing_is_learned_that_is_not_needed(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, "<rule action='drop' direction='out'><mac match='no' srcmacaddr='$MAC'/></rule>");
	give(&rig, "MAC", "52:54:00:00:00:99");
	give(&rig, "PORTS", "1");
	give(&rig, "PORTS", "2");
	assert_int_equal(build(&rig), 0);
	assert_values(&rig, "MAC", "52:54:00:12:34:56");
	assert_values(&rig, "PORTS", "1 2");
	assert_values(&rig, "IP", "-");
	assert_false(rig.parameters.learns_ipv4 || rig.parameters.learns_ipv6 || rig.parameters.waiting);
	assert_int_equal(rig.tree.n, 1);
	rig_clear(&rig);
}

static void test_given_addresses(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, IP_RULE IPV6_RULE);
	give(&rig, "IP", "10.0.0.5");
	strv_add(&rig.binding->learned, "10.0.0.9");
	assert_int_equal(build(&rig), 0);
	assert_values(&rig, "IP", "10.0.0.5");
	assert_values(&rig, "IPV6", LINK_LOCAL);
	assert_false(rig.parameters.learns_ipv4 || rig.parameters.learns_ipv6 || rig.parameters.waiting);

	/* Who says how, wants IPv6 ones to be found. */
	give(&rig, "CTRL_IP_LEARNING", "dhcp");
	assert_int_equal(build(&rig), 0);
	assert_true(!rig.parameters.learns_ipv4 && rig.parameters.learns_ipv6 && !rig.parameters.waiting);
	assert_int_equal(rig.parameters.learning, FILTER_LEARNING_DHCP);

	give(&rig, "IPV6", "2001:db8::1");
	assert_int_equal(build(&rig), 0);
	assert_values(&rig, "IPV6", "2001:db8::1");
	assert_false(rig.parameters.learns_ipv6);
	rig_clear(&rig);
}

/* Until an IPv4 address is known, and from then on. The filter's own name stays in the tree: it is in use. */
static void test_waiting(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, IP_RULE IPV6_RULE);
	assert_int_equal(build(&rig), 0);
	assert_true(rig.parameters.learns_ipv4 && rig.parameters.learns_ipv6 && rig.parameters.waiting);
	assert_string_equal(rig.tree.rules[0].filter->name, FILTER_BEFORE_NAME);
	assert_string_equal(rig.tree.filters[0], "f");

	strv_add(&rig.binding->learned, "2001:db8::5");
	assert_int_equal(build(&rig), 0);
	assert_true(rig.parameters.waiting);
	assert_values(&rig, "IPV6", LINK_LOCAL " 2001:db8::5");

	strv_add(&rig.binding->learned, "10.0.0.7");
	strv_add(&rig.binding->learned, LINK_LOCAL);
	assert_int_equal(build(&rig), 0);
	assert_true(!rig.parameters.waiting && rig.parameters.learns_ipv4);
	assert_string_equal(rig.tree.rules[0].filter->name, "f");
	assert_values(&rig, "IP", "10.0.0.7");
	assert_values(&rig, "IPV6", LINK_LOCAL " 2001:db8::5");
	rig_clear(&rig);
}

static bool has_problem(struct rig *rig, const char *text)
{
	for (size_t i = 0; i < rig->problems.n; i++)
		if (strstr(rig->problems.list[i].message, text))
			return true;
	return false;
}

static void test_refused(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig, IP_RULE "<rule action='drop' direction='in'><tcp dstportstart='$PORT'/></rule>");
	/* Also while it waits all of the filter is checked. */
	assert_int_equal(build(&rig), -1);
	assert_int_equal(rig.problems.n, 1);
	assert_true(has_problem(&rig, "PORT"));
	give(&rig, "PORT", "http");
	assert_int_equal(build(&rig), -1);

	filter_parameters_get(&rig.binding->parameters, &rig.binding->n_parameters, "PORT")->values[0][0] = '8';
	filter_parameters_get(&rig.binding->parameters, &rig.binding->n_parameters, "PORT")->values[0][1] = '\0';
	give(&rig, "CTRL_IP_LEARNING", "none");
	assert_int_equal(build(&rig), -1);
	assert_int_equal(rig.problems.n, 1);
	assert_true(has_problem(&rig, "give the addresses"));
	strv_add(&filter_parameters_get(&rig.binding->parameters, &rig.binding->n_parameters, "CTRL_IP_LEARNING")
			  ->values,
		 "any");
	assert_int_equal(build(&rig), -1);
	assert_true(has_problem(&rig, "just one of them"));
	rig_clear(&rig);

	rig_init(&rig, IP_RULE);
	give(&rig, "CTRL_IP_LEARNING", "arp");
	assert_int_equal(build(&rig), -1);
	assert_true(has_problem(&rig, "\"arp\" is not any, dhcp or none"));
	rig_clear(&rig);
}

static size_t count(const struct filter_tree *tree, const char *protocol)
{
	size_t n = 0;

	for (size_t i = 0; i < tree->n; i++)
		n += tree->rules[i].n_nodes > 0 && streq(tree->rules[i].nodes[0].protocol->name, protocol);
	return n;
}

/* Every row of what passes before can be read; each kind has what it should and nothing more; the last rule drops. */
static void test_before(void **state)
{
	struct rig rig;

	(void)state;
	for (int all = 0; all < 16; all++) {
		struct filter_before before = { all & 1 ? FILTER_LEARNING_ANY : FILTER_LEARNING_DHCP, all & 2, all & 4,
						all & 8 };
		_cleanup_filter_ struct filter *filter = filter_before_make(&before);

		assert_non_null(filter);
		assert_int_equal(filter->entries[filter->n_entries - 1].rule.action, FILTER_DROP);
		assert_int_equal(filter->entries[filter->n_entries - 1].rule.n_nodes, 0);
		assert_true(filter->entries[0].rule.nodes[0].negated);
	}
	rig_init(&rig, IP_RULE);
	assert_int_equal(build(&rig), 0);
	assert_int_equal(count(&rig.tree, "ip"), 3);
	assert_int_equal(count(&rig.tree, "arp"), 1);
	assert_int_equal(count(&rig.tree, "ipv6"), 0);
	give(&rig, "CTRL_IP_LEARNING", "dhcp");
	assert_int_equal(build(&rig), 0);
	assert_int_equal(count(&rig.tree, "ip"), 2);
	assert_int_equal(count(&rig.tree, "mac"), 1);
	assert_int_equal(count(&rig.tree, "arp"), 0);
	give(&rig, "DHCPSERVER", "10.0.0.1");
	give(&rig, "DHCPSERVER", "10.0.0.2");
	assert_int_equal(build(&rig), 0);
	assert_int_equal(rig.tree.rules[2].nodes[0].operands[0].n, 2);
	rig_clear(&rig);
}

static void test_addresses(void **state)
{
	_cleanup_free_ char *a = filter_link_local("52:54:00:12:34:56"), *b = filter_link_local("02:00:00:00:00:01");

	(void)state;
	assert_string_equal(a, LINK_LOCAL);
	assert_string_equal(b, "fe80::ff:fe00:1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_learned_that_is_not_needed),
		cmocka_unit_test(test_given_addresses),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_before),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
