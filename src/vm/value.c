/* A typed value of a table row: its default, its end, its JSON and its text. */
#include "vm/value.h"

#include <stdlib.h>

#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"
#include "vm/value_read.h"

char **value_words(const char *choices)
{
	_cleanup_strv_ char **parts = strv_split(choices, ' ');
	char **words = NULL;
	for (size_t i = 0; parts && parts[i]; i++)
		strv_add(&words, streq(parts[i], "\"\"") ? "" : parts[i]);
	return words;
}

/* The index of a default's word; a row whose default is none of its choices is caught by the table test. */
static int word_index(const struct value_rule *rule, const char *word)
{
	_cleanup_strv_ char **words = value_words(rule->choices);
	for (int i = 0; words && words[i]; i++)
		if (streq(words[i], word))
			return i;
	return 0;
}

static char *word_at(const struct value_rule *rule, int index)
{
	_cleanup_strv_ char **words = value_words(rule->choices);
	return xstrdup(index >= 0 && (size_t)index < strv_length(words) ? words[index] : "");
}

/* A row's own text; one that is no number is caught by the table test. */
static int64_t number_of(const char *text)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	int64_t n = 0;
	return parse_int(text, "default", INT64_MIN, INT64_MAX, &n, &err) < 0 ? 0 : n;
}

void value_default(const struct value_rule *rule, const char *text, void *target)
{
	switch (rule->kind) {
	case VALUE_BOOL:
		*(bool *)target = streq(text, "true");
		break;
	case VALUE_INT:
	case VALUE_SECONDS:
	case VALUE_SIZE:
		*(int64_t *)target = number_of(text);
		break;
	case VALUE_ENUM:
		*(int *)target = word_index(rule, text);
		break;
	case VALUE_FLAG:
		*(bool *)target = word_index(rule, text) == 1;
		break;
	case VALUE_TEXT:
	case VALUE_PATH:
	case VALUE_CHOICE:
	case VALUE_PROSE:
	case VALUE_UUID:
	case VALUE_MAC:
	case VALUE_MAC_PREFIX:
	case VALUE_IP4:
	case VALUE_IP6:
	case VALUE_SUBNET4:
	case VALUE_SUBNET6:
	case VALUE_WORDS:
		*(char **)target = xstrdup(text);
		break;
	case VALUE_TAGS:
	case VALUE_OBJECT:
	case VALUE_FILTER:
		*(void **)target = NULL;
		break;
	case VALUE_TABLE:
	case VALUE_PART:
	case VALUE_REFUSED:
	case VALUE_KIND_MAX:
		break;
	}
}

/* Kinds whose member is a char *. */
static bool is_textual(enum value_kind kind)
{
	return kind == VALUE_TEXT || kind == VALUE_PATH || kind == VALUE_CHOICE ||
	       (kind >= VALUE_PROSE && kind <= VALUE_WORDS);
}

/* The pointer is reset, too: a target that is cleared twice does no harm. */
void value_free(const struct value_rule *rule, void *target)
{
	if (is_textual(rule->kind)) {
		free(*(char **)target);
		*(char **)target = NULL;
	} else if (rule->kind == VALUE_TAGS) {
		strv_free(*(char ***)target);
		*(char ***)target = NULL;
	} else if (rule->kind == VALUE_OBJECT) {
		json_free(*(struct json **)target);
		*(struct json **)target = NULL;
	} else if (rule->kind == VALUE_FILTER) {
		value_filter_free(target);
	}
}

static struct json *tags_to_json(char *const *tags)
{
	struct json *array = json_new_array();
	for (size_t i = 0; tags && tags[i]; i++)
		json_append_string(array, tags[i]);
	return array;
}

static struct json *object_to_json(const struct json *object)
{
	return object ? json_copy(object) : json_new_object();
}

/* Whole seconds as an integer, else as "1.5s", which is what the reader takes back exactly. */
static struct json *seconds_to_json(int64_t ms)
{
	if (ms % 1000 == 0)
		return json_new_int(ms / 1000);
	_cleanup_free_ char *text = xprintf("%lld.%03ds", (long long)(ms / 1000), (int)(ms % 1000));
	return json_new_string(text);
}

struct json *value_to_json(const struct value_rule *rule, const void *target)
{
	_cleanup_free_ char *word = NULL;
	if (is_textual(rule->kind))
		return json_new_string(*(char *const *)target ? *(char *const *)target : "");
	switch ((int)rule->kind) {
	case VALUE_BOOL:
		return json_new_bool(*(const bool *)target);
	case VALUE_INT:
	case VALUE_SIZE:
		return json_new_int(*(const int64_t *)target);
	case VALUE_SECONDS:
		return seconds_to_json(*(const int64_t *)target);
	case VALUE_ENUM:
		word = word_at(rule, *(const int *)target);
		return json_new_string(word);
	case VALUE_FLAG:
		word = word_at(rule, *(const bool *)target ? 1 : 0);
		return json_new_string(word);
	case VALUE_TAGS:
		return tags_to_json(*(char *const *const *)target);
	case VALUE_OBJECT:
		return object_to_json(*(struct json *const *)target);
	case VALUE_FILTER:
		return value_filter_to_json(target);
	default:
		return NULL;
	}
}

struct json *value_default_json(const struct value_rule *rule, const char *text)
{
	union {
		bool flag;
		int index;
		int64_t number;
		void *pointer;
	} value = { .number = 0 };
	if (!text)
		return NULL;
	value_default(rule, text, &value);
	struct json *j = value_to_json(rule, &value);
	value_free(rule, &value);
	return j;
}

char *value_text(const struct value_rule *rule, const void *target)
{
	_cleanup_json_ struct json *j = value_to_json(rule, target);
	return json_type_of(j) == JSON_STRING ? xstrdup(json_string(j, "")) : json_to_text(j);
}
