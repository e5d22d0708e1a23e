/* What the verbs that look at filters share: which interface a name means, its rules as a tree, and a rule in words. */
#ifndef KVMCTL_OPS_ACT_FILTER_LOOK_H
#define KVMCTL_OPS_ACT_FILTER_LOOK_H

#include "base/problems.h"
#include "ops/context.h"
#include "vm/filter_binding.h"
#include "vm/filter_cache.h"
#include "vm/filter_compile.h"
#include "vm/filter_packet.h"
#include "vm/filter_parameters.h"
#include "vm/secgroup_store.h"

/* The binding that NAME means: an interface, INSTANCE/NIC, or an instance that has one. ERROR_NO_INSTANCE: nothing is filtered there;
 * ERROR_USAGE: the instance has several. */
int act_filter_find(struct context *context, const char *name, struct filter_binding **ret, struct error *err);

/* What the kernel has of it. ERROR_STATE: nothing, somebody has wiped it; ERROR_HOST: it may not be asked. */
int act_filter_in_kernel(const char *interface, struct filter_existing *ret, struct error *err);

/* A binding's tree, with the definitions as they are. */
struct filter_looked {
	struct context *context;
	struct filter_store store;
	struct secgroup_store groups;
	struct filter_cache cache;
	struct filter_parameters parameters;
	struct filter_tree tree;
	enum filter_family family; /* of the packet whose addresses are asked about */
};
#define _cleanup_filter_looked_ _cleanup_(filter_looked_clear)
void filter_looked_clear(struct filter_looked *looked);
/* ret is zeroed before. */
int act_filter_tree(struct context *context, const struct filter_binding *binding, struct filter_looked *ret,
		    struct problems *problems);
/* Only the store and an empty cache. */
void act_filter_open(struct context *context, struct filter_looked *ret);

/* Members of security groups are known to the packet as they are recorded here: those of NICs and those added by hand. */
void act_filter_members(struct filter_looked *looked, struct filter_packet *packet);

/* The rule that stands there, in one line; NULL: there is none (any more). Owned by the caller. */
char *act_filter_rule(struct filter_looked *looked, const char *filter, const char *place);

#endif
