/* The parsed filter: making it, looking at it, comparing two. */
#include "vm/filter_model.h"

#include "base/strv.h"
#include "base/text.h"

/* Longer prefixes need not come first: none begins another. */
static const struct {
	const char *name;
	int priority;
} chains[] = { { "mac", -800 },  { "stp", -810 },  { "vlan", -750 }, { "arp", -500 },
	       { "rarp", -400 }, { "ipv4", -700 }, { "ipv6", -600 } };

static const char *const actions[FILTER_ACTION_MAX] = { "drop", "accept", "reject", "return", "continue" };
static const char *const directions[FILTER_DIRECTION_MAX] = { "in", "out", "inout" };

static int index_of(const char *const *names, int n, const char *s)
{
	for (int i = 0; i < n; i++)
		if (streq(names[i], s))
			return i;
	return -1;
}

const char *filter_action_to_string(enum filter_action action)
{
	return actions[action];
}

const char *filter_direction_to_string(enum filter_direction direction)
{
	return directions[direction];
}

int filter_action_from_string(const char *s)
{
	return index_of(actions, FILTER_ACTION_MAX, s);
}

int filter_direction_from_string(const char *s)
{
	return index_of(directions, FILTER_DIRECTION_MAX, s);
}

/* --- making --- */

struct filter *filter_new(void)
{
	struct filter *filter = xcalloc(1, sizeof(*filter));

	memcpy(filter->chain, "root", 5);
	return filter;
}

static void node_free(struct filter_node *node)
{
	for (size_t i = 0; i < node->n_attributes; i++)
		filter_value_free(&node->attributes[i].value);
	free(node->attributes);
}

void filter_parameters_free(struct filter_parameter *parameters, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(parameters[i].name);
		strv_free(parameters[i].values);
	}
	free(parameters);
}

void filter_reference_clear(struct filter_reference *reference)
{
	filter_parameters_free(reference->parameters, reference->n_parameters);
	free(reference->filter);
	strv_free(reference->comments);
	*reference = (struct filter_reference){ 0 };
}

static void entry_free(struct filter_entry *entry)
{
	switch (entry->kind) {
	case FILTER_ENTRY_RULE:
		for (size_t i = 0; i < entry->rule.n_nodes; i++)
			node_free(&entry->rule.nodes[i]);
		free(entry->rule.nodes);
		strv_free(entry->rule.comments);
		break;
	case FILTER_ENTRY_REFERENCE:
		filter_reference_clear(&entry->reference);
		break;
	case FILTER_ENTRY_COMMENT:
		free(entry->comment);
		break;
	}
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	for (size_t i = 0; i < filter->n_entries; i++)
		entry_free(&filter->entries[i]);
	free(filter->entries);
	free(filter->name);
	strv_free(filter->comments);
	strv_free(filter->places);
	free(filter);
}

void filter_free_ptr(struct filter **filter)
{
	filter_free(*filter);
}

struct filter_entry *filter_add_entry(struct filter *filter, enum filter_entry_kind kind, int line)
{
	grow_array(filter->entries, filter->n_entries);
	struct filter_entry *entry = &filter->entries[filter->n_entries++];

	*entry = (struct filter_entry){ .kind = kind, .line = line };
	if (kind == FILTER_ENTRY_RULE)
		entry->rule.priority = FILTER_RULE_PRIORITY;
	return entry;
}

struct filter_node *filter_rule_add_node(struct filter_rule *rule, const struct filter_protocol_row *protocol, int line)
{
	grow_array(rule->nodes, rule->n_nodes);
	struct filter_node *node = &rule->nodes[rule->n_nodes++];

	*node = (struct filter_node){ .protocol = protocol, .line = line };
	return node;
}

void filter_node_add(struct filter_node *node, const struct filter_attribute_row *row, struct filter_value *value)
{
	grow_array(node->attributes, node->n_attributes);
	node->attributes[node->n_attributes++] = (struct filter_attribute){ row, *value };
	*value = (struct filter_value){ 0 };
}

struct filter_parameter *filter_parameters_get(struct filter_parameter **parameters, size_t *n, const char *name)
{
	for (size_t i = 0; i < *n; i++)
		if (streq((*parameters)[i].name, name))
			return &(*parameters)[i];
	grow_array(*parameters, *n);
	struct filter_parameter *parameter = &(*parameters)[(*n)++];

	*parameter = (struct filter_parameter){ .name = xstrdup(name) };
	return parameter;
}

int filter_parameters_from_words(char *const *words, struct filter_parameter **ret, size_t *ret_n, struct error *err)
{
	for (; words && *words; words++) {
		const char *equals = strchr(*words, '=');
		_cleanup_free_ char *name = xstrndup(*words, strcspn(*words, "="));

		if (!equals || !filter_variable_name_is_valid(name))
			return error_set(err, ERROR_USAGE, "\"%s\" is no parameter: NAME=VALUE", *words);
		if (!filter_variable_value_is_valid(equals + 1))
			return error_set(err, ERROR_USAGE,
					 "\"%s\" is no value of a parameter: letters, digits, \"_\", \".\", \":\"",
					 equals + 1);
		strv_add(&filter_parameters_get(ret, ret_n, name)->values, equals + 1);
	}
	return 0;
}

struct filter_parameter *filter_reference_parameter(struct filter_reference *reference, const char *name)
{
	return filter_parameters_get(&reference->parameters, &reference->n_parameters, name);
}

/* --- looking --- */

const struct filter_value *filter_node_value(const struct filter_node *node, enum filter_attribute_id id)
{
	for (size_t i = 0; i < node->n_attributes; i++)
		if (node->attributes[i].row->id == id)
			return &node->attributes[i].value;
	return NULL;
}

char *filter_entry_place(const struct filter *filter, size_t entry)
{
	int line = filter->entries[entry].line;

	if (filter->places)
		return xstrdup(filter->places[entry]);
	return line > 0 ? xprintf("line %d", line) : xprintf("entries[%zu]", entry);
}

bool filter_name_is_valid(const char *name, struct error *err)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:+@-");

	if (n > 0 && n <= FILTER_NAME_MAX && !name[n] && *name != '.' && *name != '-')
		return true;
	_cleanup_free_ char *printable = text_printable(name, strlen(name), 80);
	error_set(err, ERROR_SPEC, "\"%s\" is no name of a filter", printable);
	error_hint(err, "1 to %d letters, digits and _ . : + @ -, the first neither '.' nor '-'", FILTER_NAME_MAX);
	return false;
}

/* --- chains --- */

const char *filter_chain_prefix(const char *chain)
{
	for (size_t i = 0; i < ELEMENTS(chains); i++)
		if (starts_with(chain, chains[i].name))
			return chains[i].name;
	return "root";
}

int filter_chain_default_priority(const char *chain)
{
	for (size_t i = 0; i < ELEMENTS(chains); i++)
		if (starts_with(chain, chains[i].name))
			return chains[i].priority;
	return 0;
}

int filter_set_chain(struct filter *filter, const char *chain, struct error *err)
{
	size_t n = strspn(chain, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-");

	if (n == 0 || chain[n] || n > FILTER_CHAIN_MAX ||
	    (!streq(chain, "root") && streq(filter_chain_prefix(chain), "root"))) {
		_cleanup_free_ char *printable = text_printable(chain, strlen(chain), 40);

		error_set(err, ERROR_SPEC, "\"%s\" is no name of a chain", printable);
		return error_hint(err,
				  "root, or mac, stp, vlan, arp, rarp, ipv4, ipv6 with anything after it "
				  "(\"arp-mac\"), at most %d "
				  "letters, digits and _ . : -",
				  FILTER_CHAIN_MAX);
	}
	memcpy(filter->chain, chain, n + 1);
	filter->has_chain = true;
	if (!filter->has_priority)
		filter->priority = filter_chain_default_priority(chain);
	return 0;
}

/* --- comparing --- */

static bool strv_equal(char *const *a, char *const *b)
{
	size_t n = strv_length(a);

	if (n != strv_length(b))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!streq(a[i], b[i]))
			return false;
	return true;
}

static bool node_equal(const struct filter_node *a, const struct filter_node *b)
{
	if (a->protocol != b->protocol || a->negated != b->negated || a->n_attributes != b->n_attributes)
		return false;
	for (size_t i = 0; i < a->n_attributes; i++)
		if (a->attributes[i].row != b->attributes[i].row ||
		    !streq(a->attributes[i].value.text, b->attributes[i].value.text))
			return false;
	return true;
}

static bool rule_equal(const struct filter_rule *a, const struct filter_rule *b)
{
	if (a->action != b->action || a->direction != b->direction || a->priority != b->priority ||
	    a->stateless != b->stateless || a->n_nodes != b->n_nodes || !strv_equal(a->comments, b->comments))
		return false;
	for (size_t i = 0; i < a->n_nodes; i++)
		if (!node_equal(&a->nodes[i], &b->nodes[i]))
			return false;
	return true;
}

static bool reference_equal(const struct filter_reference *a, const struct filter_reference *b)
{
	if (!streq(a->filter, b->filter) || a->n_parameters != b->n_parameters || !strv_equal(a->comments, b->comments))
		return false;
	for (size_t i = 0; i < a->n_parameters; i++)
		if (!streq(a->parameters[i].name, b->parameters[i].name) ||
		    !strv_equal(a->parameters[i].values, b->parameters[i].values))
			return false;
	return true;
}

static bool entry_equal(const struct filter_entry *a, const struct filter_entry *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == FILTER_ENTRY_RULE)
		return rule_equal(&a->rule, &b->rule);
	if (a->kind == FILTER_ENTRY_REFERENCE)
		return reference_equal(&a->reference, &b->reference);
	return streq(a->comment, b->comment);
}

bool filter_equal(const struct filter *a, const struct filter *b)
{
	if (!streq(a->name, b->name) || !streq(a->uuid, b->uuid) || !streq(a->chain, b->chain) ||
	    a->priority != b->priority || a->has_chain != b->has_chain || a->has_priority != b->has_priority ||
	    a->n_entries != b->n_entries || !strv_equal(a->comments, b->comments))
		return false;
	for (size_t i = 0; i < a->n_entries; i++)
		if (!entry_equal(&a->entries[i], &b->entries[i]))
			return false;
	return true;
}
