/* A packet in words from its headers, as far as they are there: what a trace shows. Nothing in them is believed. */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/text.h"
#include "vm/filter_packet.h"

struct bytes {
	const uint8_t *data;
	size_t n;
};

static unsigned at16(struct bytes b, size_t at)
{
	return at + 2 <= b.n ? (unsigned)b.data[at] << 8 | b.data[at + 1] : 0;
}

static void put_mac(FILE *out, const uint8_t *mac)
{
	fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void put_address(FILE *out, int family, const uint8_t *address, bool brackets)
{
	char text[INET6_ADDRSTRLEN];

	fprintf(out, brackets ? "[%s]" : "%s", inet_ntop(family, address, text, sizeof(text)));
}

/* --- IP --- */

static const char *protocol_word(unsigned protocol, bool ipv6)
{
	switch (protocol) {
	case 6:
		return "tcp";
	case 17:
		return "udp";
	case 132:
		return "sctp";
	case 136:
		return "udplite";
	case 50:
		return "esp";
	case 51:
		return "ah";
	case 1:
		return ipv6 ? NULL : "icmp";
	case 2:
		return ipv6 ? NULL : "igmp";
	case 58:
		return ipv6 ? "icmpv6" : NULL;
	default:
		return NULL;
	}
}

static void put_transport(FILE *out, unsigned protocol, struct bytes transport)
{
	static const char *const names[] = { "FIN", "SYN", "RST", "PSH", "ACK", "URG" };
	const char *comma = " flags ";

	if ((protocol == 1 || protocol == 58) && transport.n >= 2)
		fprintf(out, " type %u code %u", transport.data[0], transport.data[1]);
	if (protocol == 58 && (transport.n >= 24) && (transport.data[0] == 135 || transport.data[0] == 136)) {
		fputs(" ndtargetaddr ", out);
		put_address(out, AF_INET6, transport.data + 8, false);
	}
	if (protocol != 6 || transport.n < 14)
		return;
	for (size_t i = 0; i < ELEMENTS(names); i++) {
		if (!(transport.data[13] & 1u << i))
			continue;
		fprintf(out, "%s%s", comma, names[i]);
		comma = ",";
	}
	if (!(transport.data[13] & 0x3f))
		fputs(" flags NONE", out);
}

static void put_ends(FILE *out, bool ipv6, struct bytes network, struct bytes transport, bool ports)
{
	int family = ipv6 ? AF_INET6 : AF_INET;

	fputc(' ', out);
	put_address(out, family, network.data + (ipv6 ? 8 : 12), ipv6 && ports);
	if (ports)
		fprintf(out, ":%u", at16(transport, 0));
	fputs(" > ", out);
	put_address(out, family, network.data + (ipv6 ? 24 : 16), ipv6 && ports);
	if (ports)
		fprintf(out, ":%u", at16(transport, 2));
}

static bool put_ip(FILE *out, bool ipv6, struct bytes network, struct bytes transport)
{
	if (network.n < (ipv6 ? 40 : 20))
		return false;

	unsigned protocol = network.data[ipv6 ? 6 : 9],
		 dscp = ipv6 ? at16(network, 0) >> 6 & 0x3f : network.data[1] >> 2;
	bool later = !ipv6 && (at16(network, 6) & 0x1fff);
	const char *word = protocol_word(protocol, ipv6);
	bool ports =
		(protocol == 6 || protocol == 17 || protocol == 132 || protocol == 136) && !later && transport.n >= 4;

	if (later)
		transport.n = 0;
	fputs(word ? word : ipv6 ? "ipv6" : "ip", out);
	put_ends(out, ipv6, network, transport, ports);
	if (!word)
		fprintf(out, " protocol %u", protocol);
	if (dscp)
		fprintf(out, " dscp %u", dscp);
	put_transport(out, protocol, transport);
	if (later)
		fputs(" fragment later", out);
	return true;
}

/* --- others --- */

static bool put_arp(FILE *out, const char *word, struct bytes network)
{
	if (network.n < 28)
		return false;
	fprintf(out, "%s opcode %u tell ", word, at16(network, 6));
	put_address(out, AF_INET, network.data + 14, false);
	fputs(" who ", out);
	put_address(out, AF_INET, network.data + 24, false);
	fputs(" sender-mac ", out);
	put_mac(out, network.data + 8);
	fputs(" target-mac ", out);
	put_mac(out, network.data + 18);
	return true;
}

static bool put_inside(FILE *out, unsigned type, struct bytes network, struct bytes transport)
{
	switch (type) {
	case 0x0800:
		return put_ip(out, false, network, transport);
	case 0x86dd:
		return put_ip(out, true, network, transport);
	case 0x0806:
		return put_arp(out, "arp", network);
	case 0x8035:
		return put_arp(out, "rarp", network);
	default:
		return false;
	}
}

char *filter_packet_from_headers(const uint8_t *link, size_t link_n, const uint8_t *network, size_t network_n,
				 const uint8_t *transport, size_t transport_n)
{
	struct bytes frame = { link, link_n };
	unsigned type = at16(frame, 12), vlan = 0;
	bool tagged = link_n >= 18 && (type == 0x8100 || type == 0x88a8);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	if (tagged) {
		vlan = at16(frame, 14) & 0xfff;
		type = at16(frame, 16);
	}
	if (!put_inside(out, type, (struct bytes){ network, network_n }, (struct bytes){ transport, transport_n }))
		fprintf(out, "ether 0x%04x", type);
	if (link_n >= 14) {
		fputs(" mac ", out);
		put_mac(out, link + 6);
		fputs(" > ", out);
		put_mac(out, link);
	}
	if (tagged)
		fprintf(out, " vlan %u", vlan);
	if (fclose(out) != 0)
		abort();
	return text;
}
