/* Reading a packet in words: a protocol, from where to where, and what else is said (filter_packet_words.c). See vm/filter_packet.h;
 * what was not said is filled in by filter_packet_fill.c. */
#include "vm/filter_packet.h"

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_packet_internal.h"

#define ID(name) FILTER_ATTRIBUTE_##name

/* The words for protocols, and what they are in each family: FILTER_PROTOCOL_MAX, they are not in it. */
static const struct kind {
	const char *name;
	enum filter_protocol ipv4, ipv6;
} kinds[] = {
	{ "tcp", FILTER_PROTOCOL_TCP, FILTER_PROTOCOL_TCP6 },
	{ "udp", FILTER_PROTOCOL_UDP, FILTER_PROTOCOL_UDP6 },
	{ "sctp", FILTER_PROTOCOL_SCTP, FILTER_PROTOCOL_SCTP6 },
	{ "udplite", FILTER_PROTOCOL_UDPLITE, FILTER_PROTOCOL_UDPLITE6 },
	{ "icmp", FILTER_PROTOCOL_ICMP, FILTER_PROTOCOL_MAX },
	{ "icmpv6", FILTER_PROTOCOL_MAX, FILTER_PROTOCOL_ICMPV6 },
	{ "igmp", FILTER_PROTOCOL_IGMP, FILTER_PROTOCOL_MAX },
	{ "esp", FILTER_PROTOCOL_ESP, FILTER_PROTOCOL_ESP6 },
	{ "ah", FILTER_PROTOCOL_AH, FILTER_PROTOCOL_AH6 },
	{ "ip", FILTER_PROTOCOL_IP, FILTER_PROTOCOL_MAX },
	{ "ipv6", FILTER_PROTOCOL_MAX, FILTER_PROTOCOL_IPV6 },
	{ "arp", FILTER_PROTOCOL_ARP, FILTER_PROTOCOL_MAX },
	{ "rarp", FILTER_PROTOCOL_RARP, FILTER_PROTOCOL_MAX },
	{ "stp", FILTER_PROTOCOL_STP, FILTER_PROTOCOL_MAX },
	{ "ether", FILTER_PROTOCOL_MAC, FILTER_PROTOCOL_MAX },
};

const char *packet_kind_name(enum filter_protocol protocol)
{
	for (size_t i = 0; i < ELEMENTS(kinds); i++)
		if (kinds[i].ipv4 == protocol || kinds[i].ipv6 == protocol)
			return kinds[i].name;
	return "ether";
}

/* --- tokens --- */

/* Between blanks; a '>' is one by itself. */
static char **split(const char *text)
{
	char **tokens = NULL;

	while (*text) {
		size_t n = strcspn(text, " \t\n>");

		if (n > 0)
			strv_take(&tokens, xstrndup(text, n));
		text += n;
		if (*text == '>')
			strv_add(&tokens, ">");
		if (*text)
			text++;
	}
	return tokens;
}

/* --- from where to where --- */

/* "10.0.0.5:80", "[fd00::1]:80", or without a port. */
static void divide(const char *text, char **ret_address, char **ret_port)
{
	const char *colon = strrchr(text, ':');
	const char *bracket = strchr(text, ']');

	*ret_port = NULL;
	if (*text == '[' && bracket) {
		*ret_address = xstrndup(text + 1, (size_t)(bracket - text - 1));
		if (bracket[1] == ':')
			*ret_port = xstrdup(bracket + 2);
		else if (bracket[1])
			*ret_port = xstrdup(bracket + 1);
	} else if (colon && colon == strchr(text, ':')) {
		*ret_address = xstrndup(text, (size_t)(colon - text));
		*ret_port = xstrdup(colon + 1);
	} else {
		*ret_address = xstrdup(text);
	}
}

static int read_end(struct packet_reading *r, const char *text, enum filter_attribute_id address_id,
		    enum filter_attribute_id port_id)
{
	_cleanup_free_ char *address = NULL, *port = NULL;
	bool ports = packet_protocol_has_ports(r->packet->protocol);

	divide(text, &address, &port);
	if (packet_set(r, address_id, address) < 0)
		return -1;
	if (port && !ports)
		return packet_complain(r, "%s has no ports: \"%s\"", packet_kind_name(r->packet->protocol), text);
	if (!port)
		return 0;
	return packet_set_as(r, port_id, &filter_protocols[FILTER_PROTOCOL_TCP], port);
}

static int read_ends(struct packet_reading *r, const struct kind *kind)
{
	struct filter_packet *packet = r->packet;
	const char *from = packet_peek(r, 0), *to = packet_peek(r, 2);
	_cleanup_free_ char *address = NULL, *port = NULL;

	if (!*from || !streq(packet_peek(r, 1), ">") || !*to)
		return packet_complain(r, "%s needs from where to where it goes: %s SOURCE > DESTINATION", kind->name,
				       kind->name);
	divide(from, &address, &port);
	packet->family = strchr(address, ':') ? FILTER_FAMILY_IPV6 : FILTER_FAMILY_IPV4;
	packet->protocol = packet->family == FILTER_FAMILY_IPV6 ? kind->ipv6 : kind->ipv4;
	if (packet->protocol == FILTER_PROTOCOL_MAX)
		return packet_complain(r, "\"%s\" is no address of %s", from, kind->name);
	r->at += 3;
	if (read_end(r, from, ID(SRCIPADDR), ID(SRCPORTSTART)) < 0)
		return -1;
	return read_end(r, to, ID(DSTIPADDR), ID(DSTPORTSTART));
}

static int read_ether(struct packet_reading *r)
{
	const char *type = packet_value(r, "ether");

	if (!type || packet_set_as(r, ID(PROTOCOLID), &filter_protocols[FILTER_PROTOCOL_MAC], type) < 0)
		return -1;
	/* The type is asked for by what stands behind the addresses, which may be a tag. */
	r->packet->ether_type = packet_number(r->packet, ID(PROTOCOLID));
	return 0;
}

static int read_kind(struct packet_reading *r)
{
	const char *word = r->tokens && *r->tokens ? r->tokens[r->at++] : "";
	const struct kind *kind = kinds;

	while (kind < kinds + ELEMENTS(kinds) && !streq(kind->name, word))
		kind++;
	if (kind == kinds + ELEMENTS(kinds))
		return packet_complain(
			r,
			"\"%s\" is no protocol: tcp, udp, sctp, udplite, icmp, icmpv6, igmp, esp, ah, ip, "
			"ipv6, arp, rarp, stp or ether",
			word);
	r->packet->protocol = kind->ipv4 != FILTER_PROTOCOL_MAX ? kind->ipv4 : kind->ipv6;
	if (r->packet->protocol == FILTER_PROTOCOL_MAC)
		return read_ether(r);
	if (packet_is_arp(r) || r->packet->protocol == FILTER_PROTOCOL_STP)
		return 0;
	return read_ends(r, kind);
}

/* The word for what is in the packet; NULL: it has none. */
static const char *better_word(const struct filter_packet *packet)
{
	bool ip = packet->protocol == FILTER_PROTOCOL_IP || packet->protocol == FILTER_PROTOCOL_IPV6;
	uint32_t number =
		ip ? packet_number(packet, packet->family == FILTER_FAMILY_IPV4 ? ID(IP_PROTOCOL) : ID(IPV6_PROTOCOL))
		   : packet->ether_type;
	enum filter_layer layer = ip ? FILTER_LAYER_NETWORK : FILTER_LAYER_LINK;

	if (!ip && packet->protocol != FILTER_PROTOCOL_MAC)
		return NULL;
	for (size_t i = 0; i < FILTER_PROTOCOL_MAX; i++) {
		const struct filter_protocol_row *row = &filter_protocols[i];

		if (row->layer == layer && row->number > 0 && (uint32_t)row->number == number &&
		    (!ip || row->family == packet->family))
			return row->id == FILTER_PROTOCOL_VLAN ? row->name : packet_kind_name(row->id);
	}
	return NULL;
}

static const char *missing(const struct filter_packet *packet)
{
	switch ((int)packet->protocol) {
	case FILTER_PROTOCOL_IP:
		return packet->fields[ID(IP_PROTOCOL)].has ? NULL : "protocol NUMBER";
	case FILTER_PROTOCOL_IPV6:
		return packet->fields[ID(IPV6_PROTOCOL)].has ? NULL : "protocol NUMBER";
	case FILTER_PROTOCOL_ARP:
		return !packet->fields[ID(ARPDSTIPADDR)].has   ? "who ADDRESS"
		       : !packet->fields[ID(ARPSRCIPADDR)].has ? "tell ADDRESS"
							       : NULL;
	default:
		break;
	}
	if (!packet_protocol_has_ports(packet->protocol) || packet->later_fragment)
		return NULL;
	return packet->fields[ID(DSTPORTSTART)].has ? NULL : "a destination port, behind the address and a colon";
}

static void reading_clear(struct packet_reading *r)
{
	strv_free(r->tokens);
	strv_free(r->said);
}

int filter_packet_parse(const char *text, const struct filter_packet_defaults *defaults, struct filter_packet *ret,
			struct error *err)
{
	struct filter_packet packet = {
		.direction = FILTER_OUT, .tag_type = 0x8100, .hlen = 6, .plen = 4, .state = FILTER_STATE_NEW
	};
	_cleanup_(reading_clear) struct packet_reading r = { .packet = &packet, .err = err };

	if (strlen(text) > FILTER_PACKET_MAX)
		return packet_complain(&r, "%zu characters, %d at most", strlen(text), FILTER_PACKET_MAX);
	r.tokens = split(text);
	if (read_kind(&r) < 0)
		return -1;
	while (r.tokens && r.tokens[r.at])
		if (packet_read_word(&r) < 0)
			return -1;
	if (missing(&packet))
		return packet_complain(&r, "%s needs %s", packet_kind_name(packet.protocol), missing(&packet));
	if (better_word(&packet))
		return packet_complain(&r, "what \"%s\" says is written with the word \"%s\"", text,
				       better_word(&packet));
	packet_fill(&packet, defaults);
	*ret = packet;
	return 0;
}
