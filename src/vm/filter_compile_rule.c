/* One rule in nft's language: its matches in their order, for each combination of what its variables have. A list that stands in one
 * match alone becomes a set; lists that walk in step, or stand in a match that is negated, become a line for each position. */
#include <inttypes.h>

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_compile_internal.h"
#include "vm/filter_match.h"

/* From here on a set has a name, and is shared by the rules of the NIC: nameless ones cost the kernel time that grows with the square
 * of their number. */
#define NAMED_SET_MIN 2
/* So many ranges are rules, more are a set. */
#define RANGES_AS_RULES_MAX 32
#define COMMENT_MAX 128

struct line {
	struct compile *c;
	const struct emission *e;
	const char *place;
	size_t *positions;
	bool *as_set; /* by group */
	FILE *out;
	bool never; /* this combination matches nothing */
};

/* --- sets --- */

static const char *named_set(struct line *line, const struct match *match, const char *elements)
{
	struct compile *c = line->c;
	const char *type = match_set_type(match);
	_cleanup_free_ char *key = xprintf("%s %s", type, elements);

	for (size_t i = 0; i < c->n_known; i++)
		if (streq(c->known[i].key, key))
			return c->known[i].name;

	/* By what is in it: one that stays the same is left alone when rules are replaced. */
	_cleanup_free_ char *number = xprintf("%s-%016" PRIx64, type, text_hash(key, strlen(key)));
	char *name = compile_name("s", c->nic->interface, number);

	/* Without ranges it is a hash. */
	strv_add(&c->program->lists, name);
	strv_addf(&c->program->list_texts, "\tset %s {\n\t\ttype %s;%s\n\t\telements = { %s }\n\t}\n", name, type,
		  strpbrk(elements, "-/") ? " flags interval;" : "", elements);
	grow_array(c->known, c->n_known);
	c->known[c->n_known++] = (struct set_known){ take_ptr(key), name };
	return name;
}

static void put_set(struct line *line, const struct match *match)
{
	int group = match->first->group != FILTER_NO_GROUP ? match->first->group : match->second->group;
	size_t n = line->e->rule->groups[group];
	struct match_value *values = xcalloc(n, sizeof(*values));
	size_t *positions = line->positions;
	_cleanup_free_ char *elements = NULL;
	size_t size;

	for (size_t i = 0; i < n; i++) {
		positions[group] = i;
		if (!match_value(match, positions, line->place, &values[i], line->c->problems))
			line->never = true;
	}
	positions[group] = 0;
	n = match_merge(values, n);
	if (!match_is_everything(match, values, n)) {
		FILE *out = open_memstream(&elements, &size);
		if (!out)
			abort();
		match_print_elements(out, match, values, n);
		fclose(out);
		if (n >= NAMED_SET_MIN && match_set_type(match))
			fprintf(line->out, "%s @%s ", match->field, named_set(line, match, elements));
		else if (n > 1)
			fprintf(line->out, "%s { %s } ", match->field, elements);
		else
			fprintf(line->out, "%s %s ", match->field, elements);
	}
	free(values);
}

static void put_one(struct line *line, const struct match *match)
{
	struct match_value value;
	bool read = match_value(match, line->positions, line->place, &value, line->c->problems);
	bool everything = read && match_is_everything(match, &value, 1);

	if (!read || (everything && match->negated))
		line->never = true;
	else if (!everything)
		match_print(line->out, match, &value);
}

/* Whether all positions of the operand's values can be said in ranges. */
static bool all_in_ranges(const struct match *match)
{
	if (match->row->role != MATCH_MASK || !match->second)
		return true;
	for (size_t i = 0; i < match->second->n; i++)
		if (match->second->values[i].prefix < 0)
			return false;
	return true;
}

static bool can_be_set(const struct match *match, int group)
{
	bool first = match->first->group == group, second = match->second && match->second->group == group;

	if (match->negated || match->field[0] == '@' || (!first && !second) || !all_in_ranges(match))
		return false;
	/* The other half must not walk with another list. */
	return (first || match->first->group == FILTER_NO_GROUP) &&
	       (!match->second || second || match->second->group == FILTER_NO_GROUP);
}

/* --- what is no field --- */

static const struct filter_value *value_of(const struct line *line, const struct filter_operand *operand)
{
	return &operand->values[operand->group == FILTER_NO_GROUP ? 0 : line->positions[operand->group]];
}

/* Asked of a set that all NICs share: who is in the group changes, the rule does not. */
static void put_members(struct line *line, const struct filter_tree_node *node, const struct filter_operand *operand,
			const char *group)
{
	bool source = (operand->row->id == FILTER_ATTRIBUTE_SRCMEMBERS) != line->e->mirrored;
	_cleanup_free_ char *set = filter_group_set(group, node->protocol->family);

	fprintf(line->out, "%s %s @%s ", node->protocol->family == FILTER_FAMILY_IPV6 ? "ip6" : "ip",
		source ? "saddr" : "daddr", set);
	if (!strv_contains(line->c->program->groups, set))
		strv_add(&line->c->program->groups, set);
}

static void put_special(struct line *line, const struct filter_tree_node *node, const struct filter_operand *operand)
{
	const struct filter_value *value = value_of(line, operand);

	switch ((int)operand->row->id) {
	case FILTER_ATTRIBUTE_FLAGS:
		fprintf(line->out, "tcp flags & 0x%02" PRIx64 " %s 0x%02" PRIx64 " ", value->mask,
			node->negated ? "!=" : "==", value->number);
		break;
	case FILTER_ATTRIBUTE_OPTION:
		fprintf(line->out, "tcp option %" PRIu64 " %s ", value->number, node->negated ? "missing" : "exists");
		break;
	case FILTER_ATTRIBUTE_IPSET:
		problems_add(line->c->problems, line->place,
			     "there is no set \"%s\": sets of ipset cannot be used from nftables", value->text);
		break;
	case FILTER_ATTRIBUTE_SRCMEMBERS:
	case FILTER_ATTRIBUTE_DSTMEMBERS:
		put_members(line, node, operand, value->text);
		break;
	default:
		break;
	}
}

/* --- what tells the protocol --- */

static void put_guards(FILE *out, const struct filter_tree_rule *rule)
{
	const struct filter_protocol_row *protocol = filter_rule_protocol(rule->rule);

	if (!protocol)
		return;
	/* Later fragments have no ports; kernels were seen that take what stands there for some. */
	if (protocol->layer == FILTER_LAYER_NETWORK && protocol->family == FILTER_FAMILY_IPV4 &&
	    filter_rule_asks_transport(rule))
		fputs("ip frag-off & 0x1fff == 0 ", out);
	if (protocol->layer == FILTER_LAYER_NETWORK) {
		if (protocol->number >= 0)
			fprintf(out, "%s %d ", protocol->family == FILTER_FAMILY_IPV4 ? "ip protocol" : "meta l4proto",
				protocol->number);
		return;
	}
	/* A match of a layer above would look behind a VLAN tag if the type did not stand before it. */
	if (protocol->number > 0)
		fprintf(out, "ether type 0x%04x ", (unsigned)protocol->number);
	if (protocol->id == FILTER_PROTOCOL_IP && filter_rule_asks_transport(rule))
		fputs("ip frag-off & 0x1fff == 0 ", out);
	if (protocol->id == FILTER_PROTOCOL_STP)
		fputs("ether daddr 01:80:c2:00:00:00 ether type < 0x600 @nh,0,24 0x424203 ", out);
	/* Addresses stand where they are looked for only in a packet about IPv4 on Ethernet. */
	if (protocol->id == FILTER_PROTOCOL_ARP && filter_rule_asks_arp_addresses(rule))
		fputs("arp htype 1 arp ptype 0x0800 arp hlen 6 arp plen 4 ", out);
	if (protocol->id == FILTER_PROTOCOL_RARP && filter_rule_asks_arp_addresses(rule))
		fputs("@nh,0,48 0x000108000604 ", out);
}

/* --- a line --- */

static char *comment_of(const struct filter_tree_rule *rule)
{
	_cleanup_free_ char *place = filter_entry_place(rule->filter, rule->entry);
	char *comment = xprintf("%s, %s", rule->filter->name, place);

	for (char *s = comment; *s; s++)
		if (*s == '"' || *s == '\\' || (unsigned char)*s < ' ')
			*s = '?';
	if (strlen(comment) > COMMENT_MAX - 1)
		comment[COMMENT_MAX - 1] = '\0';
	return comment;
}

/* Two fields of a packet cannot be compared in nft's language: the sender's address goes into a set, the target's is looked up in it,
 * and it is taken out again. */
static void put_gratuitous(struct line *line, const char *matches, const char *end, bool negated)
{
	struct compile *c = line->c;
	const char *sender = "arp saddr ip", *target = "arp daddr ip";
	_cleanup_free_ char *set = compile_name("g", c->nic->interface, NULL);

	/* A set has to have a type, and bits have none. */
	if (line->e->rule->nodes[0].protocol->id == FILTER_PROTOCOL_RARP) {
		problems_add(c->problems, line->place, "gratuitous cannot be asked of RARP");
		return;
	}
	if (!strv_contains(c->program->sets, set)) {
		strv_add(&c->program->sets, set);
		fprintf(c->sets, "\tset %s {\n\t\ttype ipv4_addr; size 256; flags dynamic;\n\t}\n", set);
	}
	fprintf(line->e->out, "\t\t%sadd @%s { %s }\n", matches, set, sender);
	fprintf(line->e->out, "\t\t%s%s %s@%s delete @%s { %s } %s\n", matches, target, negated ? "!= " : "", set, set,
		sender, end);
	fprintf(line->e->out, "\t\t%sdelete @%s { %s }\n", matches, set, sender);
}

static void put_node(struct line *line, const struct filter_tree_node *node)
{
	for (size_t i = 0; i < node->n; i++) {
		const struct filter_operand *operand = &node->operands[i];
		struct match match;

		if (line->e->without_mac && operand->row->id == FILTER_ATTRIBUTE_SRCMACADDR)
			continue;
		if (!match_of(node, operand, line->e->mirrored, &match)) {
			put_special(line, node, operand);
			continue;
		}

		int group = operand->group != FILTER_NO_GROUP ? operand->group
			    : match.second                    ? match.second->group
							      : FILTER_NO_GROUP;
		if (group != FILTER_NO_GROUP && line->as_set[group])
			put_set(line, &match);
		else
			put_one(line, &match);
	}
}

static void put_line(struct line *line)
{
	const struct emission *e = line->e;
	_cleanup_free_ char *matches = NULL, *end = NULL, *comment = comment_of(e->rule);
	size_t size;
	bool negated;

	line->never = false;
	line->out = open_memstream(&matches, &size);
	if (!line->out)
		abort();
	if (e->guards)
		put_guards(line->out, e->rule);
	for (size_t i = 0; i < e->rule->n_nodes; i++)
		put_node(line, &e->rule->nodes[i]);
	fclose(line->out);
	if (line->never)
		return;
	end = xprintf("%scounter %s%scomment \"%s\"", e->condition, e->verdict, *e->verdict ? " " : "", comment);
	if (filter_rule_asks_gratuitous(e->rule, &negated))
		put_gratuitous(line, matches, end, negated);
	else
		fprintf(e->out, "\t\t%s%s\n", matches, end);
	line->c->program->rules++;
	if (line->c->program->rules == FILTER_TREE_RULES_MAX + 1)
		problems_add(line->c->problems, "", "the filter makes more than %d rules on a NIC",
			     FILTER_TREE_RULES_MAX);
}

/* --- combinations --- */

/* A group whose values stand in one match only, which can be a set. */
static bool group_is_set(const struct emission *e, int group)
{
	size_t matches = 0;

	for (size_t i = 0; i < e->rule->n_nodes; i++) {
		const struct filter_tree_node *node = &e->rule->nodes[i];

		for (size_t j = 0; j < node->n; j++) {
			struct match match;
			bool mine = node->operands[j].group == group;

			if (!match_of(node, &node->operands[j], e->mirrored, &match)) {
				/* Masks and ends belong to a match that is looked at by itself. */
				if (mine && (node->operands[j].row->needs == FILTER_ATTRIBUTE_NONE ||
					     node->operands[j].row->id == FILTER_ATTRIBUTE_IPSETFLAGS))
					return false;
				continue;
			}
			if (!mine && !(match.second && match.second->group == group))
				continue;
			if (++matches > 1 || !can_be_set(&match, group))
				return false;
		}
	}
	return matches == 1;
}

/* The one match of the group that can be a set. */
static bool set_match(const struct emission *e, int group, struct match *ret)
{
	for (size_t i = 0; i < e->rule->n_nodes; i++)
		for (size_t j = 0; j < e->rule->nodes[i].n; j++)
			if (match_of(&e->rule->nodes[i], &e->rule->nodes[i].operands[j], e->mirrored, ret) &&
			    can_be_set(ret, group))
				return true;
	return false;
}

/* Sets of ranges were seen (Linux 6.18) to miss what is in them for a moment after a transaction has put them there: a frame in ten
 * thousand was lost where rules were replaced all the time. Sets of single values were not. */
static bool has_ranges(const struct line *line, int group)
{
	_cleanup_problems_ struct problems ignored = { 0 };
	struct match match;
	struct match_value value;
	bool ranges = false;

	if (!set_match(line->e, group, &match))
		return false;
	for (size_t i = 0; i < line->e->rule->groups[group] && !ranges; i++) {
		line->positions[group] = i;
		ranges = match_value(&match, line->positions, line->place, &value, &ignored) &&
			 memcmp(value.low, value.high, sizeof(value.low)) != 0;
	}
	line->positions[group] = 0;
	return ranges;
}

static bool next_combination(struct line *line)
{
	const struct filter_tree_rule *rule = line->e->rule;

	for (size_t i = 0; i < rule->n_groups; i++) {
		if (line->as_set[i])
			continue;
		if (++line->positions[i] < rule->groups[i])
			return true;
		line->positions[i] = 0;
	}
	return false;
}

void compile_rule(struct compile *c, const struct emission *emission)
{
	const struct filter_tree_rule *rule = emission->rule;
	_cleanup_free_ char *entry = filter_entry_place(rule->filter, rule->entry);
	_cleanup_free_ char *place = xprintf("filter \"%s\", %s", rule->filter->name, entry);
	_cleanup_free_ size_t *positions = xcalloc(rule->n_groups + 1, sizeof(*positions));
	_cleanup_free_ bool *as_set = xcalloc(rule->n_groups + 1, sizeof(*as_set));
	struct line line = { .c = c, .e = emission, .place = place, .positions = positions, .as_set = as_set };
	size_t before = c->problems->n;

	for (size_t i = 0; i < rule->n_groups; i++)
		as_set[i] = rule->groups[i] > 1 && group_is_set(emission, (int)i) &&
			    (rule->groups[i] > RANGES_AS_RULES_MAX || !has_ranges(&line, (int)i));
	do {
		put_line(&line);
	} while (c->problems->n == before && next_combination(&line));
}
