/* Definitions of filters as XML and JSON: what is read, what comes back, what is refused and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_json.h"
#include "vm/filter_xml.h"

static struct filter *read_xml(const char *text)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct filter *filter = NULL;

	if (filter_parse(text, strlen(text), "test", &filter, &err) < 0)
		fail_msg("%s\n%s", err.message, text);
	return filter;
}

/* Refused, with each of the words in the message (they end with NULL). */
static void refused(const char *text, ...)
{
	_cleanup_filter_ struct filter *filter = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;
	const char *word;
	va_list ap;

	if (filter_parse(text, strlen(text), "test", &filter, &err) == 0)
		fail_msg("taken: %s", text);
	assert_int_equal(err.kind, ERROR_SPEC);
	va_start(ap, text);
	while ((word = va_arg(ap, const char *)))
		if (!strstr(err.message, word))
			fail_msg("no \"%s\" in: %s\nof %s", word, err.message, text);
	va_end(ap);
}

static void same_again(const struct filter *filter)
{
	_cleanup_free_ char *xml = filter_to_xml(filter);
	_cleanup_json_ struct json *document = filter_to_json(filter);
	_cleanup_free_ char *json = json_to_pretty(document);
	_cleanup_filter_ struct filter *from_xml = read_xml(xml), *from_json = read_xml(json);

	assert_true(filter_equal(filter, from_xml));
	assert_true(filter_equal(filter, from_json));
}

#define FULL                                                                            \
	"<?xml version='1.0'?>\n"                                                       \
	"<!-- before -->\n"                                                             \
	"<filter name='full' chain='arp-xyz' priority='-520'>\n"                        \
	"  <uuid>891e4787-e5c0-d59b-cbd6-41bc3c6b36fc</uuid>\n"                         \
	"  <!-- between -->\n"                                                          \
	"  <filterref filter='other'>\n"                                                \
	"    <!-- in the reference -->\n"                                               \
	"    <parameter name='DHCPSERVER' value='10.0.0.1'/>\n"                         \
	"    <parameter name='IP' value='10.0.0.2'/>\n"                                 \
	"    <parameter name='DHCPSERVER' value='10.0.0.3'/>\n"                         \
	"  </filterref>\n"                                                              \
	"  <rule action='reject' direction='inout' priority='-7' statematch='false'>\n" \
	"    <!-- in the rule -->\n"                                                    \
	"    <arp match='no' srcmacaddr='$MAC'/>\n"                                     \
	"    <arp opcode='Request' comment='it&apos;s &lt;one>'/>\n"                    \
	"  </rule>\n"                                                                   \
	"  <rule action='continue' direction='out'/>\n"                                 \
	"</filter>\n"                                                                   \
	"<!-- after -->\n"

/* NWF-20 NWF-21 NWF-22 NWF-23 NWF-24 NWF-25 NWF-26 NWF-47 NWF-48 NWF-49 NWF-50 NWF-51 NWF-68 */
static void everything(void **state)
{
	_cleanup_filter_ struct filter *f = read_xml(FULL);

	(void)state;
	assert_string_equal(f->name, "full");
	assert_string_equal(f->uuid, "891e4787-e5c0-d59b-cbd6-41bc3c6b36fc");
	assert_string_equal(f->chain, "arp-xyz");
	assert_int_equal(f->priority, -520);
	assert_string_equal(f->comments[0], " before ");
	assert_int_equal(f->n_entries, 5);
	assert_string_equal(f->entries[0].comment, " between ");
	assert_string_equal(f->entries[4].comment, " after ");

	const struct filter_reference *reference = &f->entries[1].reference;
	assert_string_equal(reference->filter, "other");
	assert_string_equal(reference->comments[0], " in the reference ");
	assert_int_equal(reference->n_parameters, 2);
	assert_string_equal(reference->parameters[0].name, "DHCPSERVER");
	assert_int_equal(strv_length(reference->parameters[0].values), 2);
	assert_string_equal(reference->parameters[0].values[1], "10.0.0.3");

	const struct filter_rule *rule = &f->entries[2].rule;
	assert_int_equal(f->entries[2].line, 12);
	assert_int_equal(rule->action, FILTER_REJECT);
	assert_int_equal(rule->direction, FILTER_INOUT);
	assert_int_equal(rule->priority, -7);
	assert_true(rule->stateless);
	assert_int_equal(rule->n_nodes, 2);
	assert_true(rule->nodes[0].negated);
	assert_false(rule->nodes[1].negated);
	assert_int_equal(rule->nodes[1].line, 15);
	assert_string_equal(filter_node_value(&rule->nodes[1], FILTER_ATTRIBUTE_COMMENT)->text, "it's <one>");
	assert_int_equal(filter_rule_layer(rule), FILTER_LAYER_LINK);

	rule = &f->entries[3].rule;
	assert_int_equal(rule->priority, 500);
	assert_false(rule->stateless);
	assert_null(filter_rule_protocol(rule));
	same_again(f);
}

/* NWF-41 NWF-42 NWF-43 NWF-44 NWF-45 NWF-46 */
static void actions_and_directions(void **state)
{
	static const char *const actions[] = { "drop", "accept", "reject", "return", "continue" },
				 *const directions[] = { "in", "out", "inout" };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(actions) * ELEMENTS(directions); i++) {
		_cleanup_free_ char *text = xprintf("<filter name='x'><rule action='%s' direction='%s'/></filter>",
						    actions[i % 5], directions[i / 5]);
		_cleanup_filter_ struct filter *f = read_xml(text);

		assert_int_equal(f->entries[0].rule.action, i % 5);
		assert_int_equal(f->entries[0].rule.direction, i / 5);
		same_again(f);
	}
	refused("<filter name='x'><rule action='DROP' direction='in'/></filter>", "action", "DROP", NULL);
	refused("<filter name='x'><rule action='drop' direction='both'/></filter>", "direction", "both", NULL);
	refused("<filter name='x'>\n<rule/></filter>", "line 2", "no \"action\"", "no \"direction\"", NULL);
}

/* NWF-22 NWF-23 NWF-27 NWF-28 NWF-29 NWF-30 NWF-31 NWF-32 NWF-33 NWF-34 NWF-35 NWF-36 */
static void chains(void **state)
{
	static const struct {
		const char *chain;
		int priority;
	} good[] = { { "root", 0 },       { "stp", -810 },     { "mac", -800 },         { "vlan", -750 },
		     { "ipv4", -700 },    { "ipv6", -600 },    { "arp", -500 },         { "rarp", -400 },
		     { "arp-mac", -500 }, { "ipv4-ip", -700 }, { "arpfoo", -500 },      { "mac-01_2.3:", -800 },
		     { "vlan-1", -750 },  { "rarp-x", -400 },  { "ipv6-1234567", -600 } };
	static const char *const bad[] = { "",      "root-x", "roots", "tcp", "ARP", "arp-1234567890",
					   "arp x", "arp/x",  "ip",    "ipv" };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(good); i++) {
		_cleanup_free_ char *text = xprintf("<filter name='x' chain='%s'/>", good[i].chain);
		_cleanup_free_ char *with = xprintf("<filter name='x' priority='7' chain='%s'/>", good[i].chain);
		_cleanup_filter_ struct filter *f = read_xml(text), *g = read_xml(with);

		assert_string_equal(f->chain, good[i].chain);
		assert_int_equal(f->priority, good[i].priority);
		assert_int_equal(g->priority, 7);
		same_again(f);
		same_again(g);
	}
	for (size_t i = 0; i < ELEMENTS(bad); i++) {
		_cleanup_free_ char *text = xprintf("<filter name='x' chain='%s'/>", bad[i]);

		refused(text, "chain", "is no name of a chain", NULL);
	}
	assert_string_equal(filter_chain_prefix("ipv4-x"), "ipv4");
	assert_string_equal(filter_chain_prefix("root"), "root");
}

/* NWF-23 NWF-35 NWF-47: libvirt makes 500 of what it cannot read. */
static void priorities(void **state)
{
	(void)state;
	refused("<filter name='x' chain='arp' priority='1001'/>", "priority", NULL);
	refused("<filter name='x' chain='arp' priority='-1001'/>", "priority", NULL);
	refused("<filter name='x' priority=''/>", "priority", NULL);
	refused("<filter name='x'><rule action='drop' direction='in' priority='5000'/></filter>", "priority", "5000",
		NULL);
	refused("<filter name='x'><rule action='drop' direction='in' priority='high'/></filter>", "priority", "high",
		NULL);
	_cleanup_filter_ struct filter *f =
		read_xml("<filter name='x' chain='arp' priority='-1000'><rule action='drop' direction='in' "
			 "priority='1000'/></filter>");
	assert_int_equal(f->priority, -1000);
	assert_int_equal(f->entries[0].rule.priority, 1000);
}

/* All mistakes at once, each with its line. */
static void all_mistakes(void **state)
{
	(void)state;
	refused("<filter nam='x'>\n"
		"  <rul action='drop'><tcp what='ever'/></rul>\n"
		"  <rule action='drop' direction='in' statematch='no'>\n"
		"    <gre/>\n"
		"    <tcp srcipadr='10.0.0.1'/>\n"
		"    <udp/>\n"
		"    <tcp dstportstart='65536' dscp='64'/>\n"
		"  </rule>\n"
		"  <filterref name='x'>\n"
		"    <parameter name='A-B' value='1'/>\n"
		"    <parameter name='A' value='a/b'/>\n"
		"    <parameter name='A'/>\n"
		"    <value/>\n"
		"  </filterref> text\n"
		"  <uuid>123</uuid>\n"
		"</filter>",
		"line 1: \"nam\" is no attribute of \"filter\": did you mean \"name\"?",
		"line 1: \"filter\" has no \"name\"",
		"line 2: \"rul\" is no element of \"filter\": did you mean \"rule\"?", "line 3: statematch: \"no\"",
		"line 4: \"gre\" is no protocol", "line 5: \"srcipadr\"", "line 6: \"udp\" beside \"tcp\"",
		"line 7: dstportstart: \"65536\"", "line 7: dscp: \"64\"",
		"line 9: \"name\" is no attribute of \"filterref\"", "line 9: \"filterref\" has no \"filter\"",
		"line 10: \"A-B\"", "line 11: A: \"a/b\"", "line 12: \"parameter\" has no \"value\"",
		"line 13: \"value\" is no element", "line 14: text", "line 15: uuid", "17 problems", NULL);
}

/* NWF-50 NWF-54 NWF-55 */
static void what_no_node_can_say(void **state)
{
#define NODE(text) "<filter name='x'><rule action='drop' direction='in'>" text "</rule></filter>"
	(void)state;
	refused(NODE("<ip srcipmask='24'/>"), "\"srcipmask\" needs \"srcipaddr\"", NULL);
	refused(NODE("<tcp dstportend='80'/>"), "\"dstportend\" needs \"dstportstart\"", NULL);
	refused(NODE("<tcp ipset='x'/>"), "\"ipset\" needs \"ipsetflags\"", NULL);
	refused(NODE("<ip dstportstart='80'/>"), "\"dstportstart\" needs \"protocol\"", NULL);
	refused(NODE("<ip protocol='icmp' dstportstart='80'/>"), "\"dstportstart\" needs \"protocol\"", NULL);
	refused(NODE("<ipv6 type='135'/>"), "\"type\" needs protocol icmpv6", NULL);
	refused(NODE("<ipv6 protocol='icmpv6' ndtargetaddr='::1'/>"), "\"ndtargetaddr\" needs \"type\"", NULL);
	refused(NODE("<ipv6 protocol='icmpv6' type='128' ndtargetaddr='::1'/>"),
		"\"ndtargetaddr\" needs type 135 or 136", NULL);
	refused(NODE("<tcp dstportstart='80' dstportend='79'/>"), "the range from 80 to 79", NULL);
	refused(NODE("<all srcipfrom='10.0.0.2' srcipto='10.0.0.1'/>"), "the range from 10.0.0.2 to 10.0.0.1", NULL);
	refused(NODE("<tcp dstportstart='80' dstportstart='81'/>"), "dstportstart", NULL);
	refused(NODE("<stp msg-age='1' age='2'/>"), "\"age\" stands twice", NULL);
	refused(NODE("<tcp match='0'/>"), "match: \"0\" is neither yes nor no", NULL);
	refused(NODE("<tcp srcmacmask='ff:ff:ff:ff:ff:ff'/>"), "\"srcmacmask\" is no attribute of \"tcp\"", NULL);
	_cleanup_filter_ struct filter *f = read_xml(
		NODE("<ip protocol='$P' dstportstart='$Q' dstportend='1'/><ip protocol='17' srcportstart='1'/>"));
	assert_int_equal(f->entries[0].rule.n_nodes, 2);
}

/* NWF-20: names are names of files, too. */
static void names(void **state)
{
	static const char *const bad[] = {
		"", ".", "..", "a/b", "/etc/passwd", "-x", ".x", "a b", "a\tb", "ä", "x\x7f"
	};
	_cleanup_free_ char *longest = xprintf("%0*d", FILTER_NAME_MAX, 0),
			    *longer = xprintf("%0*d", FILTER_NAME_MAX + 1, 0);
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	assert_true(filter_name_is_valid(longest, &err));
	assert_true(filter_name_is_valid("nova-instance-instance-00000001-00163e.A_b:c+d@e", &err));
	assert_false(filter_name_is_valid(longer, &err));
	for (size_t i = 0; i < ELEMENTS(bad); i++)
		assert_false(filter_name_is_valid(bad[i], &err));
	refused("<filter name='../x'/>", "../x", NULL);
	refused("<filter name='x'><filterref filter='a/b'/></filter>", "a/b", NULL);
}

/* NWF-60 NWF-67 */
static void parameters(void **state)
{
	(void)state;
	assert_true(filter_variable_name_is_valid("PROJMASKV6"));
	assert_true(filter_variable_name_is_valid("a_1"));
	assert_false(filter_variable_name_is_valid(""));
	assert_false(filter_variable_name_is_valid("a-b"));
	assert_true(filter_variable_value_is_valid("fe80::1"));
	assert_true(filter_variable_value_is_valid("10.0.0.1"));
	assert_false(filter_variable_value_is_valid(""));
	assert_false(filter_variable_value_is_valid("a;b"));
	assert_false(filter_variable_value_is_valid("$A"));
}

/* What is no such XML at all. */
static void bad_xml(void **state)
{
	(void)state;
	refused("", "empty", NULL);
	refused("<", "line 1", NULL);
	refused("<filter name='x'>", "line 1", NULL);
	refused("<filter name='x'></filte>", "line 1", NULL);
	refused("<filter name='x'/><filter name='y'/>", "line 1", NULL);
	refused("<network/>", "\"network\" is no \"filter\"", NULL);
	refused("<filter name='x' xmlns='urn:x'/>", "xmlns", NULL);
	refused("<filter name='x' xmlns:q='urn:x' q:r='1'/>", "q:r", NULL);
	refused("<q:filter xmlns:q='urn:x' name='x'/>", "q:filter", NULL);
	refused("<filter name='&unknown;'/>", "line 1", NULL);
	refused("<filter name='x'><![CDATA[text]]></filter>", "text where none belongs", NULL);
	refused("<?php system() ?><filter name='x'/>", "processing instruction", NULL);
	refused("<filter name='x'><?x y?></filter>", "processing instruction", NULL);
	refused("<a><a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a></a>", "too deep", NULL);
	refused("<filter name='x'><uuid><b/></uuid></filter>", "\"b\" is no element of \"uuid\"", NULL);
	refused("<filter name='x'><rule action='drop' direction='in'><tcp><tcp/></tcp></rule></filter>",
		"\"tcp\" is no element", NULL);
	refused("no XML", "line 1", NULL);
	refused("\xff\xfe<", "line 1", NULL);
}

/* Neither a bomb nor a file of the host comes in. */
static void no_entities(void **state)
{
	(void)state;
	refused("<!DOCTYPE f [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c "
		"'&b;&b;&b;&b;&b;&b;&b;&b;'>]>"
		"<filter name='x'><uuid>&c;</uuid></filter>",
		"document type is refused", NULL);
	refused("<!DOCTYPE f [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><filter name='&a;'/>",
		"document type is refused", NULL);
	refused("<!DOCTYPE filter SYSTEM 'http://127.0.0.1:1/x.dtd'><filter name='x'/>", "document type is refused",
		NULL);
	refused("<!DOCTYPE f [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/x'> %p; ]><filter name='x'/>",
		"document type is refused", NULL);
}

static char *repeated(const char *head, const char *part, size_t n, const char *tail)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fputs(head, f);
	for (size_t i = 0; i < n; i++)
		fputs(part, f);
	fputs(tail, f);
	fclose(f);
	return text;
}

static void large(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_filter_ struct filter *none = NULL;
	_cleanup_free_ char *rules =
		repeated("<filter name='x'>", "<rule action='drop' direction='in'><tcp dstportstart='1'/></rule>\n",
			 10000, "</filter>");
	_cleanup_filter_ struct filter *filter = read_xml(rules);

	(void)state;
	assert_int_equal(filter->n_entries, 10000);
	assert_int_equal(filter->entries[9999].line, 10000);

	/* More mistakes than anybody reads. */
	_cleanup_free_ char *mistakes = repeated("<filter name='x'>", "<bad/>", 200000, "</filter>");
	refused(mistakes, "\"bad\" is no element", "and more from here on", "101 problems", NULL);

	/* 100 MB are not looked at. */
	size_t size = 100 * 1000 * 1000;
	char *huge = xcalloc(size, 1);
	assert_int_equal(filter_parse(huge, size, "huge", &none, &err), -1);
	assert_non_null(strstr(err.message, "100000000 bytes"));
	memset(huge, '{', size);
	assert_int_equal(filter_parse(huge, size, "huge", &none, &err), -1);
	free(huge);
}

/* As JSON: the same mistakes with their path. */
static void bad_json(void **state)
{
	(void)state;
	refused("{}", "\"filter\" has no \"name\"", NULL);
	refused("{\"name\": \"x\", \"entries\": {}}", "entries: is object, not array", NULL);
	refused("{\"name\": \"x\", \"entries\": [5]}", "entries[0]: an entry is an object of one key", NULL);
	refused("{\"name\": \"x\", \"entries\": [{\"rule\": {}, \"comment\": \"\"}]}", "entries[0]", NULL);
	refused("{\"name\": \"x\", \"entries\": [{\"rul\": {}}]}",
		"entries[0]: \"rul\" is no key of \"entries\": did you mean \"rule\"?", NULL);
	refused("{\"name\": \"x\", \"entries\": [{\"comment\": \"a\"}, {\"rule\": {\"action\": \"drop\", "
		"\"direction\": \"in\", \"nodes\": "
		"[{\"tcp\": {}}, {\"tcp\": {\"dstport\": 1, \"dstportstart\": [1], \"dstportend\": 70000}}]}}]}",
		"entries[1].nodes[1]: \"dstport\"", "entries[1].nodes[1]: dstportstart: is array", "70000", NULL);
	refused("{\"name\": \"x\", \"entries\": [{\"rule\": {\"action\": \"drop\", \"direction\": \"in\", \"nodes\": "
		"[{\"tcp\": {}, \"udp\": {}}]}}]}",
		"a node is an object of one protocol", NULL);
	refused("{\"name\": \"x\", \"entries\": [{\"filterref\": {\"parameters\": {\"A\": []}}}]}",
		"a list without a value", "no \"filter\"", NULL);
	refused("{\"name\": \"x\", \"comments\": [\"a--b\"]}", "cannot be written as XML", NULL);
	refused("{\"name\": \"x\", \"entries\": [{\"comment\": \"a-\"}]}", "cannot be written as XML", NULL);
	refused("{\"name\": \"x\", \"uuid\": 5, \"priority\": 1.5, \"chian\": \"root\"}", "uuid", "priority: is number",
		"did you mean \"chain\"?", NULL);
	refused("{\"name\": \"x\", \"name\": \"y\"}", "line 1", NULL);
	refused("{\"name\": \"a\\u0000b\"}", "", NULL);
}

static void good_json(void **state)
{
	_cleanup_filter_ struct filter *f = read_xml(
		" {\"name\": \"ssh\", \"entries\": [{\"comment\": \"from the office\"},"
		"{\"filterref\": {\"filter\": \"clean-traffic\", \"parameters\": {\"IP\": [\"10.0.0.1\", "
		"\"10.0.0.2\"], \"N\": 5}}},"
		"{\"rule\": {\"action\": \"accept\", \"direction\": \"in\", \"priority\": 500, \"statematch\": false,"
		"\"nodes\": [{\"tcp\": {\"match\": false, \"srcipaddr\": \"$OFFICE\", \"srcipmask\": 24, "
		"\"dstportstart\": \"0x16\"}}]}},"
		"{\"rule\": {\"action\": \"drop\", \"direction\": \"inout\"}}]}");

	(void)state;
	assert_int_equal(f->n_entries, 4);
	assert_true(f->entries[2].rule.stateless);
	assert_true(f->entries[2].rule.nodes[0].negated);
	assert_int_equal(filter_node_value(&f->entries[2].rule.nodes[0], FILTER_ATTRIBUTE_DSTPORTSTART)->number, 22);
	assert_string_equal(f->entries[1].reference.parameters[1].values[0], "5");
	_cleanup_free_ char *place = filter_entry_place(f, 2);
	assert_string_equal(place, "entries[2]");
	same_again(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything),   cmocka_unit_test(actions_and_directions),
		cmocka_unit_test(chains),       cmocka_unit_test(priorities),
		cmocka_unit_test(all_mistakes), cmocka_unit_test(what_no_node_can_say),
		cmocka_unit_test(names),        cmocka_unit_test(parameters),
		cmocka_unit_test(bad_xml),      cmocka_unit_test(no_entities),
		cmocka_unit_test(large),        cmocka_unit_test(bad_json),
		cmocka_unit_test(good_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
