/* Variables of a rule: what each attribute has for values at this place of the tree, and which of them walk in step. */
#include "vm/filter_tree_internal.h"

#include "base/strv.h"
#include "base/text.h"

/* One iterator of a rule while it is resolved. */
struct group {
	unsigned iterator;
	size_t length;
	const char *variable; /* the first that gave the length */
};

struct resolving {
	struct filter_tree_rule *rule;
	const struct scope *scope;
	char ***unset;
	struct problems *problems;
	const char *place;
	struct group *groups;
	size_t n_groups;
};

void tree_rule_clear(struct filter_tree_rule *rule)
{
	for (size_t i = 0; i < rule->n_nodes; i++) {
		struct filter_tree_node *node = &rule->nodes[i];

		for (size_t j = 0; j < node->n; j++) {
			for (size_t k = 0; k < node->operands[j].n; k++)
				filter_value_free(&node->operands[j].values[k]);
			free(node->operands[j].values);
		}
		free(node->operands);
	}
	free(rule->nodes);
	free(rule->groups);
}

static char **lookup(const struct scope *scope, const char *name)
{
	for (; scope; scope = scope->outer)
		for (size_t i = 0; i < scope->n; i++)
			if (streq(scope->parameters[i].name, name))
				return scope->parameters[i].values;
	return NULL;
}

/* The value's own text again: constants are copied by reading them. */
static bool read_value(struct resolving *r, const struct filter_protocol_row *protocol,
		       const struct filter_attribute_row *row, const char *variable, const char *text,
		       struct filter_value *ret)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	*ret = (struct filter_value){ 0 };
	if (filter_value_parse_constant(row, protocol, text, ret, &err) == 0)
		return true;
	if (variable)
		error_prefix(&err, "%s=\"$%s\"", row->name, variable);
	else
		error_prefix(&err, "%s", row->name);
	problems_add_error(r->problems, r->place, &err);
	return false;
}

/* Which group the variable walks with; its length has to be that of the others there. */
static int join_group(struct resolving *r, const struct filter_variable *variable, size_t length)
{
	for (size_t i = 0; i < r->n_groups; i++) {
		struct group *group = &r->groups[i];

		if (group->iterator != variable->number)
			continue;
		if (group->length != length) {
			problems_add(r->problems, r->place,
				     "\"$%s\" has %zu values and \"$%s\" has %zu: lists under one iterator must be "
				     "equally long",
				     group->variable, group->length, variable->name, length);
			return FILTER_NO_GROUP;
		}
		return (int)i;
	}
	grow_array(r->groups, r->n_groups);
	r->groups[r->n_groups] = (struct group){ variable->number, length, variable->name };
	return (int)r->n_groups++;
}

static void resolve_list(struct resolving *r, const struct filter_protocol_row *protocol,
			 const struct filter_attribute *attribute, char **values, struct filter_operand *operand)
{
	const struct filter_variable *variable = &attribute->value.variable;
	size_t n = strv_length(values), first = 0;

	if (variable->element && variable->number >= n) {
		problems_add(r->problems, r->place, "%s=\"%s\": \"%s\" has %zu value%s, counted from 0",
			     attribute->row->name, attribute->value.text, variable->name, n, n == 1 ? "" : "s");
		return;
	}
	if (variable->element) {
		first = variable->number;
		n = 1;
	} else {
		operand->group = join_group(r, variable, n);
	}
	operand->values = xcalloc(n ? n : 1, sizeof(*operand->values));
	/* One wrong value of a list is said, not a hundred thousand. */
	while (operand->n < n && read_value(r, protocol, attribute->row, variable->name, values[first + operand->n],
					    &operand->values[operand->n]))
		operand->n++;
}

static void resolve_attribute(struct resolving *r, const struct filter_protocol_row *protocol,
			      const struct filter_attribute *attribute, struct filter_operand *operand)
{
	*operand = (struct filter_operand){ .row = attribute->row, .group = FILTER_NO_GROUP };
	if (!filter_value_is_variable(&attribute->value)) {
		operand->values = xcalloc(1, sizeof(*operand->values));
		if (read_value(r, protocol, attribute->row, NULL, attribute->value.text, &operand->values[0]))
			operand->n = 1;
		return;
	}

	const char *name = attribute->value.variable.name;
	char **values = lookup(r->scope, name);

	if (values && *values) {
		resolve_list(r, protocol, attribute, values, operand);
		return;
	}
	problems_add(r->problems, r->place, "%s=\"%s\": the variable \"%s\" has no value", attribute->row->name,
		     attribute->value.text, name);
	if (!strv_contains(*r->unset, name))
		strv_add(r->unset, name);
}

/* --- repetitions --- */

struct position {
	char *text;
	size_t index;
};

static int compare_positions(const void *a, const void *b)
{
	const struct position *x = a, *y = b;
	int order = strcmp(x->text, y->text);

	return order ? order : x->index < y->index ? -1 : x->index > y->index;
}

/* What all operands of the group have at one position. */
static char *position_text(const struct filter_tree_rule *rule, int group, size_t index)
{
	_cleanup_strv_ char **texts = NULL;

	for (size_t i = 0; i < rule->n_nodes; i++)
		for (size_t j = 0; j < rule->nodes[i].n; j++)
			if (rule->nodes[i].operands[j].group == group)
				strv_add(&texts, rule->nodes[i].operands[j].values[index].text);
	return strv_join(texts, " ");
}

static void keep_positions(struct filter_tree_rule *rule, int group, const bool *repeated, size_t n)
{
	for (size_t i = 0; i < rule->n_nodes; i++) {
		for (size_t j = 0; j < rule->nodes[i].n; j++) {
			struct filter_operand *operand = &rule->nodes[i].operands[j];

			if (operand->group != group)
				continue;
			operand->n = 0;
			for (size_t k = 0; k < n; k++) {
				if (repeated[k])
					filter_value_free(&operand->values[k]);
				else
					operand->values[operand->n++] = operand->values[k];
			}
		}
	}
}

/* Equal combinations make one rule. Returns how many positions are left. */
static size_t drop_repetitions(struct filter_tree_rule *rule, int group, size_t n)
{
	struct position *positions = xcalloc(n, sizeof(*positions));
	bool *repeated = xcalloc(n, sizeof(*repeated));
	size_t left = n;

	for (size_t i = 0; i < n; i++)
		positions[i] = (struct position){ position_text(rule, group, i), i };
	qsort(positions, n, sizeof(*positions), compare_positions);
	for (size_t i = 1; i < n; i++) {
		if (!streq(positions[i].text, positions[i - 1].text))
			continue;
		repeated[positions[i].index] = true;
		left--;
	}
	if (left < n)
		keep_positions(rule, group, repeated, n);
	for (size_t i = 0; i < n; i++)
		free(positions[i].text);
	free(positions);
	free(repeated);
	return left;
}

static void close_groups(struct resolving *r)
{
	struct filter_tree_rule *rule = r->rule;
	double combinations = 1;

	for (size_t i = 0; i < r->n_groups; i++)
		combinations *= (double)r->groups[i].length;
	if (combinations > FILTER_COMBINATIONS_MAX) {
		problems_add(r->problems, r->place, "its lists make %.0f combinations, %d at most", combinations,
			     FILTER_COMBINATIONS_MAX);
		return;
	}
	rule->groups = xcalloc(r->n_groups ? r->n_groups : 1, sizeof(*rule->groups));
	for (size_t i = 0; i < r->n_groups; i++)
		rule->groups[rule->n_groups++] = drop_repetitions(rule, (int)i, r->groups[i].length);
}

void tree_resolve(struct filter_tree_rule *rule, const struct scope *scope, char ***unset, struct problems *problems)
{
	_cleanup_free_ char *place = tree_place(rule->filter, rule->entry);
	struct resolving r = { .rule = rule, .scope = scope, .unset = unset, .problems = problems, .place = place };
	size_t before = problems->n;

	rule->nodes = xcalloc(rule->rule->n_nodes ? rule->rule->n_nodes : 1, sizeof(*rule->nodes));
	for (size_t i = 0; i < rule->rule->n_nodes; i++) {
		const struct filter_node *node = &rule->rule->nodes[i];
		struct filter_tree_node *flat = &rule->nodes[rule->n_nodes++];

		*flat = (struct filter_tree_node){ .protocol = node->protocol, .negated = node->negated };
		flat->operands = xcalloc(node->n_attributes ? node->n_attributes : 1, sizeof(*flat->operands));
		for (size_t j = 0; j < node->n_attributes; j++)
			if (node->attributes[j].row->kind != FILTER_KIND_COMMENT)
				resolve_attribute(&r, node->protocol, &node->attributes[j], &flat->operands[flat->n++]);
	}
	if (problems->n == before)
		close_groups(&r);
	free(r.groups);
}
