/* What is not said about a packet: as an ordinary one of its kind has it. */
#include "base/parse.h"
#include "base/text.h"
#include "vm/filter_packet_internal.h"

#define ID(name) FILTER_ATTRIBUTE_##name

/* The first that Linux gives to who asks for none (net.ipv4.ip_local_port_range). */
#define EPHEMERAL_PORT 32768

/* The other side's; the guest's, when nobody knows it. Locally administered. */
static const uint8_t other_mac[6] = { 0x02, 0, 0, 0, 0, 0xfe };
static const uint8_t some_guest_mac[6] = { 0x02, 0, 0, 0, 0, 0x01 };

bool packet_protocol_has_ports(enum filter_protocol protocol)
{
	switch ((int)protocol) {
	case FILTER_PROTOCOL_TCP:
	case FILTER_PROTOCOL_UDP:
	case FILTER_PROTOCOL_SCTP:
	case FILTER_PROTOCOL_UDPLITE:
	case FILTER_PROTOCOL_TCP6:
	case FILTER_PROTOCOL_UDP6:
	case FILTER_PROTOCOL_SCTP6:
	case FILTER_PROTOCOL_UDPLITE6:
		return true;
	default:
		return false;
	}
}

uint32_t packet_number(const struct filter_packet *packet, enum filter_attribute_id id)
{
	const uint8_t *value = packet->fields[id].value;

	return (uint32_t)value[12] << 24 | (uint32_t)value[13] << 16 | (uint32_t)value[14] << 8 | value[15];
}

static void put_number(struct filter_packet *packet, enum filter_attribute_id id, uint32_t number)
{
	struct packet_field *field = &packet->fields[id];

	*field = (struct packet_field){ .has = PACKET_KNOWN };
	for (int i = 0; i < 4; i++)
		field->value[15 - i] = (uint8_t)(number >> (8 * i));
}

static void put_default(struct filter_packet *packet, enum filter_attribute_id id, uint32_t number)
{
	if (packet->fields[id].has == PACKET_ABSENT)
		put_number(packet, id, number);
}

static void put_mac(struct filter_packet *packet, enum filter_attribute_id id, const uint8_t mac[6])
{
	if (packet->fields[id].has != PACKET_ABSENT)
		return;
	packet->fields[id].has = PACKET_KNOWN;
	memcpy(packet->fields[id].value + 10, mac, 6);
}

/* --- the frame --- */

/* Where packets for many go; false: it is for one. */
static bool group_mac(const struct filter_packet *packet, uint8_t ret[6])
{
	const uint8_t *to = packet->fields[ID(DSTIPADDR)].value;

	if (packet->family == FILTER_FAMILY_IPV6 && to[0] == 0xff) {
		memcpy(ret, ((const uint8_t[]){ 0x33, 0x33, to[12], to[13], to[14], to[15] }), 6);
		return true;
	}
	if (packet->family == FILTER_FAMILY_IPV4 && to[12] >> 4 == 0xe) {
		memcpy(ret, ((const uint8_t[]){ 0x01, 0x00, 0x5e, to[13] & 0x7f, to[14], to[15] }), 6);
		return true;
	}
	if (packet->protocol == FILTER_PROTOCOL_STP) {
		memcpy(ret, ((const uint8_t[]){ 0x01, 0x80, 0xc2, 0, 0, 0 }), 6);
		return true;
	}
	bool asks = (packet->protocol == FILTER_PROTOCOL_ARP && packet_number(packet, ID(OPCODE)) == 1) ||
		    packet->protocol == FILTER_PROTOCOL_RARP;
	memset(ret, 0xff, 6);
	return asks || (packet->family == FILTER_FAMILY_IPV4 && packet_number(packet, ID(DSTIPADDR)) == UINT32_MAX);
}

static void fill_macs(struct filter_packet *packet, const struct filter_packet_defaults *defaults)
{
	bool out = packet->direction == FILTER_OUT;
	uint8_t guest[6], group[6];

	if (!defaults->mac || !parse_mac_octets(defaults->mac, guest))
		memcpy(guest, some_guest_mac, 6);
	put_mac(packet, ID(SRCMACADDR), out ? guest : other_mac);
	put_mac(packet, ID(DSTMACADDR), group_mac(packet, group) ? group : out ? other_mac : guest);
}

static void fill_type(struct filter_packet *packet)
{
	if (packet->family == FILTER_FAMILY_IPV4)
		packet->ether_type = 0x0800;
	else if (packet->family == FILTER_FAMILY_IPV6)
		packet->ether_type = 0x86dd;
	else if (packet->protocol == FILTER_PROTOCOL_STP)
		packet->ether_type = 38;
	else if (packet->protocol != FILTER_PROTOCOL_MAC)
		packet->ether_type = (unsigned)filter_protocols[packet->protocol].number;
	put_number(packet, ID(PROTOCOLID), filter_packet_outer_type(packet));
	if (packet->tagged && packet->tag_type == 0x8100) {
		put_default(packet, ID(VLANID), 0);
		put_number(packet, ID(ENCAP_PROTOCOL), packet->ether_type);
	}
}

/* --- what is in it --- */

static void fill_arp(struct filter_packet *packet)
{
	bool reverse = packet->protocol == FILTER_PROTOCOL_RARP;

	put_default(packet, ID(HWTYPE), 1);
	put_default(packet, ID(PROTOCOLTYPE), 0x0800);
	put_default(packet, ID(OPCODE), reverse ? 3 : 1);
	put_default(packet, ID(ARPSRCIPADDR), 0);
	put_default(packet, ID(ARPDSTIPADDR), 0);
}

static void fill_arp_macs(struct filter_packet *packet)
{
	bool request = packet->protocol == FILTER_PROTOCOL_ARP && packet_number(packet, ID(OPCODE)) == 1;

	put_mac(packet, ID(ARPSRCMACADDR), packet->fields[ID(SRCMACADDR)].value + 10);
	if (packet->protocol == FILTER_PROTOCOL_RARP)
		put_mac(packet, ID(ARPDSTMACADDR), packet->fields[ID(SRCMACADDR)].value + 10);
	else if (request)
		put_default(packet, ID(ARPDSTMACADDR), 0);
	else
		put_mac(packet, ID(ARPDSTMACADDR), packet->fields[ID(DSTMACADDR)].value + 10);
}

static void fill_bpdu(struct filter_packet *packet)
{
	for (size_t i = 0; i < FILTER_ATTRIBUTE_MAX; i++)
		if (filter_attributes[i].protocols == 1u << FILTER_PROTOCOL_STP &&
		    packet_attribute_is_word(&filter_attributes[i]))
			put_default(packet, filter_attributes[i].id, 0);
}

/* What filters ask of IP packets is behind their header. */
static void forget_transport(struct filter_packet *packet, enum packet_has ports)
{
	static const enum filter_attribute_id rest[] = { ID(TYPE), ID(CODE), ID(FLAGS), ID(OPTION), ID(NDTARGETADDR) };

	packet->fields[ID(SRCPORTSTART)] = packet->fields[ID(DSTPORTSTART)] = (struct packet_field){ .has = ports };
	for (size_t i = 0; i < ELEMENTS(rest); i++)
		packet->fields[rest[i]] = (struct packet_field){ .has = PACKET_ABSENT };
}

static void fill_icmp(struct filter_packet *packet, uint32_t echo)
{
	put_default(packet, ID(TYPE), echo);
	put_default(packet, ID(CODE), 0);
	packet->fields[ID(SRCPORTSTART)].has = packet->fields[ID(DSTPORTSTART)].has = PACKET_ANY;
}

static void fill_transport(struct filter_packet *packet)
{
	int number = filter_protocols[packet->protocol].number;

	if (packet->later_fragment) {
		forget_transport(packet, PACKET_ABSENT);
		return;
	}
	if (packet_protocol_has_ports(packet->protocol)) {
		put_default(packet, ID(SRCPORTSTART), EPHEMERAL_PORT);
		if (number == 6)
			put_default(packet, ID(FLAGS),
				    packet->state == FILTER_STATE_NEW ? FILTER_TCP_SYN : FILTER_TCP_ACK);
	} else if (packet->protocol == FILTER_PROTOCOL_ICMP || packet->protocol == FILTER_PROTOCOL_ICMPV6) {
		fill_icmp(packet, number == 1 ? 8 : 128);
	} else {
		forget_transport(packet, PACKET_ANY);
	}
}

static void fill_ip(struct filter_packet *packet)
{
	enum filter_attribute_id protocol = packet->family == FILTER_FAMILY_IPV4 ? ID(IP_PROTOCOL) : ID(IPV6_PROTOCOL);
	const struct filter_protocol_row *row = &filter_protocols[packet->protocol];

	if (row->layer == FILTER_LAYER_NETWORK)
		put_number(packet, protocol, (uint32_t)row->number);
	put_default(packet, ID(DSCP), 0);
	/* Ranges are asked for by another name. */
	packet->fields[ID(SRCIPFROM)] = packet->fields[ID(SRCIPADDR)];
	packet->fields[ID(DSTIPFROM)] = packet->fields[ID(DSTIPADDR)];
	fill_transport(packet);
}

void packet_fill(struct filter_packet *packet, const struct filter_packet_defaults *defaults)
{
	bool arp = packet->protocol == FILTER_PROTOCOL_ARP || packet->protocol == FILTER_PROTOCOL_RARP;

	if (arp)
		fill_arp(packet);
	else if (packet->protocol == FILTER_PROTOCOL_STP)
		fill_bpdu(packet);
	else if (packet->family)
		fill_ip(packet);
	fill_macs(packet, defaults);
	fill_type(packet);
	if (arp)
		fill_arp_macs(packet);
}
