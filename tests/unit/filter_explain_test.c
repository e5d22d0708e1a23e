/* Packets in words, and which rule decides about them (NWF-18, NWF-39, NWF-44, NWF-45, NWF-50, NWF-68, NWF-83, NWF-87, ATT-95). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "filter_case.h"
#include "vm/filter_explain.h"

/* --- words --- */

static char *read_packet(const char *text)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct filter_packet_defaults defaults = { "52:54:00:00:00:01" };
	struct filter_packet packet;

	if (filter_packet_parse(text, &defaults, &packet, &err) < 0)
		return xstrdup(err.message);
	return filter_packet_text(&packet);
}

static void test_what_is_not_said_is_ordinary(void **state)
{
	static const char *const cases[][2] = {
		{ "tcp 10.0.0.5:1024 > 10.0.0.9:80", "tcp 10.0.0.5:1024 > 10.0.0.9:80 out dscp 0 flags SYN mac "
						     "52:54:00:00:00:01 > 02:00:00:00:00:fe state new" },
		{ "tcp 10.0.0.9:80>10.0.0.5:1024 in state established answer",
		  "tcp 10.0.0.9:80 > 10.0.0.5:1024 in dscp 0 flags ACK mac 02:00:00:00:00:fe > 52:54:00:00:00:01 state "
		  "established answer" },
		{ "tcp 10.0.0.5 > 10.0.0.9:80", "tcp 10.0.0.5:32768 > 10.0.0.9:80 out dscp 0 flags SYN mac "
						"52:54:00:00:00:01 > 02:00:00:00:00:fe state new" },
		{ "tcp fd00::1 > [fd00::2]:22 in", "tcp [fd00::1]:32768 > [fd00::2]:22 in dscp 0 flags SYN mac "
						   "02:00:00:00:00:fe > 52:54:00:00:00:01 state new" },
		{ "udp [FD00::1]:546 > [ff02::1:2]:547 dscp 0x3f",
		  "udp [fd00::1]:546 > [ff02::1:2]:547 out dscp 63 mac 52:54:00:00:00:01 > 33:33:00:01:00:02 state "
		  "new" },
		{ "udp 0.0.0.0:68 > 255.255.255.255:67 vlan 7",
		  "udp 0.0.0.0:68 > 255.255.255.255:67 out dscp 0 mac 52:54:00:00:00:01 > ff:ff:ff:ff:ff:ff vlan 7 "
		  "state new" },
		{ "icmpv6 fe80::1 > ff02::1 type 134", "icmpv6 fe80::1 > ff02::1 out dscp 0 type 134 code 0 mac "
						       "52:54:00:00:00:01 > 33:33:00:00:00:01 state new" },
		{ "udp 10.0.0.5 > 224.1.2.3 fragment later connections 3",
		  "udp 10.0.0.5 > 224.1.2.3 out dscp 0 mac 52:54:00:00:00:01 > 01:00:5e:01:02:03 fragment later "
		  "connections 3 state new" },
		{ "ip 10.0.0.5 > 10.0.0.9 protocol 47 state untracked",
		  "ip 10.0.0.5 > 10.0.0.9 out protocol 47 dscp 0 mac 52:54:00:00:00:01 > 02:00:00:00:00:fe state "
		  "untracked" },
		{ "ipv6 fe80::1 > ff02::2 protocol 103 dscp 6", "ipv6 fe80::1 > ff02::2 out protocol 103 dscp 6 mac "
								"52:54:00:00:00:01 > 33:33:00:00:00:02 state new" },
		{ "arp reply tell 10.0.0.5 who 10.0.0.9 mac 52:54:00:00:00:01 > 52:54:00:00:00:02",
		  "arp out hwtype 1 protocoltype 2048 opcode 2 arpsrcmacaddr 52:54:00:00:00:01 arpdstmacaddr "
		  "52:54:00:00:00:02 "
		  "arpsrcipaddr 10.0.0.5 arpdstipaddr 10.0.0.9 hlen 6 plen 4 mac 52:54:00:00:00:01 > "
		  "52:54:00:00:00:02" },
		{ "ether 0x88cc vlan 5 tag-type 0x88a8",
		  "ether 0x88cc out mac 52:54:00:00:00:01 > 02:00:00:00:00:fe vlan 5 tag-type 0x88a8" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_free_ char *text = read_packet(cases[i][0]), *again = read_packet(text);

		assert_string_equal(text, cases[i][1]);
		assert_string_equal(again, text);
	}
}

static void test_mistakes_are_named(void **state)
{
	static const char *const cases[][2] = {
		{ "", "\"\" is no protocol" },
		{ "gre 10.0.0.5 > 10.0.0.9", "\"gre\" is no protocol: tcp, udp" },
		{ "tcp", "tcp needs from where to where it goes" },
		{ "tcp 10.0.0.5:1", "tcp needs from where to where it goes" },
		{ "tcp 10.0.0.5:1 >", "tcp needs from where to where it goes" },
		{ "tcp 10.0.0.5:1 > 10.0.0.9", "a destination port" },
		{ "tcp 10.0.0.5:1 > fd00::1", "\"fd00::1\"" },
		{ "tcp 10.0.0.5:70000 > 10.0.0.9:80", "srcportstart \"70000\"" },
		{ "tcp 10.0.0.256:7 > 10.0.0.9:80", "srcipaddr \"10.0.0.256\"" },
		{ "icmp 10.0.0.5:7 > 10.0.0.9", "icmp has no ports" },
		{ "icmp fd00::1 > fd00::2", "\"fd00::1\" is no address of icmp" },
		{ "icmpv6 10.0.0.5 > 10.0.0.9", "\"10.0.0.5\" is no address of icmpv6" },
		{ "udp 10.0.0.5:1 > 10.0.0.9:80 flags syn", "\"flags\" is no word for a packet of udp" },
		{ "tcp 10.0.0.5:1 > 10.0.0.9:80 flags sin", "flags \"ALL/sin\"" },
		{ "tcp 10.0.0.5:1 > 10.0.0.9:80 dscp 64", "dscp \"64\"" },
		{ "tcp 10.0.0.5:1 > 10.0.0.9:80 dscp", "something has to stand behind \"dscp\"" },
		{ "tcp 10.0.0.5:1 > 10.0.0.9:80 dscp 1 dscp 2", "\"dscp\" is said twice" },
		{ "tcp 10.0.0.5:1 > 10.0.0.9:80 in out", "either \"in\" or \"out\"" },
		{ "tcp 10.0.0.5:1 > 10.0.0.9:80 state old", "\"state old\"" },
		{ "tcp 10.0.0.5:1 > 10.0.0.9:80 mac 52:54:00:00:00:01", "\"> DESTINATION\"" },
		{ "tcp 10.0.0.5:1 > 10.0.0.9:80 vlan 4096", "vlanid \"4096\"" },
		{ "tcp 10.0.0.5:1 > 10.0.0.9:80 request", "\"request\" is no word" },
		{ "tcp 10.0.0.5:1 > 10.0.0.9:80 fragment middle", "first or later" },
		{ "tcp 10.0.0.5:1 > 10.0.0.9:80 connections many", "connections" },
		{ "arp request fragment later", "only IP packets" },
		{ "arp request who 10.0.0.9", "arp needs tell ADDRESS" },
		{ "arp request who 10.0.0.9 tell fd00::1", "arpsrcipaddr \"fd00::1\"" },
		{ "ip 10.0.0.5 > 10.0.0.9", "ip needs protocol NUMBER" },
		{ "ip 10.0.0.5 > 10.0.0.9 protocol 6", "with the word \"tcp\"" },
		{ "ether ipv6", "with the word \"ipv6\"" },
		{ "ether 0x8100", "with the word \"vlan\"" },
		{ "ether", "something has to stand behind \"ether\"" },
		{ "stp root-cost 5000000000", "root-cost \"5000000000\"" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_free_ char *text = read_packet(cases[i][0]);

		if (!strstr(text, cases[i][1]) || !starts_with(text, "the packet: "))
			fail_msg("%s: %s, not %s", cases[i][0], text, cases[i][1]);
	}
}

/* --- rules --- */

struct rig {
	struct filter_case c;
	struct filter_tree tree;
};

static void load(struct rig *rig, const char *const *definitions, const char *const *parameters)
{
	struct filter_source source = { case_find, &rig->c };
	_cleanup_problems_ struct problems problems = { 0 };

	rig->c.path = "test";
	for (; *definitions; definitions++)
		case_filter(&rig->c, *definitions, 1);
	for (; parameters && *parameters; parameters++)
		case_parameter(&rig->c, *parameters);
	rig->c.top = xstrdup(rig->c.filters[0]->name);
	if (filter_tree_build(&source, rig->c.top, rig->c.parameters.parameters, rig->c.parameters.n_parameters,
			      &rig->tree, NULL, &problems) < 0)
		fail_msg("%s", problems.list[0].message);
}

static void clear(struct rig *rig)
{
	filter_tree_clear(&rig->tree);
	case_free(&rig->c);
}

static void layer(FILE *out, const struct filter_layer_verdict *verdict)
{
	_cleanup_free_ char *place =
		verdict->rule ? filter_entry_place(verdict->rule->filter, verdict->rule->entry) : NULL;

	fputs(filter_action_to_string(verdict->verdict), out);
	if (verdict->rule)
		fprintf(out, " by %s %s", verdict->rule->filter->name, place);
	else
		fprintf(out, " why %d in %s", (int)verdict->why, verdict->chain);
	fprintf(out, " (%zu)", verdict->n_applied);
}

/* "LINK; NETWORK: VERDICT" with the numbers of rules that applied. */
static char *explain(struct rig *rig, const char *text)
{
	_cleanup_filter_explanation_ struct filter_explanation explanation = { 0 };
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;
	struct filter_packet_defaults defaults = { NULL };
	struct filter_packet packet;
	char *said = NULL;
	size_t size;

	if (filter_packet_parse(text, &defaults, &packet, &err) < 0)
		fail_msg("%s", err.message);
	if (filter_explain(&rig->tree, &packet, &explanation, &problems) < 0)
		return xstrdup(problems.list[0].message);
	FILE *out = open_memstream(&said, &size);
	layer(out, &explanation.link);
	fputs("; ", out);
	layer(out, &explanation.network);
	fprintf(out, ": %s", filter_action_to_string(explanation.verdict));
	fclose(out);
	return said;
}

static void expect(struct rig *rig, const char *const (*cases)[2], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *said = explain(rig, cases[i][0]);

		if (!streq(said, cases[i][1]))
			fail_msg("%s:\n  %s\n  %s expected", cases[i][0], said, cases[i][1]);
	}
}

static void test_both_layers_are_told(void **state)
{
	static const char *const definitions[] = {
		"<filter name='both'>\n"
		"<rule action='drop' direction='out' priority='100'><mac dstmacaddr='02:00:00:00:00:99'/></rule>\n"
		"<filterref filter='sub'/>\n"
		"<rule action='accept' direction='out' priority='200'><ip protocol='tcp'/></rule>\n"
		"<rule action='accept' direction='in' priority='100'><tcp dstportstart='22'/></rule>\n"
		"<rule action='reject' direction='out' priority='900'><all/></rule>\n"
		"<rule action='return' direction='out' priority='300'><arp/></rule>\n"
		"</filter>",
		"<filter name='sub' chain='ipv4-sub'>\n"
		"<rule action='continue' direction='out' priority='1'/>\n"
		"<rule action='return' direction='out' priority='2'><ip protocol='tcp'/></rule>\n"
		"<rule action='drop' direction='out' priority='3'><ip protocol='udp'/></rule>\n"
		"</filter>",
		NULL
	};
	static const char *const cases[][2] = {
		{ "tcp 10.0.0.5:1 > 10.0.0.9:80", "accept by both line 4 (3); reject by both line 6 (1): reject" },
		{ "tcp 10.0.0.5:22 > 10.0.0.9:80 state established answer",
		  "accept by both line 4 (3); accept by both line 5 (1): accept" },
		{ "tcp 10.0.0.5:22 > 10.0.0.9:80 state established",
		  "accept by both line 4 (3); reject by both line 6 (1): reject" },
		{ "tcp 10.0.0.5:22 > 10.0.0.9:80 mac 02:00:00:00:00:01 > 02:00:00:00:00:99",
		  "drop by both line 2 (3); reject by both line 6 (1): drop" },
		{ "udp 10.0.0.5:1 > 10.0.0.9:80", "drop by sub line 4 (2); reject by both line 6 (1): drop" },
		{ "icmp 10.0.0.5 > 10.0.0.9 vlan 3", "accept why 3 in root (0); accept why 4 in root (0): accept" },
		{ "icmp 10.0.0.5 > 10.0.0.9 vlan 0", "accept why 3 in root (0); drop why 5 in root (0): drop" },
		{ "icmp 10.0.0.5 > 10.0.0.9", "accept why 2 in ipv4-sub (1); reject by both line 6 (1): reject" },
		{ "arp who 10.0.0.9 tell 10.0.0.5", "accept why 1 in root (1); accept why 4 in root (0): accept" },
		{ "icmpv6 fd00::1 > fd00::2", "accept why 3 in root (0); accept why 4 in root (0): accept" },
		{ "tcp 10.0.0.9:80 > 10.0.0.5:22 in", "accept why 3 in root (0); accept by both line 5 (1): accept" },
		{ "tcp 10.0.0.9:80 > 10.0.0.5:23 in", "accept why 3 in root (0); reject by both line 6 (1): reject" },
	};
	struct rig rig = { 0 };

	(void)state;
	load(&rig, definitions, NULL);
	expect(&rig, cases, ELEMENTS(cases));
	clear(&rig);
}

/* A connection's number, its state and its direction are said, since nobody has seen it. */
static void test_connections(void **state)
{
	static const char *const definitions[] = {
		"<filter name='c'>\n"
		"<rule action='drop' direction='out' priority='100'><tcp connlimit-above='3'/></rule>\n"
		"<rule action='accept' direction='out' priority='200'><tcp dstportstart='80'/></rule>\n"
		"<rule action='accept' direction='out' priority='210'><udp state='RELATED,INVALID'/></rule>\n"
		"<rule action='drop' direction='inout' priority='900'><all/></rule>\n"
		"</filter>",
		NULL
	};
	static const char *const cases[][2] = {
		{ "tcp 10.0.0.5:1 > 10.0.0.9:80 connections 4",
		  "accept why 3 in root (0); drop by c line 2 (1): drop" },
		{ "tcp 10.0.0.5:1 > 10.0.0.9:80 connections 3",
		  "accept why 3 in root (0); accept by c line 3 (1): accept" },
		{ "tcp 10.0.0.9:80 > 10.0.0.5:1 in", "accept why 3 in root (0); drop by c line 5 (1): drop" },
		{ "tcp 10.0.0.9:80 > 10.0.0.5:1 in state established",
		  "accept why 3 in root (0); drop by c line 5 (1): drop" },
		{ "tcp 10.0.0.9:80 > 10.0.0.5:1 in state established answer",
		  "accept why 3 in root (0); accept by c line 3 (1): accept" },
		{ "tcp 10.0.0.9:80 > 10.0.0.5:1 in state related answer",
		  "accept why 3 in root (0); drop by c line 5 (1): drop" },
		{ "udp 10.0.0.5:1 > 10.0.0.9:80", "accept why 3 in root (0); drop by c line 5 (1): drop" },
		{ "udp 10.0.0.5:1 > 10.0.0.9:80 state related",
		  "accept why 3 in root (0); accept by c line 4 (1): accept" },
		{ "udp 10.0.0.5:1 > 10.0.0.9:80 state invalid",
		  "accept why 3 in root (0); accept by c line 4 (1): accept" },
		{ "udp 10.0.0.5:1 > 10.0.0.9:80 state untracked",
		  "accept why 3 in root (0); drop by c line 5 (1): drop" },
	};
	struct rig rig = { 0 };

	(void)state;
	load(&rig, definitions, NULL);
	expect(&rig, cases, ELEMENTS(cases));
	clear(&rig);
}

static void test_lists(void **state)
{
	static const char *const definitions[] = { "<filter name='l'>\n"
						   "<rule action='accept' direction='out' priority='1' statematch='0'>"
						   "<tcp dstipaddr='$TO[@1]' dstportstart='$PORT[@1]'/></rule>\n"
						   "<rule action='accept' direction='out' priority='2' statematch='0'>"
						   "<udp dstipaddr='$TO[@1]' dstportstart='$PORT[@2]'/></rule>\n"
						   "<rule action='accept' direction='out' priority='3'><tcp option='8' "
						   "dstportstart='$LOW' dstportend='$HIGH'/></rule>\n"
						   "<rule action='drop' direction='out' priority='9'><all/></rule>\n"
						   "</filter>",
						   NULL };
	static const char *const parameters[] = { "TO=10.0.0.1", "TO=10.0.0.2", "PORT=1", "PORT=2",
						  "LOW=20",      "HIGH=30",     NULL };
	static const char *const bad[] = { "TO=10.0.0.1", "PORT=1", "LOW=30", "HIGH=20", NULL };
	static const char *const cases[][2] = {
		{ "tcp 10.0.0.5:1 > 10.0.0.1:1", "accept why 3 in root (0); accept by l line 2 (1): accept" },
		{ "tcp 10.0.0.5:1 > 10.0.0.2:2", "accept why 3 in root (0); accept by l line 2 (1): accept" },
		{ "tcp 10.0.0.5:1 > 10.0.0.1:2", "accept why 3 in root (0); drop by l line 5 (1): drop" },
		{ "udp 10.0.0.5:1 > 10.0.0.1:2", "accept why 3 in root (0); accept by l line 3 (1): accept" },
		{ "udp 10.0.0.5:1 > 10.0.0.3:2", "accept why 3 in root (0); drop by l line 5 (1): drop" },
		{ "tcp 10.0.0.5:1 > 10.0.0.3:25 option 8", "accept why 3 in root (0); accept by l line 4 (1): accept" },
		{ "tcp 10.0.0.5:1 > 10.0.0.3:25 option 9", "accept why 3 in root (0); drop by l line 5 (1): drop" },
		{ "tcp 10.0.0.5:1 > 10.0.0.3:31 option 8", "accept why 3 in root (0); drop by l line 5 (1): drop" },
	};
	static const char *const empty[][2] = {
		{ "tcp 10.0.0.5:1 > 10.0.0.3:25 option 8",
		  "the range dstportstart=\"30\" to dstportend=\"20\" ends before it begins" },
	};
	struct rig rig = { 0 }, wrong = { 0 };

	(void)state;
	load(&rig, definitions, parameters);
	expect(&rig, cases, ELEMENTS(cases));
	clear(&rig);
	load(&wrong, definitions, bad);
	expect(&wrong, empty, 1);
	clear(&wrong);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_not_said_is_ordinary),
		cmocka_unit_test(test_mistakes_are_named),
		cmocka_unit_test(test_both_layers_are_told),
		cmocka_unit_test(test_connections),
		cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
