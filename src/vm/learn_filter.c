/* A filter is a list of clauses; a frame passes when all tests of one of them hold. */
#include "vm/learn_filter.h"

#include <linux/if_packet.h>

#include "vm/learn.h"

enum { MAC_DESTINATION = 0, MAC_SOURCE = 6, TYPE = 12, IP = 14 };
enum { UDP = 17, ICMPV6 = 58 };
enum { IPV4_FRAGMENT = IP + 6, IPV4_PROTOCOL = IP + 9, IPV4_SOURCE = IP + 12 };
enum { IPV6_NEXT = IP + 6, IPV6_SOURCE = IP + 8, IPV6_PAYLOAD = IP + 40 };
/* From the begin of the IPv4 header, less its length. */
enum { UDP_FROM = IP, UDP_TO = IP + 2, DHCP_OPERATION = IP + 8, DHCP_CHADDR = IP + 8 + 28 };

struct program {
	struct sock_filter *code;
	size_t n, clause; /* where the present clause begins */
	const uint8_t *mac;
};

static void emit(struct program *program, unsigned code, uint32_t k)
{
	if (program->n < LEARN_FILTER_MAX)
		program->code[program->n++] = (struct sock_filter){ (uint16_t)code, 0, 0, k };
}

/* A jump's target is the end of the clause, which is not known yet: 1 in jt or jf marks it. */
static void test(struct program *program, unsigned size, uint32_t at, uint32_t value, bool equal)
{
	emit(program, BPF_LD | size, at);
	emit(program, BPF_JMP | BPF_JEQ | BPF_K, value);
	program->code[program->n - 1].jt = !equal;
	program->code[program->n - 1].jf = equal;
}

static void is(struct program *program, unsigned size, uint32_t at, uint32_t value)
{
	test(program, size | BPF_ABS, at, value, true);
}

/* Behind the IPv4 header, wherever that ends. */
static void is_behind(struct program *program, unsigned size, uint32_t at, uint32_t value)
{
	test(program, size | BPF_IND, at, value, true);
}

static void clause_end(struct program *program)
{
	emit(program, BPF_RET | BPF_K, LEARN_SNAP);
	for (size_t i = program->clause; i < program->n; i++) {
		struct sock_filter *code = &program->code[i];

		if (BPF_CLASS(code->code) != BPF_JMP)
			continue;
		code->jt = code->jt ? (uint8_t)(program->n - i - 1) : 0;
		code->jf = code->jf ? (uint8_t)(program->n - i - 1) : 0;
	}
	program->clause = program->n;
}

static uint32_t mac_front(const struct program *program)
{
	return (uint32_t)program->mac[0] << 24 | (uint32_t)program->mac[1] << 16 | (uint32_t)program->mac[2] << 8 |
	       program->mac[3];
}

static uint32_t mac_end(const struct program *program)
{
	return (uint32_t)program->mac[4] << 8 | program->mac[5];
}

static void from_guest(struct program *program, uint32_t type)
{
	test(program, BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE), PACKET_OUTGOING, false);
	is(program, BPF_W, MAC_SOURCE, mac_front(program));
	is(program, BPF_H, MAC_SOURCE + 4, mac_end(program));
	is(program, BPF_H, TYPE, type);
}

static void to_guest(struct program *program, uint32_t type)
{
	is(program, BPF_W, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE), PACKET_OUTGOING);
	is(program, BPF_H, TYPE, type);
}

static void senders(struct program *program)
{
	from_guest(program, 0x0806);
	clause_end(program);
	from_guest(program, 0x0800);
	test(program, BPF_W | BPF_ABS, IPV4_SOURCE, 0, false);
	clause_end(program);
}

static void ipv4_udp(struct program *program, uint32_t from, uint32_t to)
{
	is(program, BPF_B, IPV4_PROTOCOL, UDP);
	emit(program, BPF_LD | BPF_H | BPF_ABS, IPV4_FRAGMENT);
	emit(program, BPF_JMP | BPF_JSET | BPF_K, 0x3fff);
	program->code[program->n - 1].jt = 1;
	emit(program, BPF_LDX | BPF_B | BPF_MSH, IP);
	is_behind(program, BPF_H, UDP_FROM, from);
	is_behind(program, BPF_H, UDP_TO, to);
}

static void dhcp(struct program *program)
{
	from_guest(program, 0x0800);
	ipv4_udp(program, 68, 67);
	clause_end(program);
	to_guest(program, 0x0800);
	ipv4_udp(program, 67, 68);
	is_behind(program, BPF_B, DHCP_OPERATION, 2);
	is_behind(program, BPF_W, DHCP_CHADDR, mac_front(program));
	is_behind(program, BPF_H, DHCP_CHADDR + 4, mac_end(program));
	clause_end(program);
}

static void dhcpv6(struct program *program)
{
	from_guest(program, 0x86dd);
	is(program, BPF_B, IPV6_NEXT, UDP);
	is(program, BPF_H, IPV6_PAYLOAD, 546);
	is(program, BPF_H, IPV6_PAYLOAD + 2, 547);
	clause_end(program);
	to_guest(program, 0x86dd);
	is(program, BPF_W, MAC_DESTINATION, mac_front(program));
	is(program, BPF_H, MAC_DESTINATION + 4, mac_end(program));
	is(program, BPF_B, IPV6_NEXT, UDP);
	is(program, BPF_H, IPV6_PAYLOAD, 547);
	is(program, BPF_H, IPV6_PAYLOAD + 2, 546);
	clause_end(program);
}

static void neighbours(struct program *program, bool guest, uint32_t type, bool unspecified)
{
	if (guest)
		from_guest(program, 0x86dd);
	else
		to_guest(program, 0x86dd);
	is(program, BPF_B, IPV6_NEXT, ICMPV6);
	is(program, BPF_B, IPV6_PAYLOAD, type);
	for (uint32_t i = 0; unspecified && i < 16; i += 4)
		is(program, BPF_W, IPV6_SOURCE + i, 0);
	clause_end(program);
}

/* Who asks from no address is answered to all nodes: by that it is told from the answers that a guest gets all the time. */
static void objections(struct program *program)
{
	neighbours(program, false, 135, true);
	is(program, BPF_W, MAC_DESTINATION, 0x33330000);
	is(program, BPF_H, MAC_DESTINATION + 4, 1);
	neighbours(program, false, 136, false);
}

/* What has a VLAN tag says nothing; the kernel has taken the tag out of the frame. */
static void no_tag(struct program *program)
{
	emit(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT));
	emit(program, BPF_JMP | BPF_JEQ | BPF_K, 0);
	program->code[program->n - 1].jt = 1;
	emit(program, BPF_RET | BPF_K, 0);
	program->clause = program->n;
}

size_t learn_filter_make(unsigned wishes, const uint8_t mac[6], struct sock_filter ret[LEARN_FILTER_MAX])
{
	struct program program = { .code = ret, .mac = mac };

	no_tag(&program);
	if (wishes & LEARN_WANTS_SENDERS)
		senders(&program);
	if (wishes & LEARN_WANTS_DHCP)
		dhcp(&program);
	if (wishes & LEARN_WANTS_DHCPV6)
		dhcpv6(&program);
	if (wishes & LEARN_WANTS_PROBES)
		neighbours(&program, true, 135, !(wishes & LEARN_WANTS_CLAIMS));
	if (wishes & LEARN_WANTS_CLAIMS)
		neighbours(&program, true, 136, false);
	if (wishes & LEARN_WANTS_OTHERS)
		objections(&program);
	emit(&program, BPF_RET | BPF_K, 0);
	return program.n;
}
