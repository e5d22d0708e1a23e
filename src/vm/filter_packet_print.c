/* A packet in words again, with all that is known of it. */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/text.h"
#include "vm/filter_packet_internal.h"

#define ID(name) FILTER_ATTRIBUTE_##name

static void put_value(FILE *out, const struct filter_packet *packet, enum filter_attribute_id id)
{
	const uint8_t *value = packet->fields[id].value;
	bool ipv6 = packet->family == FILTER_FAMILY_IPV6;
	char text[INET6_ADDRSTRLEN];

	switch ((int)filter_attributes[id].kind) {
	case FILTER_KIND_MAC:
		fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x", value[10], value[11], value[12], value[13], value[14],
			value[15]);
		break;
	case FILTER_KIND_ADDRESS:
		fputs(inet_ntop(ipv6 ? AF_INET6 : AF_INET, ipv6 ? value : value + 12, text, sizeof(text)), out);
		break;
	default:
		fprintf(out, "%u", packet_number(packet, id));
	}
}

static void put_end(FILE *out, const struct filter_packet *packet, enum filter_attribute_id address,
		    enum filter_attribute_id port)
{
	bool has_port = packet->fields[port].has == PACKET_KNOWN,
	     brackets = has_port && packet->family == FILTER_FAMILY_IPV6;

	fputs(brackets ? " [" : " ", out);
	put_value(out, packet, address);
	fputs(brackets ? "]" : "", out);
	if (has_port) {
		fputc(':', out);
		put_value(out, packet, port);
	}
}

static void put_flags(FILE *out, unsigned flags)
{
	static const struct filter_word names[] = { { "FIN", FILTER_TCP_FIN }, { "SYN", FILTER_TCP_SYN },
						    { "RST", FILTER_TCP_RST }, { "PSH", FILTER_TCP_PSH },
						    { "ACK", FILTER_TCP_ACK }, { "URG", FILTER_TCP_URG } };
	const char *comma = "";

	fputs(flags ? " flags " : " flags NONE", out);
	for (size_t i = 0; i < ELEMENTS(names); i++) {
		if (!(flags & names[i].number))
			continue;
		fprintf(out, "%s%s", comma, names[i].name);
		comma = ",";
	}
}

/* What has a word of its own, or stands elsewhere. */
static bool is_elsewhere(const struct filter_packet *packet, enum filter_attribute_id id)
{
	switch ((int)id) {
	case ID(SRCMACADDR):
	case ID(DSTMACADDR):
	case ID(SRCIPADDR):
	case ID(DSTIPADDR):
	case ID(SRCPORTSTART):
	case ID(DSTPORTSTART):
	case ID(FLAGS):
		return true;
	case ID(IP_PROTOCOL):
	case ID(IPV6_PROTOCOL):
		return filter_protocols[packet->protocol].layer == FILTER_LAYER_NETWORK;
	default:
		return !packet_attribute_is_word(&filter_attributes[id]);
	}
}

static const char *state_word(unsigned state)
{
	switch (state) {
	case FILTER_STATE_NEW:
		return "new";
	case FILTER_STATE_ESTABLISHED:
		return "established";
	case FILTER_STATE_RELATED:
		return "related";
	case FILTER_STATE_INVALID:
		return "invalid";
	default:
		return "untracked";
	}
}

static void put_frame(FILE *out, const struct filter_packet *packet)
{
	fputs(" mac ", out);
	put_value(out, packet, ID(SRCMACADDR));
	fputs(" > ", out);
	put_value(out, packet, ID(DSTMACADDR));
	if (packet->tagged)
		fprintf(out, " vlan %u", packet_number(packet, ID(VLANID)));
	if (packet->tagged && packet->tag_type != 0x8100)
		fprintf(out, " tag-type 0x%04x", packet->tag_type);
}

static void put_ip(FILE *out, const struct filter_packet *packet)
{
	if (packet->later_fragment)
		fputs(" fragment later", out);
	if (packet->connections)
		fprintf(out, " connections %lld", (long long)packet->connections);
	fprintf(out, " state %s%s", state_word(packet->state), packet->answer ? " answer" : "");
}

char *filter_packet_text(const struct filter_packet *packet)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	fputs(packet_kind_name(packet->protocol), out);
	if (packet->protocol == FILTER_PROTOCOL_MAC)
		fprintf(out, " 0x%04x", packet->ether_type);
	if (packet->family) {
		put_end(out, packet, ID(SRCIPADDR), ID(SRCPORTSTART));
		fputs(" >", out);
		put_end(out, packet, ID(DSTIPADDR), ID(DSTPORTSTART));
	}
	fputs(packet->direction == FILTER_IN ? " in" : " out", out);
	for (size_t i = 0; i < FILTER_ATTRIBUTE_MAX; i++) {
		const struct filter_attribute_row *row = &filter_attributes[i];

		if (packet->fields[i].has != PACKET_KNOWN || is_elsewhere(packet, row->id))
			continue;
		fprintf(out, " %s ", row->name);
		put_value(out, packet, row->id);
	}
	if (packet->fields[ID(FLAGS)].has == PACKET_KNOWN)
		put_flags(out, packet_number(packet, ID(FLAGS)));
	if (packet->protocol == FILTER_PROTOCOL_ARP || packet->protocol == FILTER_PROTOCOL_RARP)
		fprintf(out, " hlen %lld plen %lld", (long long)packet->hlen, (long long)packet->plen);
	put_frame(out, packet);
	if (packet->family)
		put_ip(out, packet);
	if (fclose(out) != 0)
		abort();
	return text;
}
