/* Security groups as filters: the rules of a group, and what every NIC with groups has besides. */
#include "vm/secgroup_filter.h"

#include <inttypes.h>

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_words.h"

#define PRIORITY_GROUP 300
#define INVALID "state=INVALID"
#define ANSWERS "state=ESTABLISHED,RELATED"
/* Connections are not looked at, and there is no mirror: by nova's rules "in" is what it says. */
#define ONE_WAY " state=NONE"
#define NEIGHBOURS "srcipaddr=fe80:: srcipmask=10"

/* --- a group --- */

struct peer {
	const struct secgroup_rule *rule;
	enum filter_family family;
};

/* The protocol of a filter for that of a rule in this family; NULL: there is none. */
static char *protocol_name(const struct peer *peer)
{
	const char *name = secgroup_protocol_to_string((enum secgroup_protocol)peer->rule->protocol);
	bool ipv6 = peer->family == FILTER_FAMILY_IPV6;

	if (peer->rule->protocol == SECGROUP_ICMP || peer->rule->protocol == SECGROUP_IGMP)
		return ipv6 ? NULL : xstrdup(name);
	if (peer->rule->protocol == SECGROUP_ICMPV6)
		return ipv6 ? xstrdup(name) : NULL;
	return ipv6 ? xprintf("%s-ipv6", name) : xstrdup(name);
}

static void put_peer(FILE *out, const struct peer *peer)
{
	const struct secgroup_rule *rule = peer->rule;
	const char *side = rule->outgoing ? "dst" : "src", *slash = strchr(rule->cidr, '/');

	if (*rule->group)
		fprintf(out, "%smembers=%s", side, rule->group);
	else
		fprintf(out, "%sipaddr=%.*s %sipmask=%s", side, (int)(slash - rule->cidr), rule->cidr, side, slash + 1);
}

/* Owned by the caller. */
static char *attributes_of(const struct peer *peer)
{
	const struct secgroup_rule *rule = peer->rule;
	char *words = NULL;
	size_t size;
	FILE *out = open_memstream(&words, &size);

	if (!out)
		abort();
	put_peer(out, peer);
	if (rule->from_port != SECGROUP_ANY)
		fprintf(out, " dstportstart=%" PRId64, rule->from_port);
	if (rule->from_port != rule->to_port)
		fprintf(out, " dstportend=%" PRId64, rule->to_port);
	if (rule->type != SECGROUP_ANY)
		fprintf(out, " type=%" PRId64, rule->type);
	if (rule->code != SECGROUP_ANY)
		fprintf(out, " code=%" PRId64, rule->code);
	fputs(ONE_WAY, out);
	fclose(out);
	return words;
}

static void add_rule(struct filter *filter, size_t number, const struct peer *peer)
{
	_cleanup_free_ char *protocol = protocol_name(peer), *attributes = attributes_of(peer);
	struct filter_words words = { .action = FILTER_ACCEPT,
				      .direction = peer->rule->outgoing ? FILTER_OUT : FILTER_IN,
				      .priority = PRIORITY_GROUP,
				      .protocol = protocol,
				      .attributes = attributes };

	if (!protocol)
		return;
	if (!filter_add_words(filter, &words))
		abort();
	strv_addf(&filter->places, "rules[%zu]", number);
}

struct filter *secgroup_to_filter(const struct secgroup *group)
{
	struct filter *filter = filter_new();

	filter->name = xprintf("secgroup/%s", group->name);
	for (size_t i = 0; i < group->n_rules; i++) {
		struct peer peer = { &group->rules[i], FILTER_FAMILY_IPV4 };

		if (group->rules[i].family != FILTER_FAMILY_IPV6)
			add_rule(filter, i, &peer);
		peer.family = FILTER_FAMILY_IPV6;
		if (group->rules[i].family != FILTER_FAMILY_IPV4)
			add_rule(filter, i, &peer);
	}
	return filter;
}

/* --- what stands around them --- */

enum when {
	ALWAYS,
	OUTGOING,
	ANY_SERVER,
	OUR_SERVER,
	ANY_SERVER_V6,
	OUR_SERVER_V6,
	ANY_ROUTER,
	OUR_ROUTER,
	PROJECT,
	PROJECT_V6_GIVEN
};

/* ICMPv6 types: 130 and 143 listeners of multicast, 133 and 134 routers, 135 and 136 neighbours: without these no IPv6 works. A frame
 * with a VLAN tag would come past all rules about what is in it. */
static const struct row {
	enum when when;
	const char *place;
	struct filter_words rule;
} rows[] = {
	{ ALWAYS, "tagged frames", { FILTER_DROP, FILTER_IN, -1000, "vlan", NULL } },
	{ ALWAYS, "tagged frames", { FILTER_DROP, FILTER_IN, -1000, "mac", "protocolid=0x88a8" } },
	{ ALWAYS, "of no connection", { FILTER_DROP, FILTER_IN, 90, "all", INVALID } },
	{ ALWAYS, "of no connection", { FILTER_DROP, FILTER_IN, 90, "all-ipv6", INVALID } },
	{ ALWAYS, "answers", { FILTER_ACCEPT, FILTER_IN, 91, "all", ANSWERS } },
	{ ALWAYS, "answers", { FILTER_ACCEPT, FILTER_IN, 91, "all-ipv6", ANSWERS } },
	{ ANY_SERVER, "DHCP", { FILTER_ACCEPT, FILTER_IN, 100, "udp", "srcportstart=67 dstportstart=68" ONE_WAY } },
	{ OUR_SERVER,
	  "DHCP",
	  { FILTER_ACCEPT, FILTER_IN, 100, "udp", "srcipaddr=$DHCPSERVER srcportstart=67 dstportstart=68" ONE_WAY } },
	{ ANY_SERVER_V6,
	  "DHCPv6",
	  { FILTER_ACCEPT, FILTER_IN, 100, "udp-ipv6", NEIGHBOURS " srcportstart=547 dstportstart=546" ONE_WAY } },
	{ OUR_SERVER_V6,
	  "DHCPv6",
	  { FILTER_ACCEPT, FILTER_IN, 100, "udp-ipv6",
	    "srcipaddr=$DHCPSERVERV6 srcportstart=547 dstportstart=546" ONE_WAY } },
	{ ANY_ROUTER, "routers", { FILTER_ACCEPT, FILTER_IN, 100, "icmpv6", NEIGHBOURS " type=134" ONE_WAY } },
	{ OUR_ROUTER, "routers", { FILTER_ACCEPT, FILTER_IN, 100, "icmpv6", "srcipaddr=$RASERVER" ONE_WAY } },
	{ ALWAYS, "neighbours", { FILTER_ACCEPT, FILTER_IN, 100, "icmpv6", "type=135" ONE_WAY } },
	{ ALWAYS, "neighbours", { FILTER_ACCEPT, FILTER_IN, 100, "icmpv6", "type=136" ONE_WAY } },
	{ ALWAYS, "multicast", { FILTER_ACCEPT, FILTER_IN, 100, "icmpv6", NEIGHBOURS " type=130" ONE_WAY } },
#define PROJECT_V4 "srcipaddr=$PROJNET srcipmask=$PROJMASK" ONE_WAY
	{ PROJECT, "project", { FILTER_ACCEPT, FILTER_IN, 200, "tcp", PROJECT_V4 } },
	{ PROJECT, "project", { FILTER_ACCEPT, FILTER_IN, 200, "udp", PROJECT_V4 } },
	{ PROJECT, "project", { FILTER_ACCEPT, FILTER_IN, 200, "icmp", PROJECT_V4 } },
#define PROJECT_V6 "srcipaddr=$PROJNETV6 srcipmask=$PROJMASKV6" ONE_WAY
	{ PROJECT_V6_GIVEN, "project", { FILTER_ACCEPT, FILTER_IN, 200, "tcp-ipv6", PROJECT_V6 } },
	{ PROJECT_V6_GIVEN, "project", { FILTER_ACCEPT, FILTER_IN, 200, "udp-ipv6", PROJECT_V6 } },
	{ PROJECT_V6_GIVEN, "project", { FILTER_ACCEPT, FILTER_IN, 200, "icmpv6", PROJECT_V6 } },
	{ ALWAYS, "all others", { FILTER_DROP, FILTER_IN, 400, "all", "state=NONE" } },
	{ ALWAYS, "all others", { FILTER_DROP, FILTER_IN, 400, "all-ipv6", "state=NONE" } },

	{ OUTGOING, "of no connection, sent", { FILTER_DROP, FILTER_OUT, 90, "all", INVALID } },
	{ OUTGOING, "of no connection, sent", { FILTER_DROP, FILTER_OUT, 90, "all-ipv6", INVALID } },
	{ OUTGOING, "answers, sent", { FILTER_ACCEPT, FILTER_OUT, 91, "all", ANSWERS } },
	{ OUTGOING, "answers, sent", { FILTER_ACCEPT, FILTER_OUT, 91, "all-ipv6", ANSWERS } },
	{ OUTGOING,
	  "DHCP, sent",
	  { FILTER_ACCEPT, FILTER_OUT, 100, "udp", "srcportstart=68 dstportstart=67" ONE_WAY } },
	{ OUTGOING,
	  "DHCPv6, sent",
	  { FILTER_ACCEPT, FILTER_OUT, 100, "udp-ipv6", "srcportstart=546 dstportstart=547" ONE_WAY } },
	{ OUTGOING, "routers, sent", { FILTER_ACCEPT, FILTER_OUT, 100, "icmpv6", "type=133" ONE_WAY } },
	{ OUTGOING, "neighbours, sent", { FILTER_ACCEPT, FILTER_OUT, 100, "icmpv6", "type=135" ONE_WAY } },
	{ OUTGOING, "neighbours, sent", { FILTER_ACCEPT, FILTER_OUT, 100, "icmpv6", "type=136" ONE_WAY } },
	{ OUTGOING, "multicast, sent", { FILTER_ACCEPT, FILTER_OUT, 100, "icmpv6", "type=143" ONE_WAY } },
	{ OUTGOING, "all others, sent", { FILTER_DROP, FILTER_OUT, 400, "all", "state=NONE" } },
	{ OUTGOING, "all others, sent", { FILTER_DROP, FILTER_OUT, 400, "all-ipv6", "state=NONE" } },
};

static bool is_given(const struct secgroup_nic *nic, const char *name)
{
	for (size_t i = 0; i < nic->n_parameters; i++)
		if (streq(nic->parameters[i].name, name) && nic->parameters[i].values)
			return true;
	return false;
}

static bool applies(enum when when, const struct secgroup_nic *nic, bool outgoing)
{
	switch (when) {
	case ALWAYS:
		return true;
	case OUTGOING:
		return outgoing;
	case ANY_SERVER:
		return !is_given(nic, "DHCPSERVER");
	case OUR_SERVER:
		return is_given(nic, "DHCPSERVER");
	case ANY_SERVER_V6:
		return !is_given(nic, "DHCPSERVERV6");
	case OUR_SERVER_V6:
		return is_given(nic, "DHCPSERVERV6");
	case ANY_ROUTER:
		return !is_given(nic, "RASERVER");
	case OUR_ROUTER:
		return is_given(nic, "RASERVER");
	case PROJECT:
		return is_given(nic, "PROJNET") && is_given(nic, "PROJMASK");
	case PROJECT_V6_GIVEN:
		return is_given(nic, "PROJNETV6") && is_given(nic, "PROJMASKV6");
	}
	return false;
}

static void add_reference(struct filter *filter, const char *to)
{
	filter_add_entry(filter, FILTER_ENTRY_REFERENCE, 0)->reference.filter = xstrdup(to);
	strv_add(&filter->places, to);
}

/* --- a NIC --- */

/* The group's filter into the cache, unless it is there. */
static void add_group(const struct secgroup_store *store, const char *name, struct filter_cache *cache, bool *outgoing,
		      struct problems *problems)
{
	_cleanup_free_ char *place = xprintf("security group \"%s\"", name),
			    *filter_name = xprintf("secgroup/%s", name);
	const struct filter *known = filter_cache_find(cache, filter_name);
	_cleanup_secgroup_ struct secgroup *group = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;

	if (!known) {
		if (secgroup_store_read(store, name, &group, &err) < 0) {
			problems_add_error(problems, place, &err);
			return;
		}
		struct filter *made = secgroup_to_filter(group);
		filter_cache_add(cache, made);
		known = made;
	}
	for (size_t i = 0; i < known->n_entries; i++)
		*outgoing |= known->entries[i].rule.direction == FILTER_OUT;
}

static void check_project(const struct secgroup_nic *nic, const char *net, const char *mask, struct problems *problems)
{
	if (is_given(nic, net) != is_given(nic, mask))
		problems_add(problems, "", "the variables %s and %s go together: one of them has no value", net, mask);
}

int secgroup_filter_expand(const struct secgroup_store *store, const struct secgroup_nic *nic,
			   struct filter_cache *cache, char **ret, struct problems *problems)
{
	_cleanup_filter_ struct filter *top = filter_new();
	size_t before = problems->n;
	bool outgoing = false;

	if (!nic->groups || !*nic->groups) {
		*ret = xstrdup(nic->filter ? nic->filter : "");
		return 0;
	}
	top->name = xprintf("secgroups/%s", nic->interface);
	if (!is_empty(nic->filter))
		add_reference(top, nic->filter);
	for (char *const *name = nic->groups; *name; name++) {
		_cleanup_free_ char *filter = xprintf("secgroup/%s", *name);

		add_group(store, *name, cache, &outgoing, problems);
		add_reference(top, filter);
	}
	check_project(nic, "PROJNET", "PROJMASK", problems);
	check_project(nic, "PROJNETV6", "PROJMASKV6", problems);
	if (problems->n > before)
		return -1;
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		if (!applies(rows[i].when, nic, outgoing))
			continue;
		if (!filter_add_words(top, &rows[i].rule))
			abort();
		strv_add(&top->places, rows[i].place);
	}
	*ret = xstrdup(top->name);
	filter_cache_add(cache, take_ptr(top));
	return 0;
}
