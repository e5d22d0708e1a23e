/* Writing a filter as JSON. */
#include "vm/filter_json.h"

#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"

static void put_comments(struct json *object, char *const *comments)
{
	struct json *list;

	if (!comments)
		return;
	list = json_new_array();
	for (; *comments; comments++)
		json_append_string(list, *comments);
	json_put(object, "comments", list);
}

/* Decimal numbers as such; what was written in hex or as a word stays text. */
static struct json *value_to_json(const struct filter_attribute *attribute)
{
	const struct filter_value *value = &attribute->value;
	enum filter_kind kind = attribute->row->kind;
	bool is_number = kind == FILTER_KIND_NUMBER || kind == FILTER_KIND_ADDRESS_MASK;

	if (filter_value_is_variable(value))
		return json_new_string(value->text);
	if (kind == FILTER_KIND_BOOLEAN)
		return json_new_bool(value->number);
	if (is_number && !value->text[strspn(value->text, "0123456789")])
		return json_new_int(kind == FILTER_KIND_NUMBER ? (int64_t)value->number : value->prefix);
	return json_new_string(value->text);
}

static struct json *rule_to_json(const struct filter_rule *rule)
{
	struct json *object = json_new_object(), *nodes = json_new_array();

	json_put_string(object, "action", filter_action_to_string(rule->action));
	json_put_string(object, "direction", filter_direction_to_string(rule->direction));
	json_put_int(object, "priority", rule->priority);
	json_put_bool(object, "statematch", !rule->stateless);
	for (size_t i = 0; i < rule->n_nodes; i++) {
		const struct filter_node *node = &rule->nodes[i];
		struct json *attributes = json_new_object(), *node_json = json_new_object();

		if (node->negated)
			json_put_bool(attributes, "match", false);
		for (size_t k = 0; k < node->n_attributes; k++)
			json_put(attributes, node->attributes[k].row->name, value_to_json(&node->attributes[k]));
		json_put(node_json, node->protocol->name, attributes);
		json_append(nodes, node_json);
	}
	json_put(object, "nodes", nodes);
	put_comments(object, rule->comments);
	return object;
}

static struct json *reference_to_json(const struct filter_reference *reference)
{
	struct json *object = json_new_object(), *parameters = json_new_object();

	json_put_string(object, "filter", reference->filter);
	for (size_t i = 0; i < reference->n_parameters; i++) {
		const struct filter_parameter *parameter = &reference->parameters[i];
		struct json *list = NULL;

		if (strv_length(parameter->values) == 1) {
			json_put_string(parameters, parameter->name, parameter->values[0]);
			continue;
		}
		list = json_new_array();
		for (char *const *value = parameter->values; *value; value++)
			json_append_string(list, *value);
		json_put(parameters, parameter->name, list);
	}
	json_put(object, "parameters", parameters);
	put_comments(object, reference->comments);
	return object;
}

static struct json *entry_to_json(const struct filter_entry *entry)
{
	struct json *object = json_new_object();

	switch (entry->kind) {
	case FILTER_ENTRY_RULE:
		json_put(object, "rule", rule_to_json(&entry->rule));
		break;
	case FILTER_ENTRY_REFERENCE:
		json_put(object, "filterref", reference_to_json(&entry->reference));
		break;
	case FILTER_ENTRY_COMMENT:
		json_put_string(object, "comment", entry->comment);
		break;
	}
	return object;
}

struct json *filter_to_json(const struct filter *filter)
{
	struct json *object = json_new_object(), *entries = json_new_array();

	json_put_string(object, "name", filter->name);
	if (*filter->uuid)
		json_put_string(object, "uuid", filter->uuid);
	if (filter->has_chain)
		json_put_string(object, "chain", filter->chain);
	if (filter->has_priority)
		json_put_int(object, "priority", filter->priority);
	put_comments(object, filter->comments);
	for (size_t i = 0; i < filter->n_entries; i++)
		json_append(entries, entry_to_json(&filter->entries[i]));
	json_put(object, "entries", entries);
	return object;
}
