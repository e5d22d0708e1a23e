/* The filters and security groups of an instance's NICs: whether they can be, put in force before a link is up, taken out with the NIC.
 * An instance without any costs nothing: nftables is not looked at. */
#ifndef KVMCTL_OPS_ACT_NIC_FILTERS_H
#define KVMCTL_OPS_ACT_NIC_FILTERS_H

#include "base/problems.h"
#include "ops/act_network.h"
#include "ops/context.h"
#include "vm/spec.h"
#include "vm/state.h"

/* Adds the security groups that NICs of the instance were given by hand (`secgroup add`), which are of this host and not of the spec. ERROR_HOST. */
int act_nic_filters_complete(struct context *context, struct spec *spec, struct error *err);
/* Everything that they need is here, and nftables can be used: else problems at the NIC's key. Nothing is changed. */
void act_nic_filters_check(struct context *context, const struct spec *spec, struct problems *problems);
/* Digests of all that they are made of, as the info document of a migration has them; NULL when there is nothing. */
void act_nic_filters_digest(struct context *context, const struct spec *spec, struct json **ret_filters,
			    struct json **ret_groups);
/* The addresses that were found for them, likewise. */
struct json *act_nic_filters_learned(struct context *context, const char *name, const struct spec *spec);
/* Their resources, appended to list, before anything is made. */
void act_nic_filters_record(const struct network_setup *setup, struct json *list);
/* All of them in one transaction, for TAPs that are there and not up; then those who look for addresses. ERROR_SPEC, ERROR_HOST, ERROR_BUSY. */
int act_nic_filters_up(const struct network_setup *setup, struct error *err);
/* A NIC that a script connects: its TAP must be on a bridge by now, which is told to the binding. ERROR_HOST: it is on none, and the rules have
 * no effect. */
int act_nic_filters_connected(const struct network_setup *setup, size_t nic, struct error *err);
/* Takes down what state->resources has of them, and takes that from the list. When the guest is gone. What is another instance's by now stays. */
int act_nic_filters_down(struct context *context, struct state *state, struct error *err);
/* What is filtered on the NICs of an instance, for `info`: an array, a row for each NIC that is. Owned by the caller. */
struct json *act_nic_filters_shown(struct context *context, const char *name, const struct spec *spec, bool running);

#endif
