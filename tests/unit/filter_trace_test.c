/* What the kernel lists and traces, in terms of filters: names of chains, counters, steps, headers in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "base/text.h"
#include "vm/filter_packet.h"
#include "vm/filter_trace.h"

static void test_names_of_chains(void **state)
{
	_cleanup_filter_chain_name_ struct filter_chain_name name = { 0 };

	(void)state;
	assert_true(filter_chain_name_parse("o2-tap.2e5/ipv4-x", &name));
	assert_string_equal(name.interface, "tap.5");
	assert_string_equal(name.chain, "ipv4-x");
	assert_int_equal(name.direction, FILTER_OUT);
	assert_int_equal(name.layer, FILTER_LAYER_LINK);
	filter_chain_name_clear(&name);
	assert_true(filter_chain_name_parse("i3-tap0/ipv6", &name));
	assert_string_equal(name.interface, "tap0");
	assert_string_equal(name.chain, "root");
	assert_int_equal(name.direction, FILTER_IN);
	assert_int_equal(name.layer, FILTER_LAYER_NETWORK);
	filter_chain_name_clear(&name);
	assert_false(filter_chain_name_parse("from_guest_link", &name));
	assert_false(filter_chain_name_parse("m-tap0", &name));
	assert_false(filter_chain_name_parse("refuse", &name));
}

/* --- counters --- */

#define RULE(table, chain, handle, comment, packets)                                                           \
	"{\"rule\":{\"family\":\"bridge\",\"table\":\"" table "\",\"chain\":\"" chain "\",\"handle\":" #handle \
	",\"comment\":\"" comment "\",\"expr\":[{\"match\":{}},{\"counter\":{\"packets\":" #packets            \
	",\"bytes\":1" #packets "}},{\"drop\":null}]}}"

static void test_rows_are_summed(void **state)
{
	static const char listed[] =
		"{\"nftables\":[{\"metainfo\":{}}," RULE("kvmctl", "o2-tap0/ipv4", 3, "a, b, line 4", 5) "," RULE(
			"kvmctl", "o2-tap0/ipv4", 4, "web, line 9",
			0) "," RULE("kvmctl", "o2-tap0/ipv4", 5, "a, b, line 4",
				    2) "," RULE("kvmctl", "i2-tap0", 6, "a, b, line 4",
						1) "," RULE("kvmctl", "o2-tap1/ipv4", 7, "web, line 9",
							    4) "," RULE("kvmctl", "o3-tap0", 8, "priority-tagged IPv4",
									1) "," RULE("kvmctl", "begin", 9, "web, line 9",
										    100) "," RULE("other", "o2-tap0",
												  10, "web, line 9",
												  100) ","
												       "{\"rule\":{"
												       "\"family\":"
												       "\"bridge\","
												       "\"table\":"
												       "\"kvmctl\","
												       "\"chain\":\"o2-"
												       "tap0\","
												       "\"handle\":11,"
												       "\"expr\":[{"
												       "\"accept\":"
												       "null}]}}]}";
	_cleanup_filter_rows_ struct filter_rows rows = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;
	size_t n;

	(void)state;
	assert_int_equal(filter_rows_add(&rows, listed, &err), 0);
	assert_int_equal(rows.n, 8);
	assert_string_equal(filter_rows_find(&rows, "o2-tap0/ipv4", 4)->filter, "web");
	assert_null(filter_rows_find(&rows, "o2-tap0", 4));

	struct filter_sum *sums = filter_rows_sum(&rows, NULL, &n);
	assert_int_equal(n, 4);
	assert_string_equal(sums[0].filter, "a, b");
	assert_string_equal(sums[0].place, "line 4");
	assert_int_equal(sums[0].packets, 7);
	assert_int_equal(sums[0].bytes, 15 + 12);
	assert_int_equal(sums[0].direction, FILTER_OUT);
	assert_string_equal(sums[1].filter, "web");
	assert_int_equal(sums[1].packets, 4);
	assert_int_equal(sums[2].direction, FILTER_IN);
	assert_int_equal(sums[2].packets, 1);
	assert_string_equal(sums[3].filter, "");
	assert_string_equal(sums[3].place, "priority-tagged IPv4");
	free(sums);

	sums = filter_rows_sum(&rows, "web", &n);
	assert_int_equal(n, 1);
	assert_int_equal(sums[0].packets, 4);
	free(sums);
	assert_int_equal(filter_rows_add(&rows, "{\"nftables\":", &err), -1);
	assert_int_equal(err.kind, ERROR_UNKNOWN);
}

/* --- messages --- */

struct message {
	uint8_t data[1024];
	size_t n;
};

static size_t begin_attribute(struct message *m, unsigned type)
{
	struct nlattr header = { .nla_type = (uint16_t)type };
	size_t at = m->n;

	memcpy(m->data + m->n, &header, sizeof(header));
	m->n += sizeof(header);
	return at;
}

static void end_attribute(struct message *m, size_t at)
{
	uint16_t length = (uint16_t)(m->n - at);

	memcpy(m->data + at, &length, sizeof(length));
	m->n = (m->n + 3) & ~3ul;
}

static void put_attribute(struct message *m, unsigned type, const void *data, size_t n)
{
	size_t at = begin_attribute(m, type);

	memcpy(m->data + m->n, data, n);
	m->n += n;
	end_attribute(m, at);
}

static void put32(struct message *m, unsigned type, uint32_t number)
{
	uint8_t bytes[] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number };

	put_attribute(m, type, bytes, 4);
}

static struct message message(const char *table, const char *chain, unsigned type, int verdict, const char *to)
{
	struct message m = { .n = NLMSG_HDRLEN };
	struct nfgenmsg general = { .nfgen_family = NFPROTO_BRIDGE };
	uint8_t handle[8] = { 0, 0, 0, 0, 0, 0, 1, 2 }, ether[14] = { 0xff };

	memcpy(m.data + m.n, &general, sizeof(general));
	m.n += NLMSG_ALIGN(sizeof(general));
	put32(&m, NFTA_TRACE_ID, 0x01020304);
	put32(&m, NFTA_TRACE_TYPE, type);
	put_attribute(&m, NFTA_TRACE_TABLE, table, strlen(table) + 1);
	put_attribute(&m, NFTA_TRACE_CHAIN, chain, strlen(chain) + 1);
	put_attribute(&m, NFTA_TRACE_RULE_HANDLE, handle, 8);
	put_attribute(&m, NFTA_TRACE_LL_HEADER, ether, sizeof(ether));
	put32(&m, NFTA_TRACE_IIF, 7);
	if (type == NFT_TRACETYPE_POLICY) {
		put32(&m, NFTA_TRACE_POLICY, (uint32_t)verdict);
	} else {
		size_t at = begin_attribute(&m, NFTA_TRACE_VERDICT | NLA_F_NESTED);
		put32(&m, NFTA_VERDICT_CODE, (uint32_t)verdict);
		if (to)
			put_attribute(&m, NFTA_VERDICT_CHAIN, to, strlen(to) + 1);
		end_attribute(&m, at);
	}
	struct nlmsghdr header = { .nlmsg_len = (uint32_t)m.n,
				   .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_TRACE };
	memcpy(m.data, &header, sizeof(header));
	return m;
}

static void test_messages_are_read(void **state)
{
	struct message m = message("kvmctl", "o3-tap0/ipv4", NFT_TRACETYPE_RULE, NFT_GOTO, "refuse");
	struct nft_trace_event event;

	(void)state;
	assert_true(nft_trace_parse(m.data, m.n, &event));
	assert_int_equal(event.id, 0x01020304);
	assert_int_equal(event.family, NFPROTO_BRIDGE);
	assert_string_equal(event.table, "kvmctl");
	assert_string_equal(event.chain, "o3-tap0/ipv4");
	assert_int_equal(event.handle, 0x102);
	assert_int_equal(event.verdict, NFT_TRACE_GOTO);
	assert_string_equal(event.to, "refuse");
	assert_int_equal(event.iif, 7);
	assert_true(event.has_headers);
	assert_int_equal(event.link_n, 14);
	/* Cut off anywhere, nothing is read beyond. */
	for (size_t n = 0; n < m.n; n++) {
		uint8_t *cut = malloc(n + 1);
		uint32_t length = (uint32_t)n;

		memcpy(cut, m.data, n);
		assert_false(nft_trace_parse(cut, n, &event));
		if (n >= 4)
			memcpy(cut, &length, 4);
		(void)nft_trace_parse(cut, n, &event);
		free(cut);
	}
}

static void test_what_decides(void **state)
{
	static const struct {
		const char *table, *chain;
		unsigned type;
		int code;
		const char *to;
		enum filter_trace_kind kind;
		enum filter_action verdict;
	} cases[] = {
		{ "kvmctl", "o2-tap0/mac", NFT_TRACETYPE_RULE, NF_DROP, NULL, FILTER_TRACE_RULE, FILTER_DROP },
		{ "kvmctl", "i2-tap0", NFT_TRACETYPE_RULE, NF_ACCEPT, NULL, FILTER_TRACE_RULE, FILTER_ACCEPT },
		{ "kvmctl", "o3-tap0/ipv4", NFT_TRACETYPE_RULE, NFT_GOTO, "refuse", FILTER_TRACE_RULE, FILTER_REJECT },
		{ "kvmctl", "o3-tap0", NFT_TRACETYPE_RULE, NFT_GOTO, "o3-tap0/ipv4", FILTER_TRACE_NOTHING, 0 },
		{ "kvmctl", "o2-tap0/mac", NFT_TRACETYPE_RULE, NFT_RETURN, NULL, FILTER_TRACE_NOTHING, 0 },
		{ "kvmctl", "refuse", NFT_TRACETYPE_RULE, NF_ACCEPT, NULL, FILTER_TRACE_NOTHING, 0 },
		{ "kvmctl", "to_guest_link", NFT_TRACETYPE_POLICY, NF_ACCEPT, NULL, FILTER_TRACE_END, FILTER_ACCEPT },
		{ "kvmctl", "end", NFT_TRACETYPE_POLICY, NF_ACCEPT, NULL, FILTER_TRACE_NOTHING, 0 },
		{ "firewall", "forward", NFT_TRACETYPE_RULE, NF_DROP, NULL, FILTER_TRACE_FOREIGN, FILTER_DROP },
		{ "firewall", "forward", NFT_TRACETYPE_POLICY, NF_DROP, NULL, FILTER_TRACE_FOREIGN, FILTER_DROP },
		{ "firewall", "forward", NFT_TRACETYPE_RULE, NF_ACCEPT, NULL, FILTER_TRACE_NOTHING, 0 },
		{ "kvmctl-trace-5", "from_guest", NFT_TRACETYPE_POLICY, NF_DROP, NULL, FILTER_TRACE_NOTHING, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		struct message m = message(cases[i].table, cases[i].chain, cases[i].type, cases[i].code, cases[i].to);
		_cleanup_filter_trace_step_ struct filter_trace_step step = { 0 };
		struct nft_trace_event event;

		assert_true(nft_trace_parse(m.data, m.n, &event));
		filter_trace_read(&event, &step);
		if (step.kind != cases[i].kind || step.verdict != cases[i].verdict)
			fail_msg("case %zu: kind %d, verdict %d", i, (int)step.kind, (int)step.verdict);
	}
}

/* --- headers --- */

static size_t bytes(const char *hex, uint8_t ret[128])
{
	size_t n = 0;

	for (; *hex; hex += hex[2] == ' ' ? 3 : 2)
		assert_int_equal(sscanf(hex, "%2hhx", &ret[n++]), 1);
	return n;
}

static void test_headers_in_words(void **state)
{
	static const char ether4[] = "525400000002 525400000001 0800", ether6[] = "525400000002 525400000001 86dd";
	static const char *const cases[][4] = {
		{ ether4, "4500002800000000 40060000 0a000005 0a000009", "04000050 00000000 00000000 5012ffff",
		  "tcp 10.0.0.5:1024 > 10.0.0.9:80 flags SYN,ACK mac 52:54:00:00:00:01 > 52:54:00:00:00:02" },
		{ ether4, "4520002800002010 40110000 0a000005 0a000009", "04000050",
		  "udp 10.0.0.5 > 10.0.0.9 dscp 8 fragment later mac 52:54:00:00:00:01 > 52:54:00:00:00:02" },
		{ ether4, "4500002800000000 402f0000 0a000005 0a000009", "04000050",
		  "ip 10.0.0.5 > 10.0.0.9 protocol 47 mac 52:54:00:00:00:01 > 52:54:00:00:00:02" },
		{ ether4, "4500002800000000 4001", "08000050",
		  "ether 0x0800 mac 52:54:00:00:00:01 > 52:54:00:00:00:02" },
		{ ether6, "6000000000203aff fe800000000000000000000000000001 ff020000000000000000000000000001",
		  "88000000 00000000 fe800000000000000000000000000002",
		  "icmpv6 fe80::1 > ff02::1 type 136 code 0 ndtargetaddr fe80::2 mac 52:54:00:00:00:01 > "
		  "52:54:00:00:00:02" },
		{ ether6, "60000000002011ff fe800000000000000000000000000001 ff020000000000000000000000000001",
		  "02220223", "udp [fe80::1]:546 > [ff02::1]:547 mac 52:54:00:00:00:01 > 52:54:00:00:00:02" },
		{ "ffffffffffff 525400000001 8100 0007 0806",
		  "0001080006040001 525400000001 0a000005 000000000000 0a000009", "",
		  "arp opcode 1 tell 10.0.0.5 who 10.0.0.9 sender-mac 52:54:00:00:00:01 target-mac 00:00:00:00:00:00 "
		  "mac 52:54:00:00:00:01 > ff:ff:ff:ff:ff:ff vlan 7" },
		{ "", "", "", "ether 0x0000" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		uint8_t link[128], network[128], transport[128];
		size_t n[] = { bytes(cases[i][0], link), bytes(cases[i][1], network), bytes(cases[i][2], transport) };
		_cleanup_free_ char *text = filter_packet_from_headers(link, n[0], network, n[1], transport, n[2]);

		assert_string_equal(text, cases[i][3]);
	}
}

/* What a trace prints can be asked about. */
static void test_headers_can_be_explained(void **state)
{
	static const char words[] =
		"tcp 10.0.0.5:1024 > 10.0.0.9:80 flags SYN,ACK mac 52:54:00:00:00:01 > 52:54:00:00:00:02";
	_cleanup_error_ struct error err = ERROR_INIT;
	struct filter_packet_defaults defaults = { NULL };
	struct filter_packet packet;

	(void)state;
	assert_int_equal(filter_packet_parse(words, &defaults, &packet, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_of_chains),   cmocka_unit_test(test_rows_are_summed),
		cmocka_unit_test(test_messages_are_read), cmocka_unit_test(test_what_decides),
		cmocka_unit_test(test_headers_in_words),  cmocka_unit_test(test_headers_can_be_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
