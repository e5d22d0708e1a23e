/* Whether a rule, where it stands, applies to a packet. */
#ifndef KVMCTL_VM_FILTER_EXPLAIN_RULE_H
#define KVMCTL_VM_FILTER_EXPLAIN_RULE_H

#include "vm/filter_packet.h"
#include "vm/filter_sides.h"

bool explain_rule_applies(const struct filter_tree_rule *rule, const struct filter_standing *standing,
			  const struct filter_packet *packet, struct problems *problems);
/* Whether the packet is of the protocol that the chain is for. */
bool explain_enters_chain(const char *chain, const struct filter_packet *packet);
/* An 802.1Q tag of VLAN 0, which is taken off on the way. */
bool explain_is_priority_tagged(const struct filter_packet *packet);

#endif
