/* Reading a filter from JSON: keys and scalars as text, into the model as the XML's attributes are. */
#include "vm/filter_json.h"

#include <inttypes.h>

#include "base/strv.h"
#include "base/text.h"
#include "filter_read.h"
#include "vm/filter_xml.h"

/* filter, entries, entry, rule, nodes, node, attributes. */
#define MAX_DEPTH 8

/* A scalar as the XML would have it; NULL and a problem for anything else. yes, no: what true and false are here. */
static char *scalar_text(struct filter_reading *reading, const char *key, const struct json *value, const char *yes,
			 const char *no)
{
	switch (json_type_of(value)) {
	case JSON_STRING:
		return xstrdup(json_string(value, ""));
	case JSON_INT:
		return xprintf("%" PRId64, json_int(value, 0));
	case JSON_BOOL:
		return xstrdup(json_bool(value, false) ? yes : no);
	case JSON_NULL:
	case JSON_DOUBLE:
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	_cleanup_free_ char *printable = text_printable(key, strlen(key), 64);
	filter_complain(reading, "%s: is %s, not text, a whole number or a boolean", printable,
			json_type_name(json_type_of(value)));
	return NULL;
}

static bool expect(struct filter_reading *reading, const char *key, const struct json *value, enum json_type type)
{
	if (json_type_of(value) == type)
		return true;
	filter_complain(reading, "%s: is %s, not %s", key, json_type_name(json_type_of(value)), json_type_name(type));
	return false;
}

static void read_comments(struct filter_reading *reading, const struct json *list, char ***ret)
{
	if (!expect(reading, "comments", list, JSON_ARRAY))
		return;
	for (size_t i = 0; i < json_length(list); i++)
		if (expect(reading, "comments", json_at(list, i), JSON_STRING) &&
		    filter_read_comment_text(reading, json_string(json_at(list, i), "")))
			strv_add(ret, json_string(json_at(list, i), ""));
}

/* {"tcp": {...}}: one protocol. */
static void read_node(struct filter_reading *reading, struct filter_rule *rule, const struct json *node_json)
{
	struct json_iter it = json_iter(node_json);
	struct filter_node *node;

	if (json_length(node_json) != 1 || !json_next(&it)) {
		filter_complain(reading, "a node is an object of one protocol: {\"tcp\": {\"dstportstart\": 22}}");
		return;
	}
	node = filter_read_node(reading, rule, it.key);
	if (!node || !expect(reading, it.key, it.value, JSON_OBJECT))
		return;
	for (struct json_iter a = json_iter(it.value); json_next(&a);) {
		bool match = streq(a.key, "match");
		_cleanup_free_ char *text =
			scalar_text(reading, a.key, a.value, match ? "yes" : "true", match ? "no" : "false");

		if (text)
			filter_read_node_key(reading, node, a.key, text);
	}
	filter_read_node_end(reading, node);
}

static void read_nodes(struct filter_reading *reading, struct filter_rule *rule, const struct json *nodes)
{
	const char *outer = reading->path;

	if (!expect(reading, "nodes", nodes, JSON_ARRAY))
		return;
	for (size_t i = 0; i < json_length(nodes); i++) {
		_cleanup_free_ char *path = xprintf("%s.nodes[%zu]", outer, i);

		reading->path = path;
		read_node(reading, rule, json_at(nodes, i));
		reading->path = outer;
	}
}

static void read_rule(struct filter_reading *reading, struct filter_rule *rule, const struct json *rule_json)
{
	unsigned required = 0;

	if (!expect(reading, "rule", rule_json, JSON_OBJECT))
		return;
	for (struct json_iter it = json_iter(rule_json); json_next(&it);) {
		if (streq(it.key, "nodes")) {
			read_nodes(reading, rule, it.value);
		} else if (streq(it.key, "comments")) {
			read_comments(reading, it.value, &rule->comments);
		} else {
			_cleanup_free_ char *text = scalar_text(reading, it.key, it.value, "true", "false");

			if (text)
				filter_read_rule_key(reading, rule, &required, it.key, text);
		}
	}
	filter_rule_complete(reading, required);
}

static void read_parameter_value(struct filter_reading *reading, struct filter_reference *reference, const char *name,
				 const struct json *value)
{
	_cleanup_free_ char *text = scalar_text(reading, name, value, "true", "false");

	if (text)
		filter_read_parameter(reading, reference, name, text);
}

static void read_parameters(struct filter_reading *reading, struct filter_reference *reference,
			    const struct json *parameters)
{
	if (!expect(reading, "parameters", parameters, JSON_OBJECT))
		return;
	for (struct json_iter it = json_iter(parameters); json_next(&it);) {
		if (json_type_of(it.value) != JSON_ARRAY) {
			read_parameter_value(reading, reference, it.key, it.value);
			continue;
		}
		if (json_length(it.value) == 0)
			filter_complain(reading, "%s: a list without a value", it.key);
		for (size_t i = 0; i < json_length(it.value); i++)
			read_parameter_value(reading, reference, it.key, json_at(it.value, i));
	}
}

static void read_reference(struct filter_reading *reading, struct filter_reference *reference,
			   const struct json *reference_json)
{
	static const char *const keys[] = { "filter", "parameters", "comments" };

	if (!expect(reading, "filterref", reference_json, JSON_OBJECT))
		return;
	for (struct json_iter it = json_iter(reference_json); json_next(&it);) {
		if (streq(it.key, "parameters"))
			read_parameters(reading, reference, it.value);
		else if (streq(it.key, "comments"))
			read_comments(reading, it.value, &reference->comments);
		else if (!streq(it.key, "filter"))
			filter_unknown(reading, "key", it.key, "filterref", keys, ELEMENTS(keys));
		else if (expect(reading, "filter", it.value, JSON_STRING))
			filter_read_reference(reading, reference, json_string(it.value, ""));
	}
	if (!json_get(reference_json, "filter"))
		filter_complain(reading, "\"filterref\" has no \"filter\"");
}

/* {"rule": ...}, {"filterref": ...} or {"comment": ...} */
static void read_entry(struct filter_reading *reading, struct filter *filter, const struct json *entry)
{
	static const char *const keys[] = { "rule", "filterref", "comment" };
	struct json_iter it = json_iter(entry);

	if (json_length(entry) != 1 || !json_next(&it)) {
		filter_complain(reading, "an entry is an object of one key: rule, filterref or comment");
	} else if (streq(it.key, "rule")) {
		read_rule(reading, &filter_add_entry(filter, FILTER_ENTRY_RULE, 0)->rule, it.value);
	} else if (streq(it.key, "filterref")) {
		read_reference(reading, &filter_add_entry(filter, FILTER_ENTRY_REFERENCE, 0)->reference, it.value);
	} else if (!streq(it.key, "comment")) {
		filter_unknown(reading, "key", it.key, "entries", keys, ELEMENTS(keys));
	} else if (expect(reading, it.key, it.value, JSON_STRING) &&
		   filter_read_comment_text(reading, json_string(it.value, ""))) {
		filter_add_entry(filter, FILTER_ENTRY_COMMENT, 0)->comment = xstrdup(json_string(it.value, ""));
	}
}

static void read_entries(struct filter_reading *reading, struct filter *filter, const struct json *entries)
{
	if (!expect(reading, "entries", entries, JSON_ARRAY))
		return;
	for (size_t i = 0; i < json_length(entries); i++) {
		_cleanup_free_ char *path = xprintf("entries[%zu]", i);

		reading->path = path;
		read_entry(reading, filter, json_at(entries, i));
		reading->path = "";
	}
}

static void read_filter(struct filter_reading *reading, struct filter *filter, const struct json *document)
{
	if (!expect(reading, "filter", document, JSON_OBJECT))
		return;
	for (struct json_iter it = json_iter(document); json_next(&it);) {
		if (streq(it.key, "entries")) {
			read_entries(reading, filter, it.value);
		} else if (streq(it.key, "comments")) {
			read_comments(reading, it.value, &filter->comments);
		} else {
			_cleanup_free_ char *text = scalar_text(reading, it.key, it.value, "true", "false");

			if (text)
				filter_read_filter_key(reading, filter, it.key, text);
		}
	}
	if (!json_get(document, "name"))
		filter_complain(reading, "\"filter\" has no \"name\"");
}

int filter_from_json(const char *text, size_t length, const char *what, struct filter **ret, struct error *err)
{
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_filter_ struct filter *filter = filter_new();
	_cleanup_json_ struct json *document = NULL;
	struct filter_reading reading = { .problems = &problems, .path = "" };

	if (json_parse(text, length, FILTER_MAX_BYTES, MAX_DEPTH, what, &document, err) < 0)
		return -1;
	read_filter(&reading, filter, document);
	if (problems_to_error(&problems, ERROR_SPEC, what, err) < 0)
		return -1;
	*ret = take_ptr(filter);
	return 0;
}

int filter_parse(const char *text, size_t length, const char *what, struct filter **ret, struct error *err)
{
	size_t i = 0;

	while (i < length && strchr(" \t\r\n", text[i]) && text[i])
		i++;
	if (i < length && (text[i] == '{' || text[i] == '['))
		return filter_from_json(text, length, what, ret, err);
	return filter_from_xml(text, length, what, ret, err);
}
