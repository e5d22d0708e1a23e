/* The rows of protocols and attributes, and finding them by name. */
#include "vm/filter_model.h"

#include "base/text.h"

static const struct filter_word no_words[] = { { NULL, 0 } };
static const struct filter_word ether_types[] = { { "arp", 0x0806 },  { "rarp", 0x8035 }, { "ipv4", 0x0800 },
						  { "ipv6", 0x86dd }, { "vlan", 0x8100 }, { NULL, 0 } };
static const struct filter_word encapsulated[] = {
	{ "arp", 0x0806 }, { "ipv4", 0x0800 }, { "ipv6", 0x86dd }, { NULL, 0 }
};
static const struct filter_word arp_opcodes[] = { { "Request", 1 },         { "Reply", 2 },
						  { "Request_Reverse", 3 }, { "Reply_Reverse", 4 },
						  { "DRARP_Request", 5 },   { "DRARP_Reply", 6 },
						  { "DRARP_Error", 7 },     { "InARP_Request", 8 },
						  { "ARP_NAK", 9 },         { NULL, 0 } };
static const struct filter_word ip_protocols[] = { { "tcp", 6 },  { "udp", 17 },   { "udplite", 136 },
						   { "esp", 50 }, { "ah", 51 },    { "icmp", 1 },
						   { "igmp", 2 }, { "sctp", 132 }, { NULL, 0 } };
static const struct filter_word ipv6_protocols[] = { { "tcp", 6 }, { "udp", 17 },    { "udplite", 136 }, { "esp", 50 },
						     { "ah", 51 }, { "icmpv6", 58 }, { "sctp", 132 },    { NULL, 0 } };

#define ON(id) (1u << FILTER_PROTOCOL_##id)
#define ON_ARP (ON(ARP) | ON(RARP))
#define ON_IP (ON(IP) | ON(IPV6))
#define ON_LINK (ON(TCP) - 1)
#define ON_NETWORK ((1u << FILTER_PROTOCOL_MAX) - ON(TCP))
#define ON_PORTS (ON(TCP) | ON(UDP) | ON(SCTP) | ON(TCP6) | ON(UDP6) | ON(SCTP6))

const struct filter_protocol_row filter_protocols[FILTER_PROTOCOL_MAX] = {
#define FILTER_PROTOCOL(id, name, layer, family, chain, number, weight, ids, doc) \
	{ FILTER_PROTOCOL_##id,   name,  FILTER_LAYER_##layer,                    \
	  FILTER_FAMILY_##family, chain, number,                                  \
	  FILTER_WEIGHT_##weight, ids,   doc },
#include "vm/filter_protocols.def"
#undef FILTER_PROTOCOL
};

const struct filter_attribute_row filter_attributes[FILTER_ATTRIBUTE_MAX] = {
#define FILTER_ATTRIBUTE(id, name, alias, protocols, kind, min, max, words, mirror, needs, weight, ids, doc) \
	{ FILTER_ATTRIBUTE_##id,                                                                             \
	  name,                                                                                              \
	  alias,                                                                                             \
	  protocols,                                                                                         \
	  FILTER_KIND_##kind,                                                                                \
	  min,                                                                                               \
	  max,                                                                                               \
	  words,                                                                                             \
	  FILTER_ATTRIBUTE_##mirror,                                                                         \
	  FILTER_ATTRIBUTE_##needs,                                                                          \
	  FILTER_WEIGHT_##weight,                                                                            \
	  ids,                                                                                               \
	  doc },
#include "vm/filter_attributes.def"
#undef FILTER_ATTRIBUTE
};

const struct filter_attribute_row filter_members[2] = {
	{ FILTER_ATTRIBUTE_SRCMEMBERS, "srcmembers", NULL, ON_NETWORK, FILTER_KIND_SET_NAME, 0, 64, no_words,
	  FILTER_ATTRIBUTE_DSTMEMBERS, FILTER_ATTRIBUTE_NONE, FILTER_WEIGHT_CORE, "", "" },
	{ FILTER_ATTRIBUTE_DSTMEMBERS, "dstmembers", NULL, ON_NETWORK, FILTER_KIND_SET_NAME, 0, 64, no_words,
	  FILTER_ATTRIBUTE_SRCMEMBERS, FILTER_ATTRIBUTE_NONE, FILTER_WEIGHT_CORE, "", "" },
};

const struct filter_protocol_row *filter_protocol_by_name(const char *name)
{
	for (size_t i = 0; i < FILTER_PROTOCOL_MAX; i++)
		if (streq(filter_protocols[i].name, name))
			return &filter_protocols[i];
	return NULL;
}

const struct filter_attribute_row *filter_attribute_by_name(const struct filter_protocol_row *protocol,
							    const char *name)
{
	for (size_t i = 0; i < FILTER_ATTRIBUTE_MAX; i++) {
		const struct filter_attribute_row *row = &filter_attributes[i];

		if ((row->protocols >> protocol->id & 1) &&
		    (streq(row->name, name) || (row->alias && streq(row->alias, name))))
			return row;
	}
	return NULL;
}
