/* kvmctl-learner: one for each interface whose addresses are learned, as long as the interface is there. It looks at what the guest
 * sends and gets, and calls `kvmctl filter learned` when an address is to be allowed or taken away.
 *
 * Called after act_filters_commit(), with its lock still held or not: a learner that was started waits for it. */
#ifndef KVMCTL_OPS_ACT_LEARNER_H
#define KVMCTL_OPS_ACT_LEARNER_H

#include "ops/context.h"
#include "vm/leases.h"

/* Makes it so that the binding has a learner if it wants one (binding->learns_ipv4, learns_ipv6), and none if not. One that runs with the same parameters
 * stays. 1: one was started, which listens when this returns. ERROR_HOST; errnum ENODEV when the interface is not there (yet). */
int act_learner_settle(struct context *context, const struct filter_binding *binding, struct error *err);
/* The same for every binding, after filters have changed under them. What fails is said in the log: the rules stand, and cleanup tries
 * again. */
void act_learner_settle_all(struct context *context);
/* It should have one that runs, and has none. */
bool act_learner_is_missing(struct context *context, const struct filter_binding *binding);
/* Ends it, if there is one. A binding that goes must have lost its learner before. */
int act_learner_stop(struct context *context, const char *interface, struct error *err);
/* The addresses that are known from before (leases that are still valid): put into a new binding's `learned` before act_filters_put().
 * Bindings of instances and those made by hand have them. A file that cannot be read is said in the log: nothing is known then. */
void act_learner_recall(struct context *context, struct filter_binding *binding);

/* With what is on disk about each address that the binding has learned, or what is likely. */
void act_learner_known(struct context *context, const struct filter_binding *binding, struct leases *ret);
/* For a guest that moves: what the binding has learned, as texts for the target (lease_to_text), and there into its new binding, before
 * act_filters_put(). */
char **act_learner_pack(struct context *context, const struct filter_binding *binding);
void act_learner_unpack(struct context *context, struct filter_binding *binding, char *const *texts);

#endif
