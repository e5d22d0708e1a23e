/* Changing security groups: who holds what meanwhile.
 *
 * First the lock of all that is filtered, then that of the groups. Where nothing is bound in this run directory the kernel is not asked:
 * groups can be written on a host that filters nothing, and by people without rights. */
#ifndef KVMCTL_OPS_ACT_SECGROUP_H
#define KVMCTL_OPS_ACT_SECGROUP_H

#include "ops/act_filters.h"
#include "vm/secgroup_members.h"

struct secgroup_change {
	struct context *context;
	struct secgroup_store store;
	int filters_lock, store_lock; /* -1: not held */
	bool bound;                   /* something is bound here: the kernel may have sets and rules */
};
#define SECGROUP_CHANGE_INIT ((struct secgroup_change){ .filters_lock = -1, .store_lock = -1 })
#define _cleanup_secgroup_change_ _cleanup_(secgroup_change_end)

/* change: SECGROUP_CHANGE_INIT before; the caller ends it, also on failure. ERROR_BUSY names who holds one of them. */
int secgroup_change_begin(struct context *context, const char *verb, struct secgroup_change *change, struct error *err);
void secgroup_change_end(struct secgroup_change *change);
/* A session for changes of rules, which takes the lock of all that is filtered over: one of a change. NULL in *ret: nothing is bound. */
int secgroup_change_session(struct secgroup_change *change, struct filters **ret, struct error *err);

#endif
