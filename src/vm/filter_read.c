/* Keys and values of a filter's definition into the model; what XML and JSON share. */
#include "filter_read.h"

#include <stdarg.h>

#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"

enum { HAS_ACTION = 1, HAS_DIRECTION = 2 };

static void complain(struct filter_reading *reading, const char *words)
{
	_cleanup_free_ char *line = reading->path ? NULL : xprintf("line %d", reading->line);

	if (reading->problems->n < FILTER_PROBLEMS_MAX)
		problems_add(reading->problems, line ? line : reading->path, "%s", words);
	else if (reading->problems->n == FILTER_PROBLEMS_MAX)
		problems_add(reading->problems, line ? line : reading->path, "and more from here on");
}

void filter_complain(struct filter_reading *reading, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	_cleanup_free_ char *words = xvprintf(format, ap);
	va_end(ap);
	complain(reading, words);
}

/* The error's words; the hint in brackets. */
static void complain_error(struct filter_reading *reading, const char *key, const struct error *err)
{
	if (err->hint)
		filter_complain(reading, "%s: %s (%s)", key, err->message, err->hint);
	else
		filter_complain(reading, "%s: %s", key, err->message);
}

void filter_unknown(struct filter_reading *reading, const char *kind, const char *key, const char *where,
		    const char *const *names, size_t n)
{
	_cleanup_free_ char *printable = text_printable(key, strlen(key), 64);
	const char *nearest = text_nearest(key, names, n);

	if (nearest)
		filter_complain(reading, "\"%s\" is no %s of \"%s\": did you mean \"%s\"?", printable, kind, where,
				nearest);
	else
		filter_complain(reading, "\"%s\" is no %s of \"%s\"", printable, kind, where);
}

/* --- the filter --- */

/* Libvirt takes 500 for what it cannot read: here it is a mistake. */
static bool read_priority(struct filter_reading *reading, const char *text, int *ret)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	int64_t priority;

	if (parse_int(text, "priority", FILTER_PRIORITY_MIN, FILTER_PRIORITY_MAX, &priority, &err) < 0) {
		filter_complain(reading, "%s", err.message);
		return false;
	}
	*ret = (int)priority;
	return true;
}

void filter_read_filter_key(struct filter_reading *reading, struct filter *filter, const char *key, const char *text)
{
	static const char *const keys[] = { "name", "chain", "priority", "uuid" };
	_cleanup_error_ struct error err = ERROR_INIT;

	if (streq(key, "name")) {
		if (filter_name_is_valid(text, &err))
			text_replace(&filter->name, text);
		else
			complain_error(reading, key, &err);
	} else if (streq(key, "chain")) {
		if (filter_set_chain(filter, text, &err) < 0)
			complain_error(reading, key, &err);
	} else if (streq(key, "priority")) {
		if (read_priority(reading, text, &filter->priority))
			filter->has_priority = true;
	} else if (streq(key, "uuid")) {
		_cleanup_free_ char *trimmed = text_trim(text);

		if (parse_uuid(trimmed, "uuid", filter->uuid, &err) < 0)
			filter_complain(reading, "%s", err.message);
	} else {
		filter_unknown(reading, "attribute", key, "filter", keys, ELEMENTS(keys) - 1);
	}
}

/* --- rules --- */

static void read_statematch(struct filter_reading *reading, struct filter_rule *rule, const char *text)
{
	rule->stateless = streq(text, "false") || streq(text, "0");
	if (!rule->stateless && !streq(text, "true") && !streq(text, "1") && !streq(text, "yes"))
		filter_complain(reading, "statematch: \"%s\" is not true, yes, 1, false or 0%s", text,
				streq(text, "no") ? " (libvirt takes \"no\" for true)" : "");
}

void filter_read_rule_key(struct filter_reading *reading, struct filter_rule *rule, unsigned *required, const char *key,
			  const char *text)
{
	static const char *const keys[] = { "action", "direction", "priority", "statematch" };

	if (streq(key, "action")) {
		int action = filter_action_from_string(text);

		*required |= HAS_ACTION;
		if (action < 0)
			filter_complain(reading, "action: \"%s\" is not drop, accept, reject, return or continue",
					text);
		else
			rule->action = (enum filter_action)action;
	} else if (streq(key, "direction")) {
		int direction = filter_direction_from_string(text);

		*required |= HAS_DIRECTION;
		if (direction < 0)
			filter_complain(reading, "direction: \"%s\" is not in, out or inout", text);
		else
			rule->direction = (enum filter_direction)direction;
	} else if (streq(key, "priority")) {
		read_priority(reading, text, &rule->priority);
	} else if (streq(key, "statematch")) {
		read_statematch(reading, rule, text);
	} else {
		filter_unknown(reading, "attribute", key, "rule", keys, ELEMENTS(keys));
	}
}

void filter_rule_complete(struct filter_reading *reading, unsigned required)
{
	if (!(required & HAS_ACTION))
		filter_complain(reading, "\"rule\" has no \"action\"");
	if (!(required & HAS_DIRECTION))
		filter_complain(reading, "\"rule\" has no \"direction\"");
}

/* --- nodes --- */

struct filter_node *filter_read_node(struct filter_reading *reading, struct filter_rule *rule, const char *protocol)
{
	const struct filter_protocol_row *row = filter_protocol_by_name(protocol);

	if (!row) {
		const char *names[FILTER_PROTOCOL_MAX];

		for (size_t i = 0; i < FILTER_PROTOCOL_MAX; i++)
			names[i] = filter_protocols[i].name;
		filter_unknown(reading, "protocol", protocol, "rule", names, FILTER_PROTOCOL_MAX);
		return NULL;
	}
	if (rule->n_nodes && rule->nodes[0].protocol != row) {
		filter_complain(reading, "\"%s\" beside \"%s\": a rule has one protocol; write two rules", protocol,
				rule->nodes[0].protocol->name);
		return NULL;
	}
	return filter_rule_add_node(rule, row, reading->line);
}

static void unknown_attribute(struct filter_reading *reading, const struct filter_node *node, const char *key)
{
	const char *names[FILTER_ATTRIBUTE_MAX];
	size_t n = 0;

	for (size_t i = 0; i < FILTER_ATTRIBUTE_MAX; i++)
		if (filter_protocol_has(node->protocol, (enum filter_attribute_id)i))
			names[n++] = filter_attributes[i].name;
	filter_unknown(reading, "attribute", key, node->protocol->name, names, n);
}

void filter_read_node_key(struct filter_reading *reading, struct filter_node *node, const char *key, const char *text)
{
	const struct filter_attribute_row *row = filter_attribute_by_name(node->protocol, key);
	_cleanup_error_ struct error err = ERROR_INIT;
	struct filter_value value;

	if (streq(key, "match")) {
		node->negated = streq(text, "no");
		if (!node->negated && !streq(text, "yes"))
			filter_complain(reading, "match: \"%s\" is neither yes nor no", text);
	} else if (!row) {
		unknown_attribute(reading, node, key);
	} else if (filter_node_value(node, row->id)) {
		filter_complain(reading, "\"%s\" stands twice in \"%s\"", row->name, node->protocol->name);
	} else if (filter_value_parse(row, node->protocol, text, &value, &err) < 0) {
		complain_error(reading, key, &err);
	} else {
		filter_node_add(node, row, &value);
	}
}

/* --- references --- */

void filter_read_reference(struct filter_reading *reading, struct filter_reference *reference, const char *filter)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (filter_name_is_valid(filter, &err))
		text_replace(&reference->filter, filter);
	else
		complain_error(reading, "filter", &err);
}

void filter_read_parameter(struct filter_reading *reading, struct filter_reference *reference, const char *name,
			   const char *text)
{
	_cleanup_free_ char *printable = text_printable(text, strlen(text), 80);

	if (!filter_variable_name_is_valid(name))
		filter_complain(reading, "\"%s\" is no name of a variable: letters, digits and '_'", name);
	else if (!filter_variable_value_is_valid(text))
		filter_complain(reading, "%s: \"%s\" is no value of a variable: letters, digits, '_', '.' and ':'",
				name, printable);
	else
		strv_add(&filter_reference_parameter(reference, name)->values, text);
}

bool filter_read_comment_text(struct filter_reading *reading, const char *text)
{
	size_t n = strlen(text);
	bool good = !strstr(text, "--") && (n == 0 || text[n - 1] != '-');

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\t' && text[i] != '\n')
			good = false;
	if (!good)
		filter_complain(
			reading,
			"a comment has \"--\", '-' at its end, or control characters: it cannot be written as XML");
	return good;
}
