/* What a filter would do with a packet, and which rule says so: the rules of a tree gone through as the kernel goes through those that
 * they are compiled to, both layers with libvirt's semantics. Pure; tests compare it with the kernel frame by frame. */
#ifndef KVMCTL_VM_FILTER_EXPLAIN_H
#define KVMCTL_VM_FILTER_EXPLAIN_H

#include "vm/filter_packet.h"
#include "vm/filter_tree.h"

/* Why a layer decides as it does. */
enum filter_why {
	FILTER_WHY_RULE,         /* a rule says so */
	FILTER_WHY_RETURN,       /* a rule returned out of root */
	FILTER_WHY_END_OF_CHAIN, /* nothing decided in a chain below root: its end accepts */
	FILTER_WHY_END_OF_ROOT,
	FILTER_WHY_OTHER_PROTOCOL, /* the layer has no rules about such packets */
	FILTER_WHY_PRIORITY_TAG, /* layer NETWORK: an IP packet behind a VLAN tag 0, which would come past the rules */
	FILTER_WHY_MAX
};

/* A rule that applied to the packet. */
struct filter_applied {
	const struct filter_tree_rule *rule;
	bool mirrored;
};

struct filter_layer_verdict {
	enum filter_action verdict; /* FILTER_ACCEPT, FILTER_DROP, FILTER_REJECT */
	enum filter_why why;
	const struct filter_tree_rule *rule; /* that decided; NULL: none did */
	const char *chain;                   /* where that was; "root" */
	struct filter_applied *applied;      /* in their order, the one that decided last */
	size_t n_applied;
};

struct filter_explanation {
	struct filter_layer_verdict link, network;
	enum filter_action verdict; /* of both */
};

#define _cleanup_filter_explanation_ _cleanup_(filter_explanation_clear)
void filter_explanation_clear(struct filter_explanation *explanation);

/* Problems: a range of the tree that ends before it begins. */
int filter_explain(const struct filter_tree *tree, const struct filter_packet *packet, struct filter_explanation *ret,
		   struct problems *problems);
/* Why, in words, without the rule. */
const char *filter_why_to_string(enum filter_why why);

#endif
