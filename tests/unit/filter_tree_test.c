/* Trees of filters: order, variables, and what is refused (NWF-13, NWF-14, NWF-15, NWF-16, NWF-47, NWF-60, NWF-68, NWF-69, NWF-70). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_json.h"
#include "vm/filter_tree.h"

struct rig {
	struct filter *filters[64];
	size_t n;
	struct filter_reference nic;
	struct filter_tree tree;
	struct problems problems;
	char **unset;
};

static const struct filter *find(void *arg, const char *name, struct error *err)
{
	struct rig *rig = arg;

	(void)err;
	for (size_t i = 0; i < rig->n; i++)
		if (streq(rig->filters[i]->name, name))
			return rig->filters[i];
	return NULL;
}

static void add(struct rig *rig, const char *xml)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (filter_parse(xml, strlen(xml), "test", &rig->filters[rig->n], &err) < 0)
		fail_msg("%s", err.message);
	rig->n++;
}

static void parameter(struct rig *rig, const char *name, const char *value)
{
	strv_add(&filter_reference_parameter(&rig->nic, name)->values, value);
}

static int build(struct rig *rig, const char *name)
{
	struct filter_source source = { find, rig };

	return filter_tree_build(&source, name, rig->nic.parameters, rig->nic.n_parameters, &rig->tree, &rig->unset,
				 &rig->problems);
}

static void rig_clear(struct rig *rig)
{
	for (size_t i = 0; i < rig->n; i++)
		filter_free(rig->filters[i]);
	for (size_t i = 0; i < rig->nic.n_parameters; i++) {
		free(rig->nic.parameters[i].name);
		strv_free(rig->nic.parameters[i].values);
	}
	free(rig->nic.parameters);
	filter_tree_clear(&rig->tree);
	problems_free(&rig->problems);
	strv_free(rig->unset);
}

/* Whether some problem says it. */
static void assert_problem(const struct rig *rig, const char *words)
{
	for (size_t i = 0; i < rig->problems.n; i++)
		if (strstr(rig->problems.list[i].message, words))
			return;
	fail_msg("no problem says \"%s\"; the first of %zu: %s", words, rig->problems.n,
		 rig->problems.n ? rig->problems.list[0].message : "-");
}

static void rules_are_sorted(void **state)
{
	_cleanup_(rig_clear) struct rig rig = { 0 };

	(void)state;
	add(&rig,
	    "<filter name='top'><filterref filter='sub'/>"
	    "<rule action='drop' direction='in' priority='10'/><rule action='accept' direction='in' priority='-5'/>"
	    "<rule action='return' direction='in' priority='10'/></filter>");
	add(&rig,
	    "<filter name='sub' chain='ipv4' priority='300'><rule action='drop' direction='out' priority='200'/>"
	    "<rule action='accept' direction='out' priority='100'/><rule action='return' direction='out'/></filter>");
	assert_int_equal(build(&rig, "top"), 0);
	assert_int_equal(rig.tree.n, 6);
	/* Root first, by priority, ties as they stand. */
	assert_int_equal(rig.tree.rules[0].rule->action, FILTER_ACCEPT);
	assert_int_equal(rig.tree.rules[1].rule->action, FILTER_DROP);
	assert_int_equal(rig.tree.rules[2].rule->action, FILTER_RETURN);
	/* Priorities below the chain's are lifted to it: the first two are a tie. */
	assert_string_equal(rig.tree.rules[3].chain, "ipv4");
	assert_int_equal(rig.tree.rules[3].rule->action, FILTER_DROP);
	assert_int_equal(rig.tree.rules[3].priority, 300);
	assert_int_equal(rig.tree.rules[4].rule->action, FILTER_ACCEPT);
	assert_int_equal(rig.tree.rules[5].priority, FILTER_RULE_PRIORITY);
	assert_int_equal(strv_length(rig.tree.filters), 2);
}

static void lists_and_iterators(void **state)
{
	_cleanup_(rig_clear) struct rig rig = { 0 };

	(void)state;
	add(&rig,
	    "<filter name='top'>"
	    "<rule action='accept' direction='in' priority='1'><tcp srcipaddr='$A' dstportstart='$P'/></rule>"
	    "<rule action='accept' direction='in' priority='2'><tcp srcipaddr='$A[@1]' dstportstart='$P[@2]'/></rule>"
	    "<rule action='accept' direction='in' priority='3'><tcp srcipaddr='$A[1]' dstportstart='$P[ @2 "
	    "]'/></rule></filter>");
	parameter(&rig, "A", "10.0.0.1");
	parameter(&rig, "A", "10.0.0.2");
	parameter(&rig, "A", "10.0.0.1");
	parameter(&rig, "P", "22");
	parameter(&rig, "P", "80");
	parameter(&rig, "P", "22");
	assert_int_equal(build(&rig, "top"), 0);
	/* In step: three positions, of which one is said twice. */
	assert_int_equal(rig.tree.rules[0].n_groups, 1);
	assert_int_equal(rig.tree.rules[0].groups[0], 2);
	assert_int_equal(rig.tree.rules[1].n_groups, 2);
	assert_int_equal(rig.tree.rules[1].groups[0] * rig.tree.rules[1].groups[1], 4);
	assert_int_equal(rig.tree.rules[2].n_groups, 1);
	assert_int_equal(rig.tree.rules[2].nodes[0].operands[0].group, FILTER_NO_GROUP);
	assert_string_equal(rig.tree.rules[2].nodes[0].operands[0].values[0].text, "10.0.0.2");
}

static void parameters_of_a_reference_go_first(void **state)
{
	_cleanup_(rig_clear) struct rig rig = { 0 };

	(void)state;
	add(&rig, "<filter name='top'><filterref filter='sub'><parameter name='A' value='10.0.0.9'/></filterref>"
		  "<filterref filter='sub'/></filter>");
	add(&rig, "<filter name='sub'><rule action='accept' direction='in'><tcp srcipaddr='$A'/></rule></filter>");
	parameter(&rig, "A", "10.0.0.1");
	assert_int_equal(build(&rig, "top"), 0);
	assert_string_equal(rig.tree.rules[0].nodes[0].operands[0].values[0].text, "10.0.0.9");
	assert_string_equal(rig.tree.rules[1].nodes[0].operands[0].values[0].text, "10.0.0.1");
}

static void all_mistakes_at_once(void **state)
{
	_cleanup_(rig_clear) struct rig rig = { 0 };

	(void)state;
	add(&rig, "<filter name='top'><filterref filter='a'/><filterref filter='missing'/>"
		  "<rule action='accept' direction='in'><tcp srcipaddr='$UNSET'/></rule>"
		  "<rule action='accept' direction='in'><tcp srcipaddr='$PORTS[0]'/></rule>"
		  "<rule action='accept' direction='in'><tcp dstportstart='$PORTS[7]'/></rule>"
		  "<rule action='accept' direction='in'><tcp dstportstart='$PORTS' srcipaddr='$ONE'/></rule></filter>");
	add(&rig, "<filter name='a'><filterref filter='b'/></filter>");
	add(&rig, "<filter name='b'><filterref filter='c'/></filter>");
	add(&rig, "<filter name='c'><filterref filter='a'/></filter>");
	parameter(&rig, "PORTS", "22");
	parameter(&rig, "PORTS", "80");
	parameter(&rig, "ONE", "10.0.0.1");
	assert_int_equal(build(&rig, "top"), -1);
	assert_problem(&rig, "the references form a loop: \"a\" -> \"b\" -> \"c\" -> \"a\"");
	assert_problem(&rig, "there is no filter \"missing\"");
	assert_problem(&rig, "the variable \"UNSET\" has no value");
	assert_problem(&rig, "srcipaddr=\"$PORTS\"");
	assert_problem(&rig, "\"PORTS\" has 2 values, counted from 0");
	assert_problem(&rig, "\"$PORTS\" has 2 values and \"$ONE\" has 1");
	assert_int_equal(rig.problems.n, 6);
	assert_int_equal(strv_length(rig.unset), 1);
	assert_string_equal(rig.unset[0], "UNSET");
	assert_int_equal(rig.tree.n, 0);
}

/* 2000 x 2000 is more than may be; the number is said. */
static void too_many_combinations(void **state)
{
	_cleanup_(rig_clear) struct rig rig = { 0 };

	(void)state;
	add(&rig, "<filter name='top'><rule action='accept' direction='in'><tcp srcportstart='$P[@1]' "
		  "dstportstart='$P[@2]'/></rule></filter>");
	for (int i = 0; i < 2000; i++) {
		_cleanup_free_ char *port = xprintf("%d", i);
		parameter(&rig, "P", port);
	}
	assert_int_equal(build(&rig, "top"), -1);
	assert_problem(&rig, "4000000 combinations");
}

/* Each refers to the next one twice: 2^40 rules if nobody counted. */
static void a_small_tree_that_is_large(void **state)
{
	_cleanup_(rig_clear) struct rig rig = { 0 };

	(void)state;
	for (int i = 0; i < 40; i++) {
		_cleanup_free_ char *xml =
			xprintf("<filter name='f%d'><filterref filter='f%d'/><filterref filter='f%d'/></filter>", i,
				i + 1, i + 1);
		add(&rig, xml);
	}
	add(&rig, "<filter name='f40'><rule action='drop' direction='in'/></filter>");
	assert_int_equal(build(&rig, "f0"), -1);
	assert_problem(&rig, "more than 20000 references");
	assert_int_equal(rig.problems.n, 1);
}

static void a_long_list(void **state)
{
	_cleanup_(rig_clear) struct rig rig = { 0 };
	struct filter_parameter *list;

	(void)state;
	add(&rig, "<filter name='top'><rule action='accept' direction='in'><udp dstportstart='$P'/></rule></filter>");
	list = filter_reference_parameter(&rig.nic, "P");
	list->values = xcalloc(FILTER_LIST_MAX + 2, sizeof(*list->values));
	for (size_t i = 0; i < FILTER_LIST_MAX; i++)
		list->values[i] = xprintf("%zu", i % 65536);
	assert_int_equal(build(&rig, "top"), 0);
	assert_int_equal(rig.tree.rules[0].groups[0], 65536);
	filter_tree_clear(&rig.tree);
	list->values[FILTER_LIST_MAX] = xstrdup("1");
	assert_int_equal(build(&rig, "top"), -1);
	assert_problem(&rig, "a list of 100001 values");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_sorted),
		cmocka_unit_test(lists_and_iterators),
		cmocka_unit_test(parameters_of_a_reference_go_first),
		cmocka_unit_test(all_mistakes_at_once),
		cmocka_unit_test(too_many_combinations),
		cmocka_unit_test(a_small_tree_that_is_large),
		cmocka_unit_test(a_long_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
