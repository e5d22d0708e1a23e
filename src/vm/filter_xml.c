/* Reading a filter from XML: libxml2's events (kvmctl-filter.so), one after the other, into the model. */
#include "vm/filter_xml.h"

#include "base/module.h"
#include "base/strv.h"
#include "base/text.h"
#include "filter_module.h"
#include "filter_read.h"

/* The deepest: filter, rule, a protocol; and one more, for a mistake there to be named. */
#define MAX_DEPTH 8
#define UUID_TEXT_MAX 100

enum place { PLACE_OUTSIDE, PLACE_FILTER, PLACE_UUID, PLACE_RULE, PLACE_NODE, PLACE_REFERENCE, PLACE_PARAMETER };

struct xml_reader {
	struct filter_reading reading;
	struct filter *filter;
	enum place place;
	int skipped; /* levels below an element that is unknown */
	bool done;   /* the filter's end was there */
	bool has_uuid;
	char uuid[UUID_TEXT_MAX + 1];
	size_t uuid_length;
};

static struct filter_entry *last_entry(struct xml_reader *x)
{
	return &x->filter->entries[x->filter->n_entries - 1];
}

static struct filter_node *last_node(struct xml_reader *x)
{
	struct filter_rule *rule = &last_entry(x)->rule;

	return &rule->nodes[rule->n_nodes - 1];
}

/* Skips the element that has begun, with all that is in it. */
static void skip(struct xml_reader *x)
{
	x->skipped = 1;
}

static void unknown_element(struct xml_reader *x, const char *name, const char *where, const char *const *names,
			    size_t n)
{
	filter_unknown(&x->reading, "element", name, where, names, n);
	skip(x);
}

/* --- elements that begin --- */

static void open_root(struct xml_reader *x, const char *name, const char *const *attributes)
{
	bool named = false;

	if (!streq(name, "filter")) {
		filter_complain(&x->reading, "\"%s\" is no \"filter\"", name);
		skip(x);
		return;
	}
	x->place = PLACE_FILTER;
	for (; *attributes; attributes += 2) {
		named = named || streq(attributes[0], "name");
		if (streq(attributes[0], "uuid")) /* it has an element of its own */
			filter_complain(&x->reading, "\"uuid\" is no attribute of \"filter\": it is an element in it");
		else
			filter_read_filter_key(&x->reading, x->filter, attributes[0], attributes[1]);
	}
	if (!named)
		filter_complain(&x->reading, "\"filter\" has no \"name\"");
}

static void open_rule(struct xml_reader *x, const char *const *attributes)
{
	struct filter_entry *entry = filter_add_entry(x->filter, FILTER_ENTRY_RULE, x->reading.line);
	unsigned required = 0;

	x->place = PLACE_RULE;
	for (; *attributes; attributes += 2)
		filter_read_rule_key(&x->reading, &entry->rule, &required, attributes[0], attributes[1]);
	filter_rule_complete(&x->reading, required);
}

static void open_reference(struct xml_reader *x, const char *const *attributes)
{
	static const char *const keys[] = { "filter" };
	struct filter_reference *reference =
		&filter_add_entry(x->filter, FILTER_ENTRY_REFERENCE, x->reading.line)->reference;
	bool named = false;

	x->place = PLACE_REFERENCE;
	for (; *attributes; attributes += 2) {
		if (streq(attributes[0], "filter")) {
			filter_read_reference(&x->reading, reference, attributes[1]);
			named = true;
		} else {
			filter_unknown(&x->reading, "attribute", attributes[0], "filterref", keys, ELEMENTS(keys));
		}
	}
	if (!named)
		filter_complain(&x->reading, "\"filterref\" has no \"filter\"");
}

static void open_in_filter(struct xml_reader *x, const char *name, const char *const *attributes)
{
	static const char *const names[] = { "rule", "filterref", "uuid" };

	if (streq(name, "rule")) {
		open_rule(x, attributes);
	} else if (streq(name, "filterref")) {
		open_reference(x, attributes);
	} else if (streq(name, "uuid")) {
		if (x->has_uuid)
			filter_complain(&x->reading, "\"uuid\" stands twice");
		if (*attributes)
			filter_unknown(&x->reading, "attribute", attributes[0], "uuid", NULL, 0);
		x->has_uuid = true;
		x->uuid_length = 0;
		x->place = PLACE_UUID;
	} else {
		unknown_element(x, name, "filter", names, ELEMENTS(names));
	}
}

static void open_node(struct xml_reader *x, const char *name, const char *const *attributes)
{
	struct filter_node *node = filter_read_node(&x->reading, &last_entry(x)->rule, name);

	if (!node) {
		skip(x);
		return;
	}
	x->place = PLACE_NODE;
	for (; *attributes; attributes += 2)
		filter_read_node_key(&x->reading, node, attributes[0], attributes[1]);
}

static void open_parameter(struct xml_reader *x, const char *element, const char *const *attributes)
{
	static const char *const elements[] = { "parameter" }, *const keys[] = { "name", "value" };
	const char *name = NULL, *value = NULL;

	if (!streq(element, "parameter")) {
		unknown_element(x, element, "filterref", elements, ELEMENTS(elements));
		return;
	}
	x->place = PLACE_PARAMETER;
	for (; *attributes; attributes += 2) {
		if (streq(attributes[0], "name"))
			name = attributes[1];
		else if (streq(attributes[0], "value"))
			value = attributes[1];
		else
			filter_unknown(&x->reading, "attribute", attributes[0], "parameter", keys, ELEMENTS(keys));
	}
	if (name && value)
		filter_read_parameter(&x->reading, &last_entry(x)->reference, name, value);
	else
		filter_complain(&x->reading, "\"parameter\" has no \"%s\"", name ? "value" : "name");
}

static void open_element(void *data, int line, const char *name, const char *const *attributes)
{
	static const char *const in_place[] = {
		[PLACE_UUID] = "uuid", [PLACE_NODE] = "a protocol", [PLACE_PARAMETER] = "parameter"
	};
	struct xml_reader *x = data;

	x->reading.line = line;
	if (x->skipped) {
		x->skipped++;
		return;
	}
	switch (x->place) {
	case PLACE_OUTSIDE:
		open_root(x, name, attributes);
		break;
	case PLACE_FILTER:
		open_in_filter(x, name, attributes);
		break;
	case PLACE_RULE:
		open_node(x, name, attributes);
		break;
	case PLACE_REFERENCE:
		open_parameter(x, name, attributes);
		break;
	case PLACE_UUID:
	case PLACE_NODE:
	case PLACE_PARAMETER:
		unknown_element(x, name, in_place[x->place], NULL, 0);
		break;
	}
}

/* --- and what else there is --- */

static void close_element(void *data)
{
	struct xml_reader *x = data;
	enum place left = x->place;

	if (x->skipped) {
		x->skipped--;
		return;
	}
	x->place = left == PLACE_NODE ? PLACE_RULE : left == PLACE_PARAMETER ? PLACE_REFERENCE : PLACE_FILTER;
	if (left == PLACE_FILTER) {
		x->done = true;
		x->place = PLACE_OUTSIDE;
	} else if (left == PLACE_NODE) {
		filter_read_node_end(&x->reading, last_node(x));
	} else if (left == PLACE_UUID) {
		x->uuid[x->uuid_length] = '\0';
		filter_read_filter_key(&x->reading, x->filter, "uuid", x->uuid);
	}
}

static void uuid_text(struct xml_reader *x, const char *text, size_t length)
{
	if (length > UUID_TEXT_MAX - x->uuid_length)
		length = UUID_TEXT_MAX - x->uuid_length;
	memcpy(x->uuid + x->uuid_length, text, length);
	x->uuid_length += length;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The line is that of the text's end. */
static void stray_text(struct xml_reader *x, const char *text, size_t length)
{
	size_t begin = 0, end = length;

	while (begin < length && is_blank(text[begin]))
		begin++;
	if (begin == length)
		return;
	for (size_t i = begin; i < length; i++)
		x->reading.line -= text[i] == '\n';
	while (is_blank(text[end - 1]))
		end--;
	_cleanup_free_ char *printable = text_printable(text + begin, end - begin, 40);
	filter_complain(&x->reading, "text where none belongs: \"%s\"", printable);
}

static void text_between(void *data, int line, const char *text, size_t length)
{
	struct xml_reader *x = data;

	x->reading.line = line;
	if (x->skipped)
		return;
	if (x->place == PLACE_UUID) {
		uuid_text(x, text, length);
		return;
	}
	stray_text(x, text, length);
}

static void comment(void *data, int line, const char *text)
{
	struct xml_reader *x = data;
	struct filter_entry *entry = x->filter->n_entries ? last_entry(x) : NULL;

	if (x->skipped)
		return;
	if (x->place == PLACE_OUTSIDE && !x->done)
		strv_add(&x->filter->comments, text);
	else if (x->place == PLACE_RULE || x->place == PLACE_NODE)
		strv_add(&entry->rule.comments, text);
	else if (x->place == PLACE_REFERENCE || x->place == PLACE_PARAMETER)
		strv_add(&entry->reference.comments, text);
	else
		filter_add_entry(x->filter, FILTER_ENTRY_COMMENT, line)->comment = xstrdup(text);
}

static void wrong(void *data, int line, const char *message)
{
	struct xml_reader *x = data;
	_cleanup_free_ char *printable = text_printable(message, strlen(message), 200);

	x->reading.line = line;
	filter_complain(&x->reading, "%s", printable);
}

static int load_module(const struct filter_module **ret, struct error *err)
{
	const struct filter_module *module;
	const void *symbol;

	if (module_load("filter", "filter_module", &symbol, err) < 0)
		return -1;
	module = symbol;
	if (module->version != FILTER_MODULE_VERSION)
		return error_set(err, ERROR_HOST, "\"kvmctl-filter.so\" belongs to another version of kvmctl");
	*ret = module;
	return 0;
}

int filter_from_xml(const char *text, size_t length, const char *what, struct filter **ret, struct error *err)
{
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_filter_ struct filter *filter = filter_new();
	struct xml_reader x = { .reading.problems = &problems, .filter = filter };
	const struct filter_xml_sink sink = { &x, open_element, close_element, text_between, comment, wrong };
	const struct filter_module *module;

	if (length > FILTER_MAX_BYTES)
		return error_set(err, ERROR_SPEC, "%s: %zu bytes are more than %d", what, length, FILTER_MAX_BYTES);
	if (load_module(&module, err) < 0)
		return -1;
	module->read_xml(text, length, MAX_DEPTH, &sink);
	if (!x.done && problems.n == 0)
		filter_complain(&x.reading, "there is no filter in it");
	if (problems_to_error(&problems, ERROR_SPEC, what, err) < 0)
		return -1;
	*ret = take_ptr(filter);
	return 0;
}
