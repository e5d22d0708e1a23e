/* Between the chapters of the compiler: filter_compile.c (chains), _rule.c (one rule), _network.c (connections), _runs.c (rules
 * that begin alike), _names.c. */
#ifndef KVMCTL_VM_FILTER_COMPILE_INTERNAL_H
#define KVMCTL_VM_FILTER_COMPILE_INTERNAL_H

#include <stdio.h>

#include "vm/filter_compile.h"
#include "vm/filter_sides.h"

/* The low bits of the mark's field. On the way to conntrack they are 0, and the bits above say whose frame it is (MARK_BRIDGED, or the
 * number of a NIC that counts connections); behind it those say which limits are exceeded. */
enum mark_state {
	MARK_UNSEEN,
	MARK_NEW,
	MARK_ESTABLISHED,
	MARK_ANSWER,
	MARK_RELATED,
	MARK_RELATED_ANSWER,
	MARK_INVALID,
	MARK_UNTRACKED,
	MARK_REFUSED, /* to be answered with an ICMP error by the inet hooks */
	MARK_DONE = 15
};
#define MARK_STATE_BITS 4
#define MARK_BRIDGED 16 /* a frame on a bridge that nobody counts */

struct compile {
	const struct filter_tree *tree;
	const struct filter_nic *nic;
	const struct filter_kernel *kernel;
	struct filter_program *program;
	struct problems *problems;
	FILE *sets, *chains, *inet;
	struct set_known { /* named sets of this NIC: the same list is made once */
		char *key, *name;
	} * known;
	size_t n_known, limits;
	bool *refused; /* by rule of the tree: its problem is said, once and not for each side */
};

/* Where and how a rule is written. */
struct emission {
	const struct filter_tree_rule *rule;
	enum filter_side side;
	bool mirrored;
	bool without_mac;      /* layer NETWORK: the sender's MAC address is not there in the mirror */
	bool guards;           /* begin with what tells the protocol */
	const char *condition; /* more of a match, ending with a blank; or "" */
	const char *verdict;   /* "drop"; "": none */
	FILE *out;
};

/* --- filter_compile.c --- */
/* nft's word for what a rule says, "" to go on; NULL to reject, for which each layer has a way of its own. */
const char *compile_verdict(enum filter_action action);
/* The beginning of a chain, which the program has from now on. */
void compile_open_chain(struct compile *c, const char *name);

/* --- _runs.c --- */
/* The lines of this chain, in which runs of rules are now in chains of their own, written before it. Owned by the caller. */
char *compile_runs(struct compile *c, const char *chain, const char *rules);

/* --- _rule.c --- */
/* Lines for all combinations of the rule. */
void compile_rule(struct compile *c, const struct emission *emission);

/* Whether the rule has been refused; compile_refuse: it has, if there are more problems than before. */
static inline bool compile_refused(const struct compile *c, const struct filter_tree_rule *rule)
{
	return c->refused[rule - c->tree->rules];
}
static inline void compile_refuse(struct compile *c, const struct filter_tree_rule *rule, size_t before)
{
	c->refused[rule - c->tree->rules] |= c->problems->n > before;
}

/* --- _network.c --- */
/* The rules of that layer and family on one side, into the chain that is open. */
void compile_network(struct compile *c, enum filter_side side, enum filter_family family, FILE *out);

/* --- filter_transaction.c, for filter_difference.c --- */
void filter_transaction_add(struct filter_transaction *transaction, const char *text);

/* --- _names.c --- */
/* "o2-tap0", with the name of a chain behind it "o2-tap0/ipv4-x": user's words with what nft's names may not have written as ".hh". */
char *compile_name(const char *prefix, const char *interface, const char *chain);
/* The name of a chain in which nothing is: it says which program stands there. */
char *compile_name_digest(const char *interface, const struct filter_program *program);
/* What was escaped, as it was. Owned by the caller. */
char *compile_name_unescape(const char *escaped);
/* The (escaped) interface in the name of a chain or set; NULL: it is of no NIC. Owned by the caller. */
char *compile_name_interface(const char *name);
/* The type of what is in the set of a group. */
const char *filter_group_type(const char *set);
unsigned mark_shift(uint32_t mask);
unsigned mark_bits(uint32_t mask);

#endif
