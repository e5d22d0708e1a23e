/* What a rule says about a value, told to a JSON Schema validator and to people. */
#include "vm/value.h"

#include "base/strv.h"
#include "base/text.h"
#include "vm/value_read.h"

#define BOOL_PATTERN "^(true|false|yes|no|on|off|1|0)$"
#define UUID_PATTERN "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})?$"
#define MAC_PATTERN "^([0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5})?$"
#define MAC_PREFIX_PATTERN "^([0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){2})?$"
#define SUBNET_PATTERN "^([0-9a-fA-F.:]+/[0-9]+)?$"
#define WORD_PATTERN "^[A-Za-z0-9_.+*/:@-]{1,128}$"

/* {"type": TYPE}, or {"type": [TYPE, "string"], "pattern": PATTERN} where text is taken, too. */
static struct json *number_or_text(const char *type, bool text, const char *pattern)
{
	struct json *schema = json_new_object();
	if (!text) {
		json_put_string(schema, "type", type);
		return schema;
	}
	struct json *types = json_new_array();
	json_append_string(types, type);
	json_append_string(types, "string");
	json_put(schema, "type", types);
	json_put_string(schema, "pattern", pattern);
	return schema;
}

static struct json *text_schema(const char *pattern)
{
	struct json *schema = json_new_object();
	json_put_string(schema, "type", "string");
	if (pattern)
		json_put_string(schema, "pattern", pattern);
	return schema;
}

static struct json *array_schema(struct json *items)
{
	struct json *schema = json_new_object();
	json_put_string(schema, "type", "array");
	json_put(schema, "items", items);
	return schema;
}

/* Words as strings; for numbers as numbers and, where text is taken, as text; true and false as booleans, too. */
static struct json *choices_schema(const struct value_rule *rule)
{
	_cleanup_strv_ char **words = value_words(rule->choices);
	bool numbers = rule->kind == VALUE_INT;
	struct json *schema = json_new_object(), *list = json_new_array();
	for (size_t i = 0; words && words[i]; i++) {
		if (numbers)
			json_append(list, value_default_json(rule, words[i]));
		if (!numbers || rule->tolerant)
			json_append_string(list, words[i]);
		if (rule->kind == VALUE_ENUM && (streq(words[i], "true") || streq(words[i], "false")))
			json_append(list, json_new_bool(streq(words[i], "true")));
	}
	json_put(schema, "enum", list);
	return schema;
}

static struct json *integer_schema(const struct value_rule *rule)
{
	struct json *schema = number_or_text("integer", rule->tolerant, "^-?[0-9]+$");
	json_put_int(schema, "minimum", rule->min);
	json_put_int(schema, "maximum", rule->max);
	return schema;
}

static struct json *reference_schema(const char *name)
{
	struct json *schema = json_new_object();
	bool array = ends_with(name, "[]");
	_cleanup_free_ char *part = xstrndup(name, strlen(name) - (array ? 2 : 0));
	json_put_stringf(schema, "$ref", "#/$defs/%s", part);
	return array ? array_schema(schema) : schema;
}

static struct json *words_schema(void)
{
	struct json *schema = json_new_object(), *either = json_new_array();
	json_append(either, text_schema(NULL));
	json_append(either, array_schema(text_schema(WORD_PATTERN)));
	json_put(schema, "anyOf", either);
	return schema;
}

static struct json *refused_schema(void)
{
	struct json *schema = json_new_object();
	json_put(schema, "not", json_new_object());
	return schema;
}

static struct json *bounded_text_schema(const struct value_rule *rule)
{
	struct json *schema = text_schema(NULL);
	json_put_int(schema, "maxLength", rule->max > 0 ? rule->max : 4096);
	return schema;
}

struct json *value_schema(const struct value_rule *rule)
{
	switch ((int)rule->kind) {
	case VALUE_BOOL:
		return number_or_text("boolean", rule->tolerant, BOOL_PATTERN);
	case VALUE_INT:
		return rule->choices ? choices_schema(rule) : integer_schema(rule);
	case VALUE_CHOICE:
	case VALUE_ENUM:
	case VALUE_FLAG:
		return choices_schema(rule);
	case VALUE_PATH:
		return text_schema("^(/.*)?$");
	case VALUE_UUID:
		return text_schema(UUID_PATTERN);
	case VALUE_MAC:
		return text_schema(MAC_PATTERN);
	case VALUE_MAC_PREFIX:
		return text_schema(MAC_PREFIX_PATTERN);
	case VALUE_SUBNET4:
	case VALUE_SUBNET6:
		return text_schema(SUBNET_PATTERN);
	case VALUE_WORDS:
		return words_schema();
	case VALUE_TAGS:
		return array_schema(text_schema(WORD_PATTERN));
	case VALUE_OBJECT: {
		struct json *schema = json_new_object();
		json_put_string(schema, "type", "object");
		return schema;
	}
	case VALUE_FILTER:
		return value_filter_schema();
	case VALUE_SECONDS:
		return number_or_text("number", true, "^[0-9]+(\\.[0-9]+)?[smh]?$");
	case VALUE_SIZE:
		return number_or_text("integer", true, "^[0-9]+[kKmMgG]?$");
	case VALUE_TABLE:
	case VALUE_PART:
		return reference_schema(rule->choices);
	case VALUE_REFUSED:
		return refused_schema();
	default: /* VALUE_TEXT, VALUE_PROSE, VALUE_IP4, VALUE_IP6 */
		return bounded_text_schema(rule);
	}
}

/* "a, b or c"; an empty word is called "empty" and comes last. */
static char *choices_text(const char *choices)
{
	_cleanup_strv_ char **words = value_words(choices);
	_cleanup_free_ char *text = xstrdup("");
	bool empty = words && !*words[0];
	for (size_t i = empty ? 1 : 0; words && words[i]; i++) {
		const char *joint = !*text ? "" : !words[i + 1] && !empty ? " or " : ", ";
		char *longer = xprintf("%s%s%s", text, joint, words[i]);
		free(text);
		text = longer;
	}
	return empty ? xprintf("%s or empty", text) : take_ptr(text);
}

char *value_kind_text(const struct value_rule *rule)
{
	static const char *const names[VALUE_KIND_MAX] = {
		[VALUE_BOOL] = "true or false",
		[VALUE_TEXT] = "text",
		[VALUE_PATH] = "absolute path",
		[VALUE_PROSE] = "text, may have several lines",
		[VALUE_UUID] = "UUID",
		[VALUE_MAC] = "MAC address",
		[VALUE_MAC_PREFIX] = "three octets of a MAC address",
		[VALUE_IP4] = "IPv4 address",
		[VALUE_IP6] = "IPv6 address",
		[VALUE_SUBNET4] = "IPv4 subnet",
		[VALUE_SUBNET6] = "IPv6 subnet",
		[VALUE_WORDS] = "array of words",
		[VALUE_TAGS] = "array of words",
		[VALUE_OBJECT] = "object",
		[VALUE_FILTER] = "name, or object of name and parameters",
		[VALUE_SECONDS] = "seconds",
		[VALUE_SIZE] = "bytes, or text as 64K, 1M, 2G",
		[VALUE_TABLE] = "object",
		[VALUE_REFUSED] = "not in this version",
	};
	if (rule->kind == VALUE_INT && !rule->choices)
		return xprintf("%lld to %lld", (long long)rule->min, (long long)rule->max);
	if (rule->kind == VALUE_PART && !rule->choices)
		return xstrdup("text or whole number");
	if (rule->kind == VALUE_PART)
		return xstrdup(ends_with(rule->choices, "[]") ? "array of objects" : "object");
	if (rule->kind == VALUE_INT || rule->kind == VALUE_CHOICE || rule->kind == VALUE_ENUM ||
	    rule->kind == VALUE_FLAG)
		return choices_text(rule->choices);
	return xstrdup(names[rule->kind]);
}
