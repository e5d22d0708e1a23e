/* Sides, mirrors and states of rules. A rule of layer LINK is mirrored only when it is for both directions. One of layer NETWORK always
 * is: an accepting one lets only answers through there; one that drops is mirrored without state. */
#include "vm/filter_sides.h"

#include "base/text.h"

/* --- layer LINK --- */

static bool link_stands(const struct filter_tree_rule *rule, enum filter_side side, struct filter_standing *ret)
{
	enum filter_direction direction = rule->rule->direction;

	ret->mirrored = direction == FILTER_INOUT && side == SIDE_FROM_GUEST;
	return direction == FILTER_INOUT || (direction == FILTER_IN) == (side == SIDE_TO_GUEST);
}

/* --- layer NETWORK --- */

/* What a rule has besides matches. */
struct network_rule {
	const struct filter_operand *state, *limit;
	bool limit_negated;
	bool typed;    /* ICMP with a type: no answer looks like the question */
	bool only_mac; /* nothing that a mirror could say */
};

static struct network_rule look(const struct filter_tree_rule *rule)
{
	struct network_rule ret = { .only_mac = false };
	bool mac = false, other = false;

	for (size_t i = 0; i < rule->n_nodes; i++) {
		const struct filter_tree_node *node = &rule->nodes[i];

		for (size_t j = 0; j < node->n; j++) {
			const struct filter_operand *operand = &node->operands[j];
			enum filter_attribute_id id = operand->row->id;

			if (id == FILTER_ATTRIBUTE_STATE)
				ret.state = operand;
			else if (id == FILTER_ATTRIBUTE_SRCMACADDR)
				mac = true;
			else
				other = true;
			if (id == FILTER_ATTRIBUTE_CONNLIMIT_ABOVE) {
				ret.limit = operand;
				ret.limit_negated = node->negated;
			}
			if (id == FILTER_ATTRIBUTE_TYPE)
				ret.typed = true;
		}
	}
	ret.only_mac = mac && !other;
	return ret;
}

static bool has_side(const struct filter_tree_rule *rule, const struct network_rule *has, enum filter_side side,
		     bool mirrored)
{
	enum filter_direction direction = rule->rule->direction;

	if (has->limit)
		return side == SIDE_FROM_GUEST;
	if (has->state)
		return direction == FILTER_INOUT || !mirrored;
	/* libvirt makes nothing at all of ICMP types with inout; here both sides are as written. */
	if (has->typed)
		return direction == FILTER_INOUT || !mirrored;
	return !(mirrored && has->only_mac);
}

static void network_states(const struct filter_tree_rule *rule, const struct network_rule *has,
			   struct filter_standing *ret)
{
	const struct filter_rule *written = rule->rule;

	if (has->state) {
		ret->states = (unsigned)has->state->values[0].number;
		if (ret->states & FILTER_STATE_NONE)
			ret->states = 0;
		return;
	}
	if (written->action != FILTER_ACCEPT || written->stateless || written->direction == FILTER_INOUT || has->limit)
		return;
	ret->states = FILTER_STATE_NEW | FILTER_STATE_ESTABLISHED;
	if (has->typed)
		return;
	ret->direction = ret->mirrored ? DIRECTION_REPLY : DIRECTION_ORIGINAL;
	if (ret->mirrored)
		ret->states = FILTER_STATE_ESTABLISHED;
}

static bool network_stands(const struct filter_tree_rule *rule, enum filter_side side, struct filter_standing *ret)
{
	struct network_rule has = look(rule);

	ret->mirrored = (side == SIDE_FROM_GUEST) == (rule->rule->direction != FILTER_OUT);
	ret->without_mac = ret->mirrored;
	ret->limit = has.limit;
	ret->limit_negated = has.limit_negated;
	network_states(rule, &has, ret);
	return has_side(rule, &has, side, ret->mirrored);
}

bool filter_rule_stands(const struct filter_tree_rule *rule, enum filter_side side, struct filter_standing *ret)
{
	*ret = (struct filter_standing){ .direction = DIRECTION_ANY };
	if (filter_rule_layer(rule->rule) == FILTER_LAYER_LINK)
		return link_stands(rule, side, ret);
	return network_stands(rule, side, ret);
}

/* --- chains --- */

static int compare_chains(const void *a, const void *b)
{
	const struct filter_sub_chain *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

struct filter_sub_chain *filter_tree_chains(const struct filter_tree *tree, enum filter_side side, size_t *ret_n)
{
	struct filter_sub_chain *list = NULL;
	struct filter_standing standing;
	size_t n = 0;

	for (size_t i = 0; i < tree->n; i++) {
		const struct filter_tree_rule *rule = &tree->rules[i];
		size_t at = 0;

		if (filter_rule_layer(rule->rule) != FILTER_LAYER_LINK || streq(rule->chain, "root") ||
		    !filter_rule_stands(rule, side, &standing))
			continue;
		while (at < n && !streq(list[at].name, rule->chain))
			at++;
		if (at == n) {
			grow_array(list, n);
			list[n++] = (struct filter_sub_chain){ .name = rule->chain, .number = at };
		}
		list[at].priority = rule->chain_priority;
	}
	if (n > 0)
		qsort(list, n, sizeof(*list), compare_chains);
	*ret_n = n;
	return list;
}

/* --- what is asked for --- */

static bool asks(const struct filter_tree_rule *rule, const enum filter_attribute_id *ids, size_t n)
{
	for (size_t i = 0; i < rule->n_nodes; i++)
		for (size_t j = 0; j < rule->nodes[i].n; j++)
			for (size_t k = 0; k < n; k++)
				if (rule->nodes[i].operands[j].row->id == ids[k])
					return true;
	return false;
}

bool filter_rule_asks_arp_addresses(const struct filter_tree_rule *rule)
{
	static const enum filter_attribute_id ids[] = { FILTER_ATTRIBUTE_ARPSRCMACADDR, FILTER_ATTRIBUTE_ARPDSTMACADDR,
							FILTER_ATTRIBUTE_ARPSRCIPADDR, FILTER_ATTRIBUTE_ARPDSTIPADDR,
							FILTER_ATTRIBUTE_GRATUITOUS };

	return asks(rule, ids, ELEMENTS(ids));
}

bool filter_rule_asks_transport(const struct filter_tree_rule *rule)
{
	static const enum filter_attribute_id ids[] = { FILTER_ATTRIBUTE_SRCPORTSTART, FILTER_ATTRIBUTE_DSTPORTSTART,
							FILTER_ATTRIBUTE_TYPE,         FILTER_ATTRIBUTE_CODE,
							FILTER_ATTRIBUTE_FLAGS,        FILTER_ATTRIBUTE_OPTION };

	return asks(rule, ids, ELEMENTS(ids));
}

bool filter_rule_asks_gratuitous(const struct filter_tree_rule *rule, bool *ret_negated)
{
	for (size_t i = 0; i < rule->n_nodes; i++)
		for (size_t j = 0; j < rule->nodes[i].n; j++) {
			*ret_negated = rule->nodes[i].negated;
			if (rule->nodes[i].operands[j].row->id == FILTER_ATTRIBUTE_GRATUITOUS &&
			    rule->nodes[i].operands[j].values[0].number)
				return true;
		}
	return false;
}
