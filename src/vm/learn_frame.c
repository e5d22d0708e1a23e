/* Frames: Ethernet, ARP, IPv4, IPv6 and its neighbour discovery; as much of them as says whose addresses are whose.
 *
 * Checksums are not looked at: a guest with offloads leaves them to be filled in. Whatever is odd says nothing. */
#include "vm/learn_frame.h"

#include <arpa/inet.h>
#include <string.h>

#include "vm/learn_dhcp.h"

enum { ETHER_DESTINATION = 0, ETHER_SOURCE = 6, ETHER_TYPE = 12, ETHER_HEADER = 14 };
enum { TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, TYPE_IPV6 = 0x86dd };
enum { IPV4_HEADER = 20, IPV6_HEADER = 40, UDP_HEADER = 8 };
enum { PROTOCOL_UDP = 17, PROTOCOL_ICMPV6 = 58 };

/* What all parts of a frame are read with. */
struct reading {
	const uint8_t *ethernet;
	const uint8_t *mac;
	bool from_guest;
	struct learn_frame *ret;
};

/* --- addresses --- */

bool learn_address_equal(const struct learn_address *a, const struct learn_address *b)
{
	return a->ipv6 == b->ipv6 && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool learn_address_is_link_local(const struct learn_address *address)
{
	return address->ipv6 && address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

bool learn_address_read(const char *text, struct learn_address *ret)
{
	*ret = (struct learn_address){ .ipv6 = strchr(text, ':') };
	return inet_pton(ret->ipv6 ? AF_INET6 : AF_INET, text, ret->bytes) == 1;
}

const char *learn_address_write(const struct learn_address *address, char text[46])
{
	text[0] = '\0';
	inet_ntop(address->ipv6 ? AF_INET6 : AF_INET, address->bytes, text, 46);
	return text;
}

/* 169.254.0.0/16 is what a guest takes while no server answers: it must not be held to that. */
bool learn_ipv4_is_sane(const uint8_t *bytes)
{
	return bytes[0] != 0 && bytes[0] != 127 && bytes[0] < 224 && !(bytes[0] == 169 && bytes[1] == 254);
}

/* Nor is anything below ::1:0:0:0:0 one guest's own: unspecified, loopback, those with an IPv4 address in them. */
bool learn_ipv6_is_sane(const uint8_t *bytes)
{
	static const uint8_t zero[8];

	return bytes[0] != 0xff && memcmp(bytes, zero, 8) != 0;
}

void learn_frame_add(struct learn_frame *frame, const uint8_t *bytes, bool ipv6, uint32_t seconds)
{
	if (frame->n == LEARN_FRAME_ADDRESSES)
		return;
	frame->list[frame->n].address = (struct learn_address){ .ipv6 = ipv6 };
	memcpy(frame->list[frame->n].address.bytes, bytes, ipv6 ? 16 : 4);
	frame->list[frame->n++].seconds = seconds;
}

static void say(struct reading *reading, enum learn_kind kind, const uint8_t *address, bool ipv6)
{
	reading->ret->kind = kind;
	learn_frame_add(reading->ret, address, ipv6, 0);
}

/* --- ARP and IPv4 --- */

static void read_arp(struct reading *reading, const uint8_t *arp, size_t length)
{
	static const uint8_t ethernet_ipv4[] = { 0, 1, 8, 0, 6, 4 };

	if (reading->from_guest && length >= 28 && memcmp(arp, ethernet_ipv4, sizeof(ethernet_ipv4)) == 0 &&
	    memcmp(arp + 8, reading->mac, 6) == 0 && learn_ipv4_is_sane(arp + 14))
		say(reading, LEARN_SENDER, arp + 14, false);
}

/* What UDP has behind its header, if the ports are these. */
static bool read_udp(const uint8_t *udp, size_t length, int from, int to, const uint8_t **ret, size_t *ret_length)
{
	size_t said;

	if (length < UDP_HEADER || learn_u16(udp) != from || learn_u16(udp + 2) != to)
		return false;
	said = learn_u16(udp + 4);
	if (said < UDP_HEADER || said > length)
		return false;
	*ret = udp + UDP_HEADER;
	*ret_length = said - UDP_HEADER;
	return true;
}

static void read_dhcp(struct reading *reading, const uint8_t *udp, size_t length)
{
	int server = 67, client = 68;
	const uint8_t *message;
	size_t message_length;

	if (read_udp(udp, length, reading->from_guest ? client : server, reading->from_guest ? server : client,
		     &message, &message_length))
		learn_dhcp(message, message_length, reading->from_guest, reading->mac, reading->ret);
}

static void read_ipv4(struct reading *reading, const uint8_t *ip, size_t length)
{
	size_t header, total;
	bool fragment;

	if (length < IPV4_HEADER || ip[0] >> 4 != 4)
		return;
	header = (size_t)(ip[0] & 15) * 4;
	total = learn_u16(ip + 2);
	if (header < IPV4_HEADER || total < header || total > length)
		return;
	fragment = learn_u16(ip + 6) & 0x3fff;
	if (ip[9] == PROTOCOL_UDP && !fragment)
		read_dhcp(reading, ip + header, total - header);
	if (reading->ret->kind == LEARN_LEASE)
		memcpy(reading->ret->server.bytes, ip + 12, 4);
	if (reading->ret->kind == LEARN_NOTHING && reading->from_guest && learn_ipv4_is_sane(ip + 12))
		say(reading, LEARN_SENDER, ip + 12, false);
}

/* --- IPv6 --- */

static void read_dhcpv6(struct reading *reading, const uint8_t *ip, const uint8_t *udp, size_t length)
{
	int server = 547, client = 546;
	const uint8_t *message;
	size_t message_length;

	/* A server answers to the address that it was asked from, so to the guest's MAC. */
	if (!reading->from_guest && memcmp(reading->ethernet + ETHER_DESTINATION, reading->mac, 6) != 0)
		return;
	if (!read_udp(udp, length, reading->from_guest ? client : server, reading->from_guest ? server : client,
		      &message, &message_length))
		return;
	learn_dhcpv6(message, message_length, reading->from_guest, reading->ret);
	reading->ret->server.ipv6 = true;
	memcpy(reading->ret->server.bytes, ip + 8, 16);
}

static void read_neighbours(struct reading *reading, const uint8_t *ip, const uint8_t *icmp, size_t length)
{
	static const uint8_t unspecified[16];
	bool solicitation, probe;
	const uint8_t *target = icmp + 8, *speaker;

	/* From farther away than this link it would have lost a hop. */
	if (length < 24 || (icmp[0] != 135 && icmp[0] != 136) || icmp[1] != 0 || ip[7] != 255 ||
	    !learn_ipv6_is_sane(target))
		return;
	solicitation = icmp[0] == 135;
	probe = solicitation && memcmp(ip + 8, unspecified, 16) == 0;
	if (!reading->from_guest) {
		if (!solicitation || probe)
			say(reading, LEARN_TAKEN, target, true);
		return;
	}
	speaker = solicitation && !probe ? ip + 8 : target;
	if (learn_ipv6_is_sane(speaker))
		say(reading, probe ? LEARN_PROBE : LEARN_CLAIM, speaker, true);
}

static void read_ipv6(struct reading *reading, const uint8_t *ip, size_t length)
{
	size_t payload;

	if (length < IPV6_HEADER || ip[0] >> 4 != 6)
		return;
	payload = learn_u16(ip + 4);
	if (payload > length - IPV6_HEADER)
		return;
	if (ip[6] == PROTOCOL_UDP)
		read_dhcpv6(reading, ip, ip + IPV6_HEADER, payload);
	else if (ip[6] == PROTOCOL_ICMPV6)
		read_neighbours(reading, ip, ip + IPV6_HEADER, payload);
}

enum learn_kind learn_frame_parse(const uint8_t *data, size_t length, bool from_guest, const uint8_t mac[6],
				  struct learn_frame *ret)
{
	struct reading reading = { data, mac, from_guest, ret };

	*ret = (struct learn_frame){ .kind = LEARN_NOTHING };
	/* What comes back to the guest as its own says nothing of others. */
	if (length < ETHER_HEADER || from_guest != (memcmp(data + ETHER_SOURCE, mac, 6) == 0))
		return LEARN_NOTHING;
	data += ETHER_HEADER;
	length -= ETHER_HEADER;
	switch (learn_u16(reading.ethernet + ETHER_TYPE)) {
	case TYPE_ARP:
		read_arp(&reading, data, length);
		break;
	case TYPE_IPV4:
		read_ipv4(&reading, data, length);
		break;
	case TYPE_IPV6:
		read_ipv6(&reading, data, length);
		break;
	}
	return ret->kind;
}
