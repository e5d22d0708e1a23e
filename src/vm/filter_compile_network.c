/* Rules about connections: what vm/filter_sides.h has a rule ask of them, in nft's language. */
#include <inttypes.h>

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_compile_internal.h"

static char *place_of(const struct filter_tree_rule *rule)
{
	_cleanup_free_ char *entry = filter_entry_place(rule->filter, rule->entry);

	return xprintf("filter \"%s\", %s", rule->filter->name, entry);
}

static bool can_mark(const struct compile *c)
{
	return c->kernel->bridge_netfilter && c->kernel->inet_ct;
}

/* --- state --- */

static char *state_by_ct(unsigned states, enum ct_direction direction)
{
	static const char *const words[] = { "new", "established", "related", "invalid" };
	_cleanup_strv_ char **list = NULL;

	for (unsigned i = 0; i < ELEMENTS(words); i++)
		if (states & 1u << i)
			strv_add(&list, words[i]);

	_cleanup_free_ char *text = strv_join(list, ",");
	return xprintf("ct state %s %s", text,
		       direction == DIRECTION_ORIGINAL ? "ct direction original "
		       : direction == DIRECTION_REPLY  ? "ct direction reply "
						       : "");
}

/* The marks of connections in these states: as bits of enum mark_state. */
static unsigned marks_of(unsigned states, enum ct_direction direction)
{
	static const struct {
		unsigned state, original, reply;
	} marks[] = {
		{ FILTER_STATE_NEW, 1u << MARK_NEW, 0 },
		{ FILTER_STATE_ESTABLISHED, 1u << MARK_ESTABLISHED, 1u << MARK_ANSWER },
		{ FILTER_STATE_RELATED, 1u << MARK_RELATED, 1u << MARK_RELATED_ANSWER },
		{ FILTER_STATE_INVALID, 1u << MARK_INVALID, 0 },
	};
	unsigned ret = 0;

	for (size_t i = 0; i < ELEMENTS(marks); i++)
		if (states & marks[i].state)
			ret |= (direction == DIRECTION_REPLY ? 0 : marks[i].original) |
			       (direction == DIRECTION_ORIGINAL ? 0 : marks[i].reply);
	return ret;
}

/* As a range where they stand together: thousands of rules with a nameless set each take the kernel minutes. */
static char *state_by_mark(const struct compile *c, unsigned states, enum ct_direction direction)
{
	unsigned shift = mark_shift(c->kernel->mark_mask), marks = marks_of(states, direction);
	unsigned first = (unsigned)__builtin_ctz(marks), last = 31 - (unsigned)__builtin_clz(marks);
	_cleanup_strv_ char **list = NULL;

	if (first == last)
		return xprintf("meta mark & 0x%08x == 0x%08x ", 0xfu << shift, first << shift);
	if (marks == (2u << last) - (1u << first))
		return xprintf("meta mark & 0x%08x 0x%08x-0x%08x ", 0xfu << shift, first << shift, last << shift);
	for (unsigned i = first; i <= last; i++)
		if (marks & 1u << i)
			strv_addf(&list, "0x%08x", i << shift);

	_cleanup_free_ char *text = strv_join(list, ", ");
	return xprintf("meta mark & 0x%08x { %s } ", 0xfu << shift, text);
}

/* Ends with a blank; owned by the caller. NULL: the kernel cannot tell, and that is said. */
static char *state_text(struct compile *c, const struct filter_tree_rule *rule, unsigned states,
			enum ct_direction direction)
{
	c->program->connections = true;
	if (c->kernel->bridge_ct)
		return state_by_ct(states, direction);
	if (can_mark(c))
		return state_by_mark(c, states, direction);

	_cleanup_free_ char *place = place_of(rule);
	problems_add(c->problems, place,
		     "it looks at connections, which this kernel does not track for bridged frames "
		     "(NF_CONNTRACK_BRIDGE), and "
		     "br_netfilter is not there; statematch='false' does without");
	return NULL;
}

/* The condition on this side; "" for none, NULL when there is a problem. */
static char *condition_of(struct compile *c, const struct filter_tree_rule *rule,
			  const struct filter_standing *standing)
{
	return standing->states ? state_text(c, rule, standing->states, standing->direction) : xstrdup("");
}

/* --- the number of connections --- */

/* Which packets are counted and limited: those that begin a connection; where the guest only answers, those of a connection that is not
 * settled yet. One too many would otherwise stop all the others until the kernel has forgotten it. */
static const char *limited_packets(const struct filter_tree_rule *rule)
{
	return rule->rule->direction == FILTER_OUT ? "ct state new " : "ct status & assured == 0 ";
}

/* The kernel counts where it tracks; the answer is a bit of the mark. */
static char *limit_by_mark(struct compile *c, const struct filter_tree_rule *rule, const struct filter_standing *has,
			   const char *set, const char *count)
{
	unsigned shift = mark_shift(c->kernel->mark_mask), room = mark_bits(c->kernel->mark_mask) - MARK_STATE_BITS;
	_cleanup_free_ char *place = place_of(rule);

	if (c->limits >= room) {
		problems_add(c->problems, place,
			     "more than %u rules with connlimit-above: the mark has no bits for them", room);
		return NULL;
	}
	if (c->nic->number < 2 || c->nic->number >> room) {
		problems_add(c->problems, place, "connlimit-above: the mark has bits for %u NICs with it",
			     (1u << room) - 2);
		return NULL;
	}

	uint32_t bit = 1u << (shift + MARK_STATE_BITS + (unsigned)c->limits);
	_cleanup_free_ char *verdict = xprintf("meta mark set meta mark | 0x%08x", bit);
	_cleanup_free_ char *condition = xprintf("%sadd @%s { %s } ", limited_packets(rule), set, count);
	struct emission e = { .rule = rule,
			      .side = SIDE_FROM_GUEST,
			      .mirrored = rule->rule->direction != FILTER_OUT,
			      .guards = true,
			      .condition = condition,
			      .verdict = verdict,
			      .out = c->inet };

	e.without_mac = e.mirrored;
	strv_add(&c->program->inet_sets, set);
	compile_rule(c, &e);
	c->program->rules--;
	return xprintf("meta mark & 0x%08x %s 0x%08x ", bit, has->limit_negated ? "!=" : "==", bit);
}

static char *limit_text(struct compile *c, const struct filter_tree_rule *rule, const struct filter_standing *has)
{
	bool ipv4 = rule->nodes[0].protocol->family == FILTER_FAMILY_IPV4;
	_cleanup_free_ char *place = place_of(rule);
	_cleanup_free_ char *number = xprintf("%s%zu", ipv4 ? "four" : "six", c->limits);
	_cleanup_free_ char *set = compile_name("l", c->nic->interface, number);
	_cleanup_free_ char *count = NULL;
	char *text = NULL;

	if (!c->kernel->connlimit || (!c->kernel->bridge_ct && !can_mark(c))) {
		problems_add(c->problems, place,
			     "connlimit-above: this kernel cannot count the connections of bridged frames");
		return NULL;
	}
	if (has->limit->n != 1) {
		problems_add(c->problems, place, "connlimit-above cannot be a list");
		return NULL;
	}
	c->program->connections = true;
	count = xprintf("%s saddr ct count %s%" PRIu64, ipv4 ? "ip" : "ip6",
			c->kernel->bridge_ct && has->limit_negated ? "" : "over ", has->limit->values[0].number);
	if (c->kernel->bridge_ct) {
		strv_add(&c->program->sets, set);
		fprintf(c->sets, "\tset %s {\n\t\ttype %s; size 4096; flags dynamic;\n\t}\n", set,
			ipv4 ? "ipv4_addr" : "ipv6_addr");
		text = xprintf("%sadd @%s { %s } ", limited_packets(rule), set, count);
	} else {
		text = limit_by_mark(c, rule, has, set, count);
	}
	c->limits++;
	return text;
}

/* --- verdicts --- */

static const char *verdict_of(struct compile *c, const struct filter_tree_rule *rule, enum filter_side side)
{
	const char *word = compile_verdict(rule->rule->action);

	if (word)
		return word;
	if (side == SIDE_FROM_GUEST && c->kernel->bridge_reject)
		return "reject";
	if (c->kernel->bridge_netfilter && c->kernel->inet_reject) {
		c->program->connections = true;
		return "goto refuse";
	}

	_cleanup_free_ char *place = place_of(rule);
	_cleanup_free_ char *warning = xprintf("%s: nothing can be rejected here: it is dropped without a word", place);
	if (!strv_contains(c->program->warnings, warning))
		strv_add(&c->program->warnings, warning);
	return "drop";
}

static void network_rule(struct compile *c, const struct filter_tree_rule *rule, enum filter_side side, FILE *out)
{
	struct filter_standing has;
	size_t before = c->problems->n;

	if (compile_refused(c, rule) || !filter_rule_stands(rule, side, &has))
		return;

	_cleanup_free_ char *condition = has.limit ? limit_text(c, rule, &has) : condition_of(c, rule, &has);
	if (condition)
		compile_rule(c, &(struct emission){ .rule = rule,
						    .side = side,
						    .mirrored = has.mirrored,
						    .without_mac = has.without_mac,
						    .guards = true,
						    .condition = condition,
						    .verdict = verdict_of(c, rule, side),
						    .out = out });
	compile_refuse(c, rule, before);
}

void compile_network(struct compile *c, enum filter_side side, enum filter_family family, FILE *out)
{
	for (size_t i = 0; i < c->tree->n; i++) {
		const struct filter_tree_rule *rule = &c->tree->rules[i];

		if (filter_rule_layer(rule->rule) == FILTER_LAYER_NETWORK &&
		    filter_rule_protocol(rule->rule)->family == family)
			network_rule(c, rule, side, out);
	}
}
