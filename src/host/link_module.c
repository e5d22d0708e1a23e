/* The module kvmctl-link.so: everything that needs libnl. It is loaded by link.c when a link is first
 * touched, because libnl-route alone would more than double the start-up time of every command. It shares
 * no symbol with the program (see link_module.h). */
#include "host/link_module_netlink.h"

#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/route.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

extern const struct link_module link_module;

static void put_addr(struct nl_addr **p)
{
	nl_addr_put(*p);
}

static void put_link(struct rtnl_link **p)
{
	rtnl_link_put(*p);
}

static void put_route(struct rtnl_route **p)
{
	rtnl_route_put(*p);
}

static void put_neigh(struct rtnl_neigh **p)
{
	rtnl_neigh_put(*p);
}

static void put_rtaddr(struct rtnl_addr **p)
{
	rtnl_addr_put(*p);
}

static int parse_ip(const char *ip, struct nl_addr **ret, struct link_failure *failure)
{
	int code = nl_addr_parse(ip, strchr(ip, ':') ? AF_INET6 : AF_INET, ret);

	if (code >= 0)
		return 0;
	*failure = (struct link_failure){ .errnum = EINVAL };
	netlink_words(failure, "not an IP address");
	return -1;
}

static int link_get(const char *name, int index, struct link_facts *ret, struct link_failure *failure)
{
	cleanup(netlink_put_socket) struct nl_sock *socket = netlink_connect(failure);
	cleanup(put_link) struct rtnl_link *link = NULL;

	if (!socket || netlink_result(rtnl_link_get_kernel(socket, index, name, &link), failure) < 0)
		return -1;
	*ret = (struct link_facts){ 0 };
	ret->index = rtnl_link_get_ifindex(link);
	ret->master = rtnl_link_get_master(link);
	ret->mtu = rtnl_link_get_mtu(link);
	ret->up = rtnl_link_get_flags(link) & IFF_UP;
	const char *kind = rtnl_link_get_type(link);
	snprintf(ret->kind, sizeof(ret->kind), "%s", kind ? kind : "");
	return 0;
}

static int link_change(int index, const struct link_change *change, struct link_failure *failure)
{
	cleanup(netlink_put_socket) struct nl_sock *socket = netlink_connect(failure);
	cleanup(put_link) struct rtnl_link *now = NULL, *want = rtnl_link_alloc();

	/* The present link first: libnl computes the new flags from the old ones. */
	if (!socket || !want || netlink_result(rtnl_link_get_kernel(socket, index, NULL, &now), failure) < 0)
		return -1;
	if (change->mtu)
		rtnl_link_set_mtu(want, change->mtu);
	if (change->mac) {
		cleanup(put_addr) struct nl_addr *mac = nl_addr_build(AF_LLC, change->mac, 6);
		rtnl_link_set_addr(want, mac);
	}
	if (change->master >= 0)
		rtnl_link_set_master(want, change->master);
	if (change->up == 1)
		rtnl_link_set_flags(want, IFF_UP);
	else if (change->up == 0)
		rtnl_link_unset_flags(want, IFF_UP);
	return netlink_result(rtnl_link_change(socket, now, want, 0), failure);
}

static int link_delete(int index, struct link_failure *failure)
{
	cleanup(netlink_put_socket) struct nl_sock *socket = netlink_connect(failure);
	cleanup(put_link) struct rtnl_link *link = rtnl_link_alloc();

	if (!socket || !link)
		return -1;
	rtnl_link_set_ifindex(link, index);
	return netlink_result(rtnl_link_delete(socket, link), failure);
}

/* libnl 3.7 does not know the attributes of bridges: read from the answer itself. */
static int on_bridge(struct nl_msg *msg, void *arg)
{
	struct link_bridge *facts = arg;
	struct nlattr *link[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1], *bridge[IFLA_BR_MAX + 1];

	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(struct ifinfomsg), link, IFLA_MAX, NULL) < 0 || !link[IFLA_LINKINFO] ||
	    nla_parse_nested(info, IFLA_INFO_MAX, link[IFLA_LINKINFO], NULL) < 0 || !info[IFLA_INFO_DATA] ||
	    nla_parse_nested(bridge, IFLA_BR_MAX, info[IFLA_INFO_DATA], NULL) < 0)
		return NL_SKIP;
	facts->vlan_filtering = bridge[IFLA_BR_VLAN_FILTERING] && nla_get_u8(bridge[IFLA_BR_VLAN_FILTERING]);
	facts->netfilter = bridge[IFLA_BR_NF_CALL_IPTABLES] && nla_get_u8(bridge[IFLA_BR_NF_CALL_IPTABLES]) &&
			   bridge[IFLA_BR_NF_CALL_IP6TABLES] && nla_get_u8(bridge[IFLA_BR_NF_CALL_IP6TABLES]);
	return NL_OK;
}

static int link_bridge(int index, struct link_bridge *ret, struct link_failure *failure)
{
	cleanup(netlink_put_socket) struct nl_sock *socket = netlink_connect(failure);
	struct ifinfomsg about = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct link_bridge facts = { 0 };

	if (!socket)
		return -1;
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_bridge, &facts);
	int code = nl_send_simple(socket, RTM_GETLINK, 0, &about, sizeof(about));
	if (code >= 0)
		code = nl_recvmsgs_default(socket);
	/* nl_send_simple asks for no acknowledgement: the answer itself is the end. */
	if (netlink_result(code, failure) < 0)
		return -1;
	*ret = facts;
	return 0;
}

static int link_bridge_netfilter(int index, bool on, struct link_failure *failure)
{
	cleanup(netlink_put_socket) struct nl_sock *socket = netlink_connect(failure);
	cleanup(netlink_put_msg) struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	struct ifinfomsg about = { .ifi_family = AF_UNSPEC, .ifi_index = index };

	if (!socket || !msg || nlmsg_append(msg, &about, sizeof(about), NLMSG_ALIGNTO) < 0)
		return -1;
	struct nlattr *info = nla_nest_start(msg, IFLA_LINKINFO);
	nla_put_string(msg, IFLA_INFO_KIND, "bridge");
	struct nlattr *data = nla_nest_start(msg, IFLA_INFO_DATA);
	nla_put_u8(msg, IFLA_BR_NF_CALL_IPTABLES, on);
	nla_put_u8(msg, IFLA_BR_NF_CALL_IP6TABLES, on);
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	int code = nl_send_auto(socket, msg);
	return netlink_result(code < 0 ? code : nl_wait_for_ack(socket), failure);
}

/* One range of VLANs of a port, added or removed. */
static int port_vlans(struct nl_sock *socket, int type, int port, uint16_t first, uint16_t last, uint16_t flags)
{
	struct ifinfomsg about = { .ifi_family = AF_BRIDGE, .ifi_index = port };
	struct bridge_vlan_info begin = { .flags = flags, .vid = first }, end = { .flags = flags, .vid = last };
	cleanup(netlink_put_msg) struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

	if (!msg || nlmsg_append(msg, &about, sizeof(about), NLMSG_ALIGNTO) < 0)
		return -NLE_NOMEM;
	struct nlattr *nest = nla_nest_start(msg, IFLA_AF_SPEC);
	if (first != last) {
		begin.flags |= BRIDGE_VLAN_INFO_RANGE_BEGIN;
		end.flags |= BRIDGE_VLAN_INFO_RANGE_END;
		nla_put(msg, IFLA_BRIDGE_VLAN_INFO, sizeof(begin), &begin);
	}
	nla_put(msg, IFLA_BRIDGE_VLAN_INFO, sizeof(end), &end);
	nla_nest_end(msg, nest);
	int code = nl_send_auto(socket, msg);
	return code < 0 ? code : nl_wait_for_ack(socket);
}

static int link_vlan(int port, uint16_t vid, struct link_failure *failure)
{
	cleanup(netlink_put_socket) struct nl_sock *socket = netlink_connect(failure);
	int code = 0;

	if (!socket)
		return -1;
	/* A new port is in the bridge's default VLAN: out of every other one, or a guest would hear what
	 * is not for it. */
	if (vid > 1)
		code = port_vlans(socket, RTM_DELLINK, port, 1, (uint16_t)(vid - 1), 0);
	if (code >= 0 && vid < 4094)
		code = port_vlans(socket, RTM_DELLINK, port, (uint16_t)(vid + 1), 4094, 0);
	if (code >= 0)
		code = port_vlans(socket, RTM_SETLINK, port, vid, vid,
				  BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
	return netlink_result(code, failure);
}

/* By number, or by the names that iproute2 knows. */
static int table_number(const char *table, uint32_t *ret, struct link_failure *failure)
{
	static const char *const files[] = { "/usr/share/iproute2/rt_tables", "/usr/lib/iproute2/rt_tables",
					     "/etc/iproute2/rt_tables" };

	if (!*table) {
		*ret = RT_TABLE_MAIN;
		return 0;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		rtnl_route_read_table_names(files[i]);
	int number = rtnl_route_str2table(table);
	if (number <= 0) {
		*failure = (struct link_failure){ .errnum = EINVAL };
		snprintf(failure->text, sizeof(failure->text),
			 "\"%s\" is neither a number nor a table of /etc/iproute2/rt_tables", table);
		return -1;
	}
	*ret = (uint32_t)number;
	return 0;
}

static int link_route(bool add, int index, const char *ip, const char *table, struct link_failure *failure)
{
	cleanup(netlink_put_socket) struct nl_sock *socket = netlink_connect(failure);
	cleanup(put_route) struct rtnl_route *route = rtnl_route_alloc();
	cleanup(put_addr) struct nl_addr *address = NULL;
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	uint32_t number;

	if (hop)
		rtnl_route_nh_set_ifindex(hop, index);
	if (hop && route)
		rtnl_route_add_nexthop(route, hop);
	if (!socket || !route || !hop || parse_ip(ip, &address, failure) < 0 ||
	    table_number(table, &number, failure) < 0)
		return -1;
	rtnl_route_set_family(route, (uint8_t)nl_addr_get_family(address));
	rtnl_route_set_dst(route, address);
	rtnl_route_set_table(route, number);
	rtnl_route_set_type(route, RTN_UNICAST);
	rtnl_route_set_scope(route, nl_addr_get_family(address) == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE);
	rtnl_route_set_protocol(route, RTPROT_STATIC);
	/* Exclusively: two instances with one address must not take each other's packets. */
	return netlink_result(add ? rtnl_route_add(socket, route, NLM_F_EXCL) : rtnl_route_delete(socket, route, 0),
			      failure);
}

static int link_lookup(const char *ip, struct link_way *ret, struct link_failure *failure)
{
	cleanup(netlink_put_socket) struct nl_sock *socket = netlink_connect(failure);
	cleanup(put_route) struct rtnl_route *route = NULL;
	cleanup(put_addr) struct nl_addr *address = NULL;

	if (!socket || parse_ip(ip, &address, failure) < 0 ||
	    netlink_result(rtnl_route_lookup(socket, address, &route), failure) < 0)
		return -1;
	*ret = (struct link_way){ .local = rtnl_route_get_type(route) == RTN_LOCAL };
	struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, 0);
	if (hop) {
		ret->oif = rtnl_route_nh_get_ifindex(hop);
		ret->gateway = rtnl_route_nh_get_gateway(hop) || rtnl_route_nh_get_via(hop);
	}
	return 0;
}

static int link_address(int index, const char *ip, struct link_failure *failure)
{
	cleanup(netlink_put_socket) struct nl_sock *socket = netlink_connect(failure);
	cleanup(put_rtaddr) struct rtnl_addr *wanted = rtnl_addr_alloc();
	cleanup(put_addr) struct nl_addr *local = NULL;

	if (!socket || !wanted || parse_ip(ip, &local, failure) < 0)
		return -1;
	rtnl_addr_set_ifindex(wanted, index);
	rtnl_addr_set_local(wanted, local);
	/* No duplicate address detection: the same gateway address sits on the TAP of each instance of the network. */
	if (nl_addr_get_family(local) == AF_INET6)
		rtnl_addr_set_flags(wanted, IFA_F_NODAD);
	return netlink_result(rtnl_addr_add(socket, wanted, NLM_F_REPLACE), failure);
}

static int link_proxy(int index, const char *ip, struct link_failure *failure)
{
	cleanup(netlink_put_socket) struct nl_sock *socket = netlink_connect(failure);
	cleanup(put_neigh) struct rtnl_neigh *entry = rtnl_neigh_alloc();
	cleanup(put_addr) struct nl_addr *address = NULL;

	if (!socket || !entry || parse_ip(ip, &address, failure) < 0)
		return -1;
	rtnl_neigh_set_ifindex(entry, index);
	rtnl_neigh_set_dst(entry, address);
	rtnl_neigh_set_flags(entry, NTF_PROXY);
	return netlink_result(rtnl_neigh_add(socket, entry, NLM_F_CREATE | NLM_F_REPLACE), failure);
}

/* The links on which one address is answered for by proxy: few, in all likelihood one. */
struct proxies {
	const struct nl_addr *address;
	int links[16];
	size_t n;
};

static int on_proxy(struct nl_msg *msg, void *arg)
{
	struct proxies *proxies = arg;
	const struct ndmsg *entry = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *attributes[NDA_MAX + 1];
	cleanup(put_addr) struct nl_addr *address = NULL;

	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(*entry), attributes, NDA_MAX, NULL) < 0 || !attributes[NDA_DST])
		return NL_SKIP;
	address = nl_addr_alloc_attr(attributes[NDA_DST], entry->ndm_family);
	if (address && (entry->ndm_flags & NTF_PROXY) && nl_addr_cmp(address, proxies->address) == 0 &&
	    proxies->n < sizeof(proxies->links) / sizeof(proxies->links[0]))
		proxies->links[proxies->n++] = entry->ndm_ifindex;
	return NL_OK;
}

/* libnl's cache of neighbours holds no proxy entries: they are asked for by hand. */
static int find_proxies(struct nl_sock *socket, struct proxies *proxies)
{
	struct ndmsg about = { .ndm_family = (uint8_t)nl_addr_get_family(proxies->address), .ndm_flags = NTF_PROXY };

	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_proxy, proxies);
	int code = nl_send_simple(socket, RTM_GETNEIGH, NLM_F_DUMP, &about, sizeof(about));
	return code < 0 ? code : nl_recvmsgs_default(socket);
}

static int link_unproxy(const char *ip, struct link_failure *failure)
{
	cleanup(netlink_put_socket) struct nl_sock *socket = netlink_connect(failure);
	cleanup(put_neigh) struct rtnl_neigh *entry = rtnl_neigh_alloc();
	cleanup(put_addr) struct nl_addr *address = NULL;

	if (!socket || !entry || parse_ip(ip, &address, failure) < 0)
		return -1;
	struct proxies proxies = { .address = address };
	if (netlink_result(find_proxies(socket, &proxies), failure) < 0)
		return -1;
	rtnl_neigh_set_dst(entry, address);
	rtnl_neigh_set_flags(entry, NTF_PROXY);
	for (size_t i = 0; i < proxies.n; i++) {
		rtnl_neigh_set_ifindex(entry, proxies.links[i]);
		int code = rtnl_neigh_delete(socket, entry, 0);
		if (code < 0 && failure->errnum != ENOENT && failure->errnum != ENODEV)
			return netlink_result(code, failure);
		*failure = (struct link_failure){ 0 };
	}
	return 0;
}

const struct link_module link_module = {
	.get = link_get,
	.change = link_change,
	.delete = link_delete,
	.bridge = link_bridge,
	.bridge_netfilter = link_bridge_netfilter,
	.vlan = link_vlan,
	.route = link_route,
	.lookup = link_lookup,
	.address = link_address,
	.proxy = link_proxy,
	.unproxy = link_unproxy,
	.shape = link_shape,
	.police = link_police,
	.has_policer = link_has_policer,
};
