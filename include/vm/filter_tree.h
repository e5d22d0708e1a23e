/* What a filter comes to on one NIC: its tree of references flattened into rules in the order in which they are evaluated, each
 * variable replaced by the values that it has there. Nothing of nftables is in here.
 *
 * The order is libvirt's: depth first, then stably by (rules of root first, priority). Rules of a chain stand together. */
#ifndef KVMCTL_VM_FILTER_TREE_H
#define KVMCTL_VM_FILTER_TREE_H

#include "base/problems.h"
#include "vm/filter_model.h"

/* Bounds, so that a small definition does not become a large ruleset by accident. */
#define FILTER_TREE_DEPTH_MAX 64         /* references, one below the other */
#define FILTER_TREE_REFERENCES_MAX 20000 /* followed altogether; a filter that is met twice counts twice */
#define FILTER_TREE_RULES_MAX 100000     /* altogether */
#define FILTER_LIST_MAX 100000           /* values of a variable */
#define FILTER_COMBINATIONS_MAX 1000000  /* of one rule: what its iterators multiply to */

/* Where filters come from. */
struct filter_source {
	/* The filter of that name, which stays as long as the tree does; NULL: there is none, or *err says what is wrong with it. */
	const struct filter *(*find)(void *arg, const char *name, struct error *err);
	void *arg;
};

#define FILTER_NO_GROUP (-1)

/* An attribute with its values: one, or as many as its group has positions. */
struct filter_operand {
	const struct filter_attribute_row *row;
	struct filter_value *values;
	size_t n;
	int group; /* which of the rule's groups it walks along with; FILTER_NO_GROUP: a constant */
};

struct filter_tree_node {
	const struct filter_protocol_row *protocol;
	bool negated;
	struct filter_operand *operands;
	size_t n;
};

/* The rule stands for all combinations of positions of its groups (a group: what one iterator walks; its length without repetitions). */
struct filter_tree_rule {
	const struct filter *filter;
	size_t entry;
	const struct filter_rule *rule;
	const char *chain; /* of the filter */
	int chain_priority;
	int priority;  /* not below that of a sub-chain that it is in */
	size_t number; /* in the order of the tree */
	struct filter_tree_node *nodes;
	size_t n_nodes;
	size_t *groups;
	size_t n_groups;
};

struct filter_tree {
	struct filter_tree_rule *rules;
	size_t n;
	char **filters; /* names of all filters in it, each once, in the order of first mention */
};

#define _cleanup_filter_tree_ _cleanup_(filter_tree_clear)
void filter_tree_clear(struct filter_tree *tree);

/* Flattens the filter `name`. parameters: the NIC's, "MAC" among them; those of references go before them. All mistakes are
 * collected: loops, filters that are missing, variables without a value, values of a wrong type, lists of different lengths under one
 * iterator, too many of anything. *ret is filled only when there are none. *ret_unset (or NULL): names of variables without a value,
 * so that a caller can tell "only IP, which can be learned". */
int filter_tree_build(const struct filter_source *source, const char *name, const struct filter_parameter *parameters,
		      size_t n_parameters, struct filter_tree *ret, char ***ret_unset, struct problems *problems);

#endif
