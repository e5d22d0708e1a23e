/* Between filter_tree.c (references, order) and filter_tree_values.c (variables). */
#ifndef KVMCTL_VM_FILTER_TREE_INTERNAL_H
#define KVMCTL_VM_FILTER_TREE_INTERNAL_H

#include "vm/filter_tree.h"

/* The parameters that hold at a place of the tree; the inner ones go before the outer ones. */
struct scope {
	const struct filter_parameter *parameters;
	size_t n;
	const struct scope *outer;
};

/* Where a rule stands, for problems. */
struct tree_place {
	const struct filter *filter;
	size_t entry;
};

/* Fills nodes and groups of the rule. Variables without a value go to *unset as well (each once). */
void tree_resolve(struct filter_tree_rule *rule, const struct scope *scope, char ***unset, struct problems *problems);
void tree_rule_clear(struct filter_tree_rule *rule);
/* `filter "x", line 12`; owned by the caller. */
char *tree_place(const struct filter *filter, size_t entry);

#endif
