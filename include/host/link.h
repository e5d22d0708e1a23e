/* Network links through libnl-route, which is loaded only when one of these is called (start-up time: see
 * src/host/link_module.c).
 *
 * The order for a TAP: MAC, bridge or routed set-up, MTU, VLAN; link_up last, so that a link never
 * carries a packet before everything on it is set. */
#ifndef KVMCTL_HOST_LINK_H
#define KVMCTL_HOST_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct link_route {     /* mode routed: what leads to the TAP */
	const char *ip; /* "" = none */
	const char *ip6;
	const char *
		gateway; /* the guest's router: becomes our side's address where the host knows no other way to it, else proxy ARP answers; "" = none */
	const char *gateway6;
	const char *table; /* routing table by number or name of /etc/iproute2/rt_tables; "" = main */
};

/* Each error names the link and keeps the kernel's words. A link that does not exist: ERROR_HOST with errnum ENODEV. */
int link_index(const char *name, int *ret, struct error *err); /* libc only */
int link_is_bridge(const char *name, bool *ret, struct error *err);
int link_set_mtu(const char *name, int64_t mtu, struct error *err);
int link_get_mtu(const char *name, int64_t *ret, struct error *err);
/* The host's side of a TAP gets the guest's address with fe: in front (fa: if it has that): never equal
 * to the guest's, and so high that no bridge takes it as its own. */
int link_set_mac(const char *name, const char *guest_mac, struct error *err);
/* Into the bridge; the bridge's MTU is taken by the port before, so that the bridge's own does not change
 * (another one: link_set_mtu after it). IPv6 is switched off on the port: the guest must not reach the
 * host by a link-local address past the bridge's rules. */
int link_attach(const char *name, const char *bridge, struct error *err);
/* The port's only VLAN (PVID, untagged). ERROR_HOST where the bridge does not filter VLANs. */
int link_vlan(const char *name, int64_t vlan, struct error *err);
/* The bridge that it is a port of; "": none. Owned by the caller. */
int link_bridge_of(const char *name, char **ret, struct error *err);
/* Whether IPv4 and IPv6 frames of the bridge pass the hooks of IP too (nf_call_iptables, nf_call_ip6tables; br_netfilter). Another bridge's
 * do as before. */
int link_bridge_netfilter(const char *bridge, bool *ret, struct error *err);
int link_bridge_set_netfilter(const char *bridge, bool on, struct error *err);
/* No IPv6 on this link: for ports of switches that are not attached here (openvswitch, ext). */
int link_disable_ipv6(const char *name, struct error *err);
int link_up(const char *name, struct error *err);
int link_down(const char *name, struct error *err);
/* Deletes; one that is not there is no error. */
int link_delete(const char *name, struct error *err);

/* Mode routed: forwarding, proxy ARP and NDP of the link, our address, then up (the kernel takes routes
 * only for links that are up), then the routes, and proxy neighbour entries on the link that the
 * addresses were on before. A route that exists already is an error: another instance has the address. On
 * failure nothing is left but what goes with the link. */
int link_route_add(const char *name, const struct link_route *route, struct error *err);
/* Removes the proxy neighbour entries, which outlive the link, and the routes where the link still is.
 * What is gone is no error. */
int link_unroute(const char *name, const struct link_route *route, struct error *err);

/* The first address of an interface (family AF_INET, AF_INET6, or 0: v4 before v6; no link-local ones).
 * Owned by the caller. libc only. ERROR_HOST: no such interface, or no address of the family. */
int link_address(const char *name, int family, char **ret, struct error *err);
bool link_exists(const char *name); /* libc only */

#endif
