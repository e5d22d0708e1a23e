/* What passes before the IPv4 address is known.
 *
 * `dhcp`: the guest asks servers, they answer. `any`: besides, what the guest sends as IPv4 and ARP from its own MAC, and the ARP that it
 * gets; from these its address is learned. Other IPv4 does not come in: it is sent again, and in the meantime the filter of the NIC
 * stands. IPv6: neighbours, routers and DHCPv6, from addresses that are the guest's own or none at all.
 *
 * A frame with a VLAN tag meets the first rule and the last one only. */
#include "vm/filter_before.h"

#include "base/text.h"
#include "vm/filter_words.h"

enum when { ALWAYS, LEARNS_ANY, ANY_SERVER, OUR_SERVERS, HAS_IPV6, ANY_SERVER_V6, OUR_SERVERS_V6 };

/* In the order in which they are met. ICMPv6 types: 130 to 132 and 143 listeners of multicast, 133 and 134 routers, 135 and 136
 * neighbours. */
static const struct row {
	enum when when;
	struct filter_words rule;
} rows[] = {
	{ ALWAYS, { FILTER_DROP, FILTER_OUT, FILTER_RULE_PRIORITY, "mac", "! srcmacaddr=$MAC" } },
	{ ALWAYS,
	  { FILTER_ACCEPT, FILTER_OUT, FILTER_RULE_PRIORITY, "ip", "protocol=udp srcportstart=68 dstportstart=67" } },
	{ ANY_SERVER,
	  { FILTER_ACCEPT, FILTER_IN, FILTER_RULE_PRIORITY, "ip", "protocol=udp srcportstart=67 dstportstart=68" } },
	{ OUR_SERVERS,
	  { FILTER_ACCEPT, FILTER_IN, FILTER_RULE_PRIORITY, "ip",
	    "srcipaddr=$DHCPSERVER protocol=udp srcportstart=67 dstportstart=68" } },
	/* It is no server itself. */
	{ LEARNS_ANY,
	  { FILTER_DROP, FILTER_OUT, FILTER_RULE_PRIORITY, "ip", "protocol=udp srcportstart=67 dstportstart=68" } },
	{ LEARNS_ANY, { FILTER_ACCEPT, FILTER_OUT, FILTER_RULE_PRIORITY, "mac", "protocolid=ipv4" } },
	{ LEARNS_ANY, { FILTER_ACCEPT, FILTER_OUT, FILTER_RULE_PRIORITY, "arp", "arpsrcmacaddr=$MAC" } },
	{ LEARNS_ANY, { FILTER_ACCEPT, FILTER_IN, FILTER_RULE_PRIORITY, "mac", "protocolid=arp" } },
	{ HAS_IPV6,
	  { FILTER_ACCEPT, FILTER_OUT, FILTER_RULE_PRIORITY, "ipv6",
	    "srcipaddr=:: protocol=icmpv6 type=131 typeend=133" } },
	{ HAS_IPV6,
	  { FILTER_ACCEPT, FILTER_OUT, FILTER_RULE_PRIORITY, "ipv6", "srcipaddr=:: protocol=icmpv6 type=135" } },
	{ HAS_IPV6,
	  { FILTER_ACCEPT, FILTER_OUT, FILTER_RULE_PRIORITY, "ipv6", "srcipaddr=:: protocol=icmpv6 type=143" } },
	{ HAS_IPV6,
	  { FILTER_ACCEPT, FILTER_OUT, FILTER_RULE_PRIORITY, "ipv6",
	    "srcipaddr=$IPV6 protocol=icmpv6 type=131 typeend=133" } },
	{ HAS_IPV6,
	  { FILTER_ACCEPT, FILTER_OUT, FILTER_RULE_PRIORITY, "ipv6", "srcipaddr=$IPV6 protocol=icmpv6 type=135" } },
	{ HAS_IPV6,
	  { FILTER_ACCEPT, FILTER_OUT, FILTER_RULE_PRIORITY, "ipv6", "srcipaddr=$IPV6 protocol=icmpv6 type=143" } },
	{ HAS_IPV6,
	  { FILTER_ACCEPT, FILTER_OUT, FILTER_RULE_PRIORITY, "ipv6",
	    "srcipaddr=$IPV6 protocol=icmpv6 type=136 ndtargetaddr=$IPV6" } },
	{ HAS_IPV6, { FILTER_ACCEPT, FILTER_IN, FILTER_RULE_PRIORITY, "ipv6", "protocol=icmpv6 type=130" } },
	{ HAS_IPV6,
	  { FILTER_ACCEPT, FILTER_IN, FILTER_RULE_PRIORITY, "ipv6", "protocol=icmpv6 type=134 typeend=136" } },
	{ HAS_IPV6,
	  { FILTER_ACCEPT, FILTER_OUT, FILTER_RULE_PRIORITY, "ipv6",
	    "srcipaddr=$IPV6 dstipaddr=ff02::1:2 protocol=udp srcportstart=546 dstportstart=547" } },
	{ ANY_SERVER_V6,
	  { FILTER_ACCEPT, FILTER_IN, FILTER_RULE_PRIORITY, "ipv6",
	    "protocol=udp srcportstart=547 dstportstart=546" } },
	{ OUR_SERVERS_V6,
	  { FILTER_ACCEPT, FILTER_IN, FILTER_RULE_PRIORITY, "ipv6",
	    "srcipaddr=$DHCPSERVERV6 protocol=udp srcportstart=547 dstportstart=546" } },
	{ ALWAYS, { FILTER_DROP, FILTER_INOUT, FILTER_RULE_PRIORITY, NULL, NULL } },
};

static bool applies(enum when when, const struct filter_before *before)
{
	switch (when) {
	case ALWAYS:
		return true;
	case LEARNS_ANY:
		return before->learning == FILTER_LEARNING_ANY;
	case ANY_SERVER:
		return !before->servers;
	case OUR_SERVERS:
		return before->servers;
	case HAS_IPV6:
		return before->ipv6;
	case ANY_SERVER_V6:
		return before->ipv6 && !before->servers_v6;
	case OUR_SERVERS_V6:
		return before->ipv6 && before->servers_v6;
	}
	return false;
}

struct filter *filter_before_make(const struct filter_before *before)
{
	_cleanup_filter_ struct filter *filter = filter_new();

	text_replace(&filter->name, FILTER_BEFORE_NAME);
	for (size_t i = 0; i < ELEMENTS(rows); i++)
		if (applies(rows[i].when, before) && !filter_add_words(filter, &rows[i].rule))
			return NULL;
	return take_ptr(filter);
}
