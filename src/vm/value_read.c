/* Reading one value of a table row from JSON: a function a kind, each complete (type, form, range) before
 * it touches the target. */
#include "vm/value_read.h"

#include <ctype.h>
#include <string.h>

#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"

#define TEXT_MAX 4096

bool value_refuse(struct problems *problems, const char *path, const char *text, const char *what)
{
	_cleanup_free_ char *shown = text_printable(text, strlen(text), 80);
	problems_add(problems, path, "\"%s\" %s", shown, what);
	return false;
}

bool value_refuse_type(const struct json *j, const char *wanted, const char *path, struct problems *problems)
{
	if (json_type_of(j) == JSON_NULL)
		problems_add(problems, path, "must be %s, not null; leave the key out for its default", wanted);
	else
		problems_add(problems, path, "must be %s, not %s", wanted, json_type_name(json_type_of(j)));
	return false;
}

bool value_set_text(void *target, const char *text)
{
	text_replace(target, text);
	return true;
}

static bool has_control(const char *s, const char *allowed)
{
	for (; *s; s++)
		if (((unsigned char)*s < 0x20 || *s == 0x7f) && !strchr(allowed, *s))
			return true;
	return false;
}

/* The string behind j when it is one of bearable length without control characters; else NULL and a problem. */
static const char *plain_text(const struct value_rule *rule, const struct json *j, const char *allowed,
			      const char *path, struct problems *problems)
{
	size_t max = rule->max > 0 ? (size_t)rule->max : TEXT_MAX;
	const char *s = json_string(j, NULL);
	if (!s) {
		value_refuse_type(j, "text", path, problems);
		return NULL;
	}
	if (strlen(s) > max) {
		problems_add(problems, path, "is %zu bytes long; at most %zu are allowed", strlen(s), max);
		return NULL;
	}
	if (has_control(s, allowed)) {
		value_refuse(problems, path, s, "has control characters");
		return NULL;
	}
	return s;
}

static bool read_bool(const struct value_rule *rule, const struct json *j, void *target, const char *path,
		      struct problems *problems)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	const char *s = json_string(j, NULL);
	if (json_type_of(j) == JSON_BOOL) {
		*(bool *)target = json_bool(j, false);
		return true;
	}
	if (!rule->tolerant || !s)
		return value_refuse_type(j, "true or false", path, problems);
	if (parse_bool(s, "value", target, &err) == 0)
		return true;
	return value_refuse(problems, path, s, "is neither true nor false");
}

/* An integer as such or, where the rule is tolerant, as text. */
static bool integer_of(const struct value_rule *rule, const struct json *j, int64_t *ret, const char *path,
		       struct problems *problems)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	const char *s = json_string(j, NULL);
	if (json_type_of(j) == JSON_INT) {
		*ret = json_int(j, 0);
		return true;
	}
	if (json_type_of(j) == JSON_DOUBLE) {
		_cleanup_free_ char *shown = json_to_text(j);
		problems_add(problems, path, "must be a whole number, not %s", shown);
		return false;
	}
	if (!rule->tolerant || !s)
		return value_refuse_type(j, s ? "a whole number, without quotes and unit" : "a whole number", path,
					 problems);
	if (parse_int(s, "value", INT64_MIN, INT64_MAX, ret, &err) == 0)
		return true;
	return value_refuse(problems, path, s, "is no whole number");
}

static bool read_int(const struct value_rule *rule, const struct json *j, void *target, const char *path,
		     struct problems *problems)
{
	int64_t n = 0;
	if (!integer_of(rule, j, &n, path, problems))
		return false;
	if (rule->choices) {
		_cleanup_strv_ char **words = value_words(rule->choices);
		_cleanup_free_ char *text = xprintf("%lld", (long long)n);
		if (!strv_contains(words, text)) {
			problems_add(problems, path, "%s is none of %s", text, rule->choices);
			return false;
		}
	} else if (n < rule->min || n > rule->max) {
		problems_add(problems, path, "%lld is out of range (%lld to %lld)", (long long)n, (long long)rule->min,
			     (long long)rule->max);
		return false;
	}
	*(int64_t *)target = n;
	return true;
}

static bool read_text(const struct value_rule *rule, const struct json *j, void *target, const char *path,
		      struct problems *problems)
{
	const char *s = plain_text(rule, j, "", path, problems);
	return s && value_set_text(target, s);
}

static bool read_prose(const struct value_rule *rule, const struct json *j, void *target, const char *path,
		       struct problems *problems)
{
	const char *s = plain_text(rule, j, "\n\t", path, problems);
	return s && value_set_text(target, s);
}

static bool read_path(const struct value_rule *rule, const struct json *j, void *target, const char *path,
		      struct problems *problems)
{
	const char *s = plain_text(rule, j, "", path, problems);
	if (!s)
		return false;
	if (*s && *s != '/')
		return value_refuse(problems, path, s, "is no absolute path");
	return value_set_text(target, s);
}

/* The index of the word among the choices, or -1 and a problem. */
static int choose(const struct value_rule *rule, const char *word, const char *path, struct problems *problems)
{
	_cleanup_strv_ char **words = value_words(rule->choices);
	_cleanup_free_ char *shown = text_printable(word, strlen(word), 80);
	size_t n = strv_length(words), empty = n > 0 && !*words[0];
	for (size_t i = 0; i < n; i++)
		if (streq(words[i], word))
			return (int)i;

	_cleanup_free_ char *list = strv_join(words + empty, ", ");
	const char *nearest = text_nearest(word, (const char *const *)words + empty, n - empty);
	problems_add(problems, path, "\"%s\" is none of %s%s%s%s%s", shown, list, empty ? ", or empty" : "",
		     nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
	return -1;
}

static bool read_choice(const struct value_rule *rule, const struct json *j, void *target, const char *path,
			struct problems *problems)
{
	const char *s = json_string(j, NULL);
	if (!s)
		return value_refuse_type(j, "text", path, problems);
	return choose(rule, s, path, problems) >= 0 && value_set_text(target, s);
}

/* A choice that is kept as the index of its word; a word "true" or "false" may be a JSON boolean. */
static int read_index(const struct value_rule *rule, const struct json *j, const char *path, struct problems *problems)
{
	const char *s = json_string(j, NULL);
	if (json_type_of(j) == JSON_BOOL)
		s = json_bool(j, false) ? "true" : "false";
	if (s)
		return choose(rule, s, path, problems);
	value_refuse_type(j, "text", path, problems);
	return -1;
}

static bool read_enum(const struct value_rule *rule, const struct json *j, void *target, const char *path,
		      struct problems *problems)
{
	int index = read_index(rule, j, path, problems);
	if (index >= 0)
		*(int *)target = index;
	return index >= 0;
}

static bool read_flag(const struct value_rule *rule, const struct json *j, void *target, const char *path,
		      struct problems *problems)
{
	int index = read_index(rule, j, path, problems);
	if (index >= 0)
		*(bool *)target = index == 1;
	return index >= 0;
}

static bool read_object(const struct value_rule *rule, const struct json *j, void *target, const char *path,
			struct problems *problems)
{
	(void)rule;
	struct json **object = target;
	if (json_type_of(j) != JSON_OBJECT)
		return value_refuse_type(j, "an object", path, problems);
	json_free(*object);
	*object = json_copy(j);
	return true;
}

static bool read_seconds(const struct value_rule *rule, const struct json *j, void *target, const char *path,
			 struct problems *problems)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	enum json_type type = json_type_of(j);
	if (type != JSON_INT && type != JSON_DOUBLE && type != JSON_STRING)
		return value_refuse_type(j, "a number of seconds", path, problems);
	_cleanup_free_ char *text = type == JSON_STRING ? xstrdup(json_string(j, "")) : json_to_text(j);
	int64_t ms = 0;
	if (parse_seconds(text, "value", &ms, &err) < 0)
		return value_refuse(problems, path, text, "is no time; write seconds, or \"90s\", \"2m\", \"1h\"");
	if (ms < rule->min || ms > rule->max) {
		problems_add(problems, path, "%s is out of range (%g to %g seconds)", text, (double)rule->min / 1000,
			     (double)rule->max / 1000);
		return false;
	}
	*(int64_t *)target = ms;
	return true;
}

/* "64K", "1M", "2G", "65536" in bytes. */
static bool size_of(const char *text, int64_t *ret)
{
	static const char units[] = "KMG";
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *digits = xstrdup(text);
	size_t length = strlen(digits);
	const char *unit = length > 0 ? strchr(units, toupper((unsigned char)digits[length - 1])) : NULL;
	int shift = 0;
	if (unit && *unit) {
		shift = 10 * (int)(unit - units + 1);
		digits[length - 1] = '\0';
	}
	int64_t n = 0;
	if (parse_int(digits, "value", 0, INT64_MAX >> shift, &n, &err) < 0)
		return false;
	*ret = n << shift;
	return true;
}

static bool read_size(const struct value_rule *rule, const struct json *j, void *target, const char *path,
		      struct problems *problems)
{
	const char *s = json_string(j, NULL);
	int64_t bytes = 0;
	if (s && !size_of(s, &bytes))
		return value_refuse(problems, path, s, "is no size; write bytes, or \"64K\", \"1M\", \"2G\"");
	if (!s && json_type_of(j) != JSON_INT)
		return value_refuse_type(j, "a size", path, problems);
	if (!s)
		bytes = json_int(j, 0);
	if (bytes < rule->min || bytes > rule->max) {
		problems_add(problems, path, "%lld bytes is out of range (%lld to %lld)", (long long)bytes,
			     (long long)rule->min, (long long)rule->max);
		return false;
	}
	*(int64_t *)target = bytes;
	return true;
}

static bool read_refused(const struct value_rule *rule, const struct json *j, void *target, const char *path,
			 struct problems *problems)
{
	(void)j;
	(void)target;
	problems_add(problems, path, "%s", rule->choices);
	return false;
}

static value_read_fn *const readers[VALUE_KIND_MAX] = {
	[VALUE_BOOL] = read_bool,
	[VALUE_INT] = read_int,
	[VALUE_TEXT] = read_text,
	[VALUE_PATH] = read_path,
	[VALUE_CHOICE] = read_choice,
	[VALUE_ENUM] = read_enum,
	[VALUE_FLAG] = read_flag,
	[VALUE_PROSE] = read_prose,
	[VALUE_UUID] = value_read_uuid,
	[VALUE_MAC] = value_read_mac,
	[VALUE_MAC_PREFIX] = value_read_mac_prefix,
	[VALUE_IP4] = value_read_address,
	[VALUE_IP6] = value_read_address,
	[VALUE_SUBNET4] = value_read_subnet,
	[VALUE_SUBNET6] = value_read_subnet,
	[VALUE_WORDS] = value_read_words,
	[VALUE_TAGS] = value_read_tags,
	[VALUE_OBJECT] = read_object,
	[VALUE_FILTER] = value_read_filter,
	[VALUE_SECONDS] = read_seconds,
	[VALUE_SIZE] = read_size,
	[VALUE_REFUSED] = read_refused,
};

bool value_read(const struct value_rule *rule, const struct json *j, void *target, const char *path,
		struct problems *problems)
{
	return readers[rule->kind] && readers[rule->kind](rule, j, target, path, problems);
}
