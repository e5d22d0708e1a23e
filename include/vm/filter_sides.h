/* Where a rule of a tree stands: on which side of a NIC, as it is written or mirrored, and with which connections. libvirt's ways,
 * because filters rely on them. The compiler and `filter explain` both go by this. */
#ifndef KVMCTL_VM_FILTER_SIDES_H
#define KVMCTL_VM_FILTER_SIDES_H

#include "vm/filter_tree.h"

enum filter_side { SIDE_FROM_GUEST, SIDE_TO_GUEST };

enum ct_direction { DIRECTION_ANY, DIRECTION_ORIGINAL, DIRECTION_REPLY };

struct filter_standing {
	bool mirrored;               /* source and destination change places */
	bool without_mac;            /* the sender's MAC address is not asked for: layer NETWORK, mirrored */
	unsigned states;             /* of the connection (enum filter_state), one of them; 0: none is asked for */
	enum ct_direction direction; /* with states */
	const struct filter_operand *limit; /* connlimit-above; NULL: none */
	bool limit_negated;
};

/* False: the rule is not on that side. */
bool filter_rule_stands(const struct filter_tree_rule *rule, enum filter_side side, struct filter_standing *ret);

/* A chain below root that has rules on a side. */
struct filter_sub_chain {
	const char *name;
	int priority;
	size_t number;
};
/* In the order in which root enters them: each before the first rule of root whose priority is not below its own. Filters that name
 * the same chain share it; the priority that is met last holds. Owned by the caller; names are the tree's. */
struct filter_sub_chain *filter_tree_chains(const struct filter_tree *tree, enum filter_side side, size_t *ret_n);

/* Whether something is asked of what is behind the IP header: later fragments do not have it. */
bool filter_rule_asks_transport(const struct filter_tree_rule *rule);
/* Whether addresses in an ARP packet are asked for: they stand where they are looked for only when it is about IPv4 on Ethernet. */
bool filter_rule_asks_arp_addresses(const struct filter_tree_rule *rule);
/* Whether the rule asks for gratuitous ARP: sender and target are the same, or with *ret_negated are not. */
bool filter_rule_asks_gratuitous(const struct filter_tree_rule *rule, bool *ret_negated);

#endif
