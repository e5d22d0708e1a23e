/* Network links through libnl-route, which is loaded only when one of these is called (start-up time: see src/host/link_module.c). */
#ifndef KVMCTL_HOST_LINK_H
#define KVMCTL_HOST_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct link_route {           /* mode routed: what leads to the TAP */
	const char *ip;       /* "" = none */
	const char *ip6;
	const char *gateway;  /* our side's address on the TAP for IPv4 proxy ARP; "" = proxy ARP only */
	const char *gateway6;
	const char *table;    /* routing table by number or name of /etc/iproute2/rt_tables; "" = main */
};

/* `what` of each error names the link. A link that does not exist: ERROR_HOST. */
int link_index(const char *name, int *ret, struct error *err);   /* ERROR_HOST with errnum ENODEV */
int link_is_bridge(const char *name, bool *ret, struct error *err);
int link_set_mtu(const char *name, int64_t mtu, struct error *err);
int link_get_mtu(const char *name, int64_t *ret, struct error *err);
int link_set_mac(const char *name, const char *mac, struct error *err);
/* Into the bridge; the bridge's MTU is taken by the port before. */
int link_attach(const char *name, const char *bridge, struct error *err);
int link_vlan(const char *name, int64_t vlan, struct error *err);   /* port VLAN (PVID untagged) of a VLAN-aware bridge */
int link_up(const char *name, struct error *err);
int link_down(const char *name, struct error *err);
/* Deletes; one that is not there is no error. */
int link_delete(const char *name, struct error *err);
/* proxy ARP and NDP, forwarding sysctls of the link, then routes. The routes go with the link; proxy NDP entries are removed by link_unroute. */
int link_route_add(const char *name, const struct link_route *route, struct error *err);
int link_unroute(const char *name, const struct link_route *route, struct error *err);
/* The first address of an interface (family AF_INET, AF_INET6, or 0: v4 before v6). Owned by the caller. libc only. ERROR_HOST: no such interface, or no address of the family. */
int link_address(const char *name, int family, char **ret, struct error *err);
bool link_exists(const char *name);   /* libc only */

#endif
