/* The values that a binding's variables have, and the tree that stands there with them.
 *
 *   MAC    the NIC's
 *   IP     as given; else, when the tree refers to it, the IPv4 addresses that were learned
 *   IPV6   as given; else the link-local address made of the MAC (EUI-64), and the IPv6 addresses that were learned
 *   others as given
 *
 * CTRL_IP_LEARNING says how addresses are learned: any (default), dhcp, none. IPv6 addresses are, when the tree refers to IPV6, it is
 * not given, and either IP is learned too or CTRL_IP_LEARNING was given: who says which IPv4 address a guest has, and nothing of
 * learning, has said which addresses it has.
 *
 * Until the first IPv4 address is known the rules are not those of the filter, in which IP has no value, but those of a small one
 * (vm/filter_before.h). The filter itself is checked all the same. */
#ifndef KVMCTL_VM_FILTER_PARAMETERS_H
#define KVMCTL_VM_FILTER_PARAMETERS_H

#include "base/problems.h"
#include "vm/filter_binding.h"
#include "vm/filter_tree.h"

struct filter_parameters {
	struct filter_parameter *list; /* all of them, MAC too: what filter_tree_build() takes */
	size_t n;
	enum filter_learning learning;
	bool learns_ipv4, learns_ipv6; /* somebody must look for addresses (ops/act_learner.h) */
	bool waiting;                  /* no IPv4 address is known yet */
	struct filter *before;         /* what the tree is made of then; must stay as long as the tree does */
};

#define _cleanup_filter_parameters_ _cleanup_(filter_parameters_clear)
void filter_parameters_clear(struct filter_parameters *parameters);

/* The tree of the filter `name` (the binding's own, or one that stands for its filter and its groups) for the binding with what it has
 * learned. tree->filters are those of the filter itself, also while it waits. All problems are collected; -1: there are some, and
 * neither *ret nor *ret_tree is filled. */
int filter_parameters_build(const struct filter_source *source, const char *name, const struct filter_binding *binding,
			    struct filter_parameters *ret, struct filter_tree *ret_tree, struct problems *problems);

/* How the binding's addresses are learned, or -1: CTRL_IP_LEARNING is none of the three. */
int filter_parameters_learning(const struct filter_binding *binding, enum filter_learning *ret,
			       struct problems *problems);
/* Whether addresses of that IP version (4, 6) are any that the binding could learn: not where they are given. */
bool filter_parameters_may_learn(const struct filter_binding *binding, int version);
/* Parameters that no rule of the tree refers to, and that mean nothing by themselves (strv; NULL: none): mistyped ones, likely. */
char **filter_parameters_unused(const struct filter_source *source, const char *name,
				const struct filter_binding *binding);
/* Where no binding is: IPV6 is the link-local address made of MAC, where only MAC has a value. */
void filter_parameters_add_link_local(struct filter_reference *given);
/* The link-local IPv6 address made of a MAC address, as text. Owned by the caller. */
char *filter_link_local(const char *mac);

#endif
