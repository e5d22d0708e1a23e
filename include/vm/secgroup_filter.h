/* What the security groups of a NIC come to: filters that nobody has written, put beside those of the store.
 *
 * For a NIC on tap0 the filter "secgroups/tap0" (a name that no definition can have) refers to the NIC's own filter, if it has one, and
 * to a filter "secgroup/NAME" per group. The order is nova's:
 *
 *   90    what is of no connection is dropped                       100   DHCP, router advertisements, neighbour discovery
 *   91    answers come in                                           200   the project's network (PROJNET, PROJNETV6)
 *   300   the rules of the groups                                   400   every other IPv4 and IPv6 packet to the guest is dropped
 *
 * What the guest sends is held back only when one of its groups has a rule of direction "out"; then the same holds in that
 * direction. Rules of the NIC's own filter of layer NETWORK stand between them by their priority. */
#ifndef KVMCTL_VM_SECGROUP_FILTER_H
#define KVMCTL_VM_SECGROUP_FILTER_H

#include "base/problems.h"
#include "vm/filter_cache.h"
#include "vm/secgroup_store.h"

/* What of a binding it needs: also that of one that is not bound yet. */
struct secgroup_nic {
	const char *interface;
	const char *filter; /* its own; "" or NULL: none */
	const struct filter_parameter *parameters;
	size_t n_parameters;
	char *const *groups; /* strv */
};

/* Puts the filters into the cache; *ret is the name of the one to build the tree from, owned by the caller. Without groups it is the
 * NIC's own. Groups that are missing or damaged are problems: -1. Put again for the same interface, the last one counts. */
int secgroup_filter_expand(const struct secgroup_store *store, const struct secgroup_nic *nic,
			   struct filter_cache *cache, char **ret, struct problems *problems);

/* A group as a filter: into the cache, in place of the store's, it says what would be if it were defined. */
struct filter *secgroup_to_filter(const struct secgroup *group);

#endif
