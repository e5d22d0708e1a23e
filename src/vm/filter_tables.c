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
#define FILTER_PROTOCOL(id_, name_, layer_, family_, chain_, number_, weight_, ids_, doc_) \
	[FILTER_PROTOCOL_##id_] = { .id = FILTER_PROTOCOL_##id_,                           \
				    .name = name_,                                         \
				    .layer = FILTER_LAYER_##layer_,                        \
				    .family = FILTER_FAMILY_##family_,                     \
				    .chain = chain_,                                       \
				    .number = number_,                                     \
				    .weight = FILTER_WEIGHT_##weight_,                     \
				    .ids = ids_,                                           \
				    .doc = doc_ },
#include "vm/filter_protocols.def"
#undef FILTER_PROTOCOL
};

const struct filter_attribute_row filter_attributes[FILTER_ATTRIBUTE_MAX] = {
#define FILTER_ATTRIBUTE(id_, name_, alias_, protocols_, kind_, min_, max_, words_, mirror_, needs_, weight_, ids_, \
			 doc_)                                                                                      \
	[FILTER_ATTRIBUTE_##id_] = { .id = FILTER_ATTRIBUTE_##id_,                                                  \
				     .name = name_,                                                                 \
				     .alias = alias_,                                                               \
				     .protocols = protocols_,                                                       \
				     .kind = FILTER_KIND_##kind_,                                                   \
				     .min = min_,                                                                   \
				     .max = max_,                                                                   \
				     .words = words_,                                                               \
				     .mirror = FILTER_ATTRIBUTE_##mirror_,                                          \
				     .needs = FILTER_ATTRIBUTE_##needs_,                                            \
				     .weight = FILTER_WEIGHT_##weight_,                                             \
				     .ids = ids_,                                                                   \
				     .doc = doc_ },
#include "vm/filter_attributes.def"
#undef FILTER_ATTRIBUTE
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
