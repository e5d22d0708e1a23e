/* Warnings about a filter: what has no effect, and where libvirt would differ. One function a concern; each looks at one rule or node. */
#include "vm/filter_check.h"

#include "base/text.h"

struct check {
	const struct filter *filter;
	const char *place;
	struct problems *warnings;
};

#define warn(check, ...) problems_add((check)->warnings, (check)->place, __VA_ARGS__)

static const struct filter_value *constant(const struct filter_node *node, enum filter_attribute_id id)
{
	const struct filter_value *value = filter_node_value(node, id);

	return value && !filter_value_is_variable(value) ? value : NULL;
}

/* --- the filter --- */

static void check_head(const struct check *check)
{
	const struct filter *filter = check->filter;
	const char *prefix = filter_chain_prefix(filter->chain);

	if (filter->has_priority && streq(prefix, "root"))
		warn(check, "the priority of the chain root has no effect");
	if (filter->has_chain && !filter->has_priority && streq(prefix, "stp"))
		warn(check,
		     "the chain \"%s\" has priority %d here, as libvirt's manual says; libvirt 9.0 gives it 0: write "
		     "it down",
		     filter->chain, filter->priority);
}

/* Said once: such filters have many rules. */
static void check_network_rules(const struct check *check)
{
	const char *chain = check->filter->chain;
	size_t n = 0, first = 0;

	for (size_t i = 0; i < check->filter->n_entries; i++)
		if (check->filter->entries[i].kind == FILTER_ENTRY_RULE &&
		    filter_rule_layer(&check->filter->entries[i].rule) == FILTER_LAYER_NETWORK && n++ == 0)
			first = i;
	if (n == 0 || streq(chain, "root"))
		return;
	warn(check, "the chain \"%s\" has no effect on rules of protocols as \"%s\" (%zu rules)", chain,
	     check->filter->entries[first].rule.nodes[0].protocol->name, n);
}

/* --- a rule --- */

/* A chain is entered by frames of its protocol only; `mac` and root by all. */
static void check_chain(const struct check *check, const struct filter_node *node)
{
	const char *prefix = filter_chain_prefix(check->filter->chain);
	const struct filter_value *type = constant(node, FILTER_ATTRIBUTE_PROTOCOLID);
	bool never = !streq(node->protocol->chain, prefix);

	if (streq(prefix, "root") || streq(prefix, "mac") || node->protocol->layer == FILTER_LAYER_NETWORK)
		return;
	if (node->protocol->id == FILTER_PROTOCOL_MAC) {
		never = false;
		for (size_t i = 0; type && i < FILTER_PROTOCOL_TCP; i++)
			if (streq(filter_protocols[i].chain, prefix))
				never = (filter_protocols[i].number == (int)type->number) == node->negated;
	}
	if (never)
		warn(check, "this can never match: only frames of %s come into the chain \"%s\"", prefix,
		     check->filter->chain);
}

static void check_action(const struct check *check, const struct filter_rule *rule)
{
	if (rule->action == FILTER_REJECT && filter_rule_layer(rule) == FILTER_LAYER_LINK)
		warn(check, "a frame cannot be rejected: reject is drop here");
	if (rule->action == FILTER_CONTINUE && filter_rule_layer(rule) == FILTER_LAYER_NETWORK)
		warn(check, "continue has no effect in a rule of \"%s\"; libvirt refuses such a filter when it is used",
		     rule->nodes[0].protocol->name);
}

/* --- a node: what has no effect --- */

static void check_masks(const struct check *check, const struct filter_node *node)
{
	for (size_t i = 0; i < node->n_attributes; i++) {
		const struct filter_attribute *a = &node->attributes[i];

		if ((a->row->kind == FILTER_KIND_MAC_MASK || a->row->kind == FILTER_KIND_ADDRESS_MASK) &&
		    !filter_value_is_variable(&a->value) && a->value.prefix < 0)
			warn(check, "%s: the ones of \"%s\" are not all at the front; libvirt refuses such a mask",
			     a->row->name, a->value.text);
	}
}

static void check_flags(const struct check *check, const struct filter_node *node)
{
	const struct filter_value *flags = constant(node, FILTER_ATTRIBUTE_FLAGS);

	if (flags && (flags->number & ~flags->mask))
		warn(check, "flags: \"%s\" can never match: a flag is not in the mask", flags->text);
}

static void check_set(const struct check *check, const struct filter_node *node)
{
	const struct filter_value *set = filter_node_value(node, FILTER_ATTRIBUTE_IPSET);

	if (set)
		warn(check,
		     "ipset: \"%s\": nftables cannot look into sets of ipset(8): on no interface this can be put in "
		     "force",
		     set->text);
}

/* --- a node: what libvirt does else --- */

static void check_ports(const struct check *check, const struct filter_node *node)
{
	if (node->negated && node->protocol->layer == FILTER_LAYER_NETWORK &&
	    filter_node_value(node, FILTER_ATTRIBUTE_DSTPORTSTART) &&
	    !filter_node_value(node, FILTER_ATTRIBUTE_SRCPORTSTART))
		warn(check, "match='no' holds for dstportstart here; libvirt forgets it without a srcportstart");
}

static void check_arp(const struct check *check, const struct filter_node *node)
{
	if (filter_node_value(node, FILTER_ATTRIBUTE_ARPSRCIPMASK) &&
	    filter_node_value(node, FILTER_ATTRIBUTE_ARPDSTIPADDR))
		warn(check, "arpsrcipmask is of arpsrcipaddr only; libvirt takes it for arpdstipaddr as well");
}

static void check_misread(const struct check *check, const struct filter_node *node)
{
	if (filter_node_value(node, FILTER_ATTRIBUTE_ENCAP_PROTOCOL))
		warn(check, "encap-protocol: matches here; in libvirt it never does");
	if (filter_node_value(node, FILTER_ATTRIBUTE_NDTARGETADDR))
		warn(check, "ndtargetaddr is kvmctl's own; libvirt passes over it and takes the rest of the rule");
	if (node->protocol->layer == FILTER_LAYER_LINK && filter_node_value(node, FILTER_ATTRIBUTE_DSCP))
		warn(check,
		     "dscp: the six bits of the class are compared here; libvirt compares them with the whole byte");
}

static void check_icmp(const struct check *check, const struct filter_rule *rule, const struct filter_node *node)
{
	if (rule->direction == FILTER_INOUT && node->protocol->layer == FILTER_LAYER_NETWORK &&
	    filter_node_value(node, FILTER_ATTRIBUTE_TYPE))
		warn(check, "an ICMP type with direction inout holds both ways here; libvirt makes no rule of it");
}

static void check_rule(const struct check *check, const struct filter_rule *rule)
{
	check_action(check, rule);
	for (size_t i = 0; i < rule->n_nodes; i++) {
		const struct filter_node *node = &rule->nodes[i];

		if (i == 0)
			check_chain(check, node);
		check_masks(check, node);
		check_flags(check, node);
		check_set(check, node);
		check_ports(check, node);
		check_arp(check, node);
		check_misread(check, node);
		check_icmp(check, rule, node);
	}
}

void filter_check(const struct filter *filter, struct problems *warnings)
{
	struct check check = { filter, "", warnings };

	check_head(&check);
	check_network_rules(&check);
	for (size_t i = 0; i < filter->n_entries; i++) {
		if (filter->entries[i].kind != FILTER_ENTRY_RULE)
			continue;
		_cleanup_free_ char *place = filter_entry_place(filter, i);
		check.place = place;
		check_rule(&check, &filter->entries[i].rule);
	}
}
