/* The way of a packet through chains and layers. Whether one rule applies to it: filter_explain_rule.c. */
#include "vm/filter_explain.h"

#include <limits.h>

#include "base/text.h"
#include "vm/filter_explain_rule.h"

struct walk {
	const struct filter_tree *tree;
	const struct filter_packet *packet;
	enum filter_side side;
	struct filter_layer_verdict *ret;
	struct problems *problems;
};

enum outcome { GOES_ON, RETURNED, DECIDED };

void filter_explanation_clear(struct filter_explanation *explanation)
{
	free(explanation->link.applied);
	free(explanation->network.applied);
	*explanation = (struct filter_explanation){ 0 };
}

const char *filter_why_to_string(enum filter_why why)
{
	static const char *const words[FILTER_WHY_MAX] = {
		[FILTER_WHY_RULE] = "a rule decides",
		[FILTER_WHY_RETURN] = "a rule returns from the root chain, which accepts",
		[FILTER_WHY_END_OF_CHAIN] = "no rule decides in this chain, and its end accepts",
		[FILTER_WHY_END_OF_ROOT] = "no rule decides, and the end accepts",
		[FILTER_WHY_OTHER_PROTOCOL] = "no rules of this layer look at such packets",
		[FILTER_WHY_PRIORITY_TAG] = "IP packets with a priority tag would come past the rules of this layer",
	};

	return words[why];
}

static enum outcome decide(struct walk *w, enum filter_action verdict, enum filter_why why,
			   const struct filter_tree_rule *rule, const char *chain)
{
	w->ret->verdict = verdict;
	w->ret->why = why;
	w->ret->rule = rule;
	w->ret->chain = chain;
	return DECIDED;
}

static enum outcome act(struct walk *w, const struct filter_tree_rule *rule, const char *chain)
{
	enum filter_action action = rule->rule->action;

	switch (action) {
	case FILTER_CONTINUE:
		return GOES_ON;
	case FILTER_RETURN:
		return RETURNED;
	case FILTER_REJECT: /* frames are not answered on layer LINK */
		if (filter_rule_layer(rule->rule) == FILTER_LAYER_LINK)
			action = FILTER_DROP;
		break;
	case FILTER_ACCEPT:
	case FILTER_DROP:
	case FILTER_ACTION_MAX:
		break;
	}
	return decide(w, action, FILTER_WHY_RULE, rule, chain);
}

static enum outcome try_rule(struct walk *w, const struct filter_tree_rule *rule,
			     const struct filter_standing *standing, const char *chain)
{
	if (!explain_rule_applies(rule, standing, w->packet, w->problems))
		return GOES_ON;
	grow_array(w->ret->applied, w->ret->n_applied);
	w->ret->applied[w->ret->n_applied++] = (struct filter_applied){ rule, standing->mirrored };
	return act(w, rule, chain);
}

/* --- layer LINK --- */

static bool stands_in(const struct walk *w, const struct filter_tree_rule *rule, const char *chain,
		      struct filter_standing *ret)
{
	return filter_rule_layer(rule->rule) == FILTER_LAYER_LINK && streq(rule->chain, chain) &&
	       filter_rule_stands(rule, w->side, ret);
}

static enum outcome sub_chain(struct walk *w, const char *chain)
{
	struct filter_standing standing;

	if (!explain_enters_chain(chain, w->packet))
		return GOES_ON;
	for (size_t i = 0; i < w->tree->n; i++) {
		const struct filter_tree_rule *rule = &w->tree->rules[i];
		enum outcome outcome =
			stands_in(w, rule, chain, &standing) ? try_rule(w, rule, &standing, chain) : GOES_ON;

		if (outcome != GOES_ON)
			return outcome == RETURNED ? GOES_ON : outcome;
	}
	return decide(w, FILTER_ACCEPT, FILTER_WHY_END_OF_CHAIN, NULL, chain);
}

/* Those chains, from the *next one on, that stand before rules of a higher priority. */
static enum outcome enter_chains(struct walk *w, const struct filter_sub_chain *chains, size_t n, size_t *next,
				 int priority)
{
	enum outcome outcome = GOES_ON;

	for (; *next < n && outcome == GOES_ON && chains[*next].priority <= priority; ++*next)
		outcome = sub_chain(w, chains[*next].name);
	return outcome;
}

static void link_layer(struct walk *w)
{
	size_t n, next = 0;
	_cleanup_free_ struct filter_sub_chain *chains = filter_tree_chains(w->tree, w->side, &n);
	struct filter_standing standing;
	enum outcome outcome = GOES_ON;

	for (size_t i = 0; i < w->tree->n && outcome == GOES_ON; i++) {
		const struct filter_tree_rule *rule = &w->tree->rules[i];

		if (!stands_in(w, rule, "root", &standing))
			continue;
		outcome = enter_chains(w, chains, n, &next, rule->priority);
		if (outcome == GOES_ON)
			outcome = try_rule(w, rule, &standing, "root");
	}
	if (outcome == GOES_ON)
		outcome = enter_chains(w, chains, n, &next, INT_MAX);
	if (outcome != DECIDED)
		decide(w, FILTER_ACCEPT, outcome == RETURNED ? FILTER_WHY_RETURN : FILTER_WHY_END_OF_ROOT, NULL,
		       "root");
}

/* --- layer NETWORK --- */

static bool has_rules(const struct walk *w, enum filter_family family)
{
	struct filter_standing standing;

	for (size_t i = 0; i < w->tree->n; i++)
		if (filter_rule_layer(w->tree->rules[i].rule) == FILTER_LAYER_NETWORK &&
		    filter_rule_protocol(w->tree->rules[i].rule)->family == family &&
		    filter_rule_stands(&w->tree->rules[i], w->side, &standing))
			return true;
	return false;
}

static void network_rules(struct walk *w)
{
	struct filter_standing standing;
	enum outcome outcome = GOES_ON;

	for (size_t i = 0; i < w->tree->n && outcome == GOES_ON; i++) {
		const struct filter_tree_rule *rule = &w->tree->rules[i];

		if (filter_rule_layer(rule->rule) == FILTER_LAYER_NETWORK &&
		    filter_rule_protocol(rule->rule)->family == w->packet->family &&
		    filter_rule_stands(rule, w->side, &standing))
			outcome = try_rule(w, rule, &standing, "root");
	}
	if (outcome != DECIDED)
		decide(w, FILTER_ACCEPT, outcome == RETURNED ? FILTER_WHY_RETURN : FILTER_WHY_END_OF_ROOT, NULL,
		       "root");
}

static void network_layer(struct walk *w)
{
	const struct filter_packet *packet = w->packet;

	if (!packet->family || !has_rules(w, packet->family) || (packet->tagged && !explain_is_priority_tagged(packet)))
		decide(w, FILTER_ACCEPT, FILTER_WHY_OTHER_PROTOCOL, NULL, "root");
	else if (packet->tagged)
		decide(w, FILTER_DROP, FILTER_WHY_PRIORITY_TAG, NULL, "root");
	else
		network_rules(w);
}

/* --- both --- */

int filter_explain(const struct filter_tree *tree, const struct filter_packet *packet, struct filter_explanation *ret,
		   struct problems *problems)
{
	struct filter_explanation found = { 0 };
	size_t before = problems->n;
	struct walk w = { .tree = tree,
			  .packet = packet,
			  .side = packet->direction == FILTER_OUT ? SIDE_FROM_GUEST : SIDE_TO_GUEST,
			  .problems = problems };

	w.ret = &found.link;
	link_layer(&w);
	w.ret = &found.network;
	network_layer(&w);
	if (problems->n > before) {
		filter_explanation_clear(&found);
		return -1;
	}
	/* What the guest gets is rejected before layer LINK sees it. */
	if (found.network.verdict == FILTER_REJECT && (w.side == SIDE_TO_GUEST || found.link.verdict == FILTER_ACCEPT))
		found.verdict = FILTER_REJECT;
	else if (found.link.verdict == FILTER_ACCEPT && found.network.verdict == FILTER_ACCEPT)
		found.verdict = FILTER_ACCEPT;
	else
		found.verdict = FILTER_DROP;
	*ret = found;
	return 0;
}
