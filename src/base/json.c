/* The one door to json-c (with json_read.c behind it). */
#include "base/json.h"

#include <math.h>

#include "base/json_read.h"
#include "base/text.h"

/* json-c takes no const; none of its readers changes anything but a cached text. */
static struct json_object *object_of(const struct json *j)
{
	return (struct json_object *)(uintptr_t)j;
}

static struct json *or_abort(struct json_object *object)
{
	if (!object)
		abort();
	return (struct json *)object;
}

/* --- in --- */

int json_parse(const char *text, size_t length, size_t max_bytes, int max_depth, const char *what, struct json **ret,
	       struct error *err)
{
	if (length > max_bytes)
		return error_set(err, ERROR_SPEC, "%s: larger than %zu bytes", what, max_bytes);
	return json_read(text, length, max_depth, what, ret, err);
}

enum json_type json_type_of(const struct json *j)
{
	switch (json_object_get_type(object_of(j))) {
	case json_type_boolean:
		return JSON_BOOL;
	case json_type_int:
		/* Over INT64_MAX: no integer of ours. */
		return json_object_get_uint64(object_of(j)) > INT64_MAX ? JSON_DOUBLE : JSON_INT;
	case json_type_double:
		return JSON_DOUBLE;
	case json_type_string:
		return JSON_STRING;
	case json_type_array:
		return JSON_ARRAY;
	case json_type_object:
		return JSON_OBJECT;
	case json_type_null:
		break;
	}
	return JSON_NULL;
}

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",     [JSON_BOOL] = "true or false", [JSON_INT] = "integer",
		[JSON_DOUBLE] = "number", [JSON_STRING] = "string",      [JSON_ARRAY] = "array",
		[JSON_OBJECT] = "object",
	};

	return names[type];
}

struct json *json_get(const struct json *j, const char *key)
{
	struct json_object *value = NULL;

	if (json_type_of(j) == JSON_OBJECT)
		json_object_object_get_ex(object_of(j), key, &value);
	return (struct json *)value;
}

/* "a.b.c": for the places that look deep into QEMU's answers and take an absent one like an absent
 * leaf. */
struct json *json_find(const struct json *j, const char *dotted_path)
{
	_cleanup_free_ char *path = xstrdup(dotted_path);
	char *rest = path;

	while (j && rest) {
		const char *key = strsep(&rest, ".");

		j = json_get(j, key);
	}
	return (struct json *)object_of(j);
}

const char *json_string(const struct json *j, const char *fallback)
{
	return json_type_of(j) == JSON_STRING ? json_object_get_string(object_of(j)) : fallback;
}

int64_t json_int(const struct json *j, int64_t fallback)
{
	return json_type_of(j) == JSON_INT ? json_object_get_int64(object_of(j)) : fallback;
}

double json_number(const struct json *j, double fallback)
{
	enum json_type type = json_type_of(j);

	return type == JSON_INT || type == JSON_DOUBLE ? json_object_get_double(object_of(j)) : fallback;
}

bool json_bool(const struct json *j, bool fallback)
{
	return json_type_of(j) == JSON_BOOL ? json_object_get_boolean(object_of(j)) : fallback;
}

const char *json_get_string(const struct json *j, const char *key, const char *fallback)
{
	return json_string(json_get(j, key), fallback);
}

int64_t json_get_int(const struct json *j, const char *key, int64_t fallback)
{
	return json_int(json_get(j, key), fallback);
}

bool json_get_bool(const struct json *j, const char *key, bool fallback)
{
	return json_bool(json_get(j, key), fallback);
}

size_t json_length(const struct json *j)
{
	switch (json_object_get_type(object_of(j))) {
	case json_type_array:
		return json_object_array_length(object_of(j));
	case json_type_object:
		return (size_t)json_object_object_length(object_of(j));
	case json_type_null:
	case json_type_boolean:
	case json_type_int:
	case json_type_double:
	case json_type_string:
		break;
	}
	return 0;
}

struct json *json_at(const struct json *j, size_t i)
{
	if (json_type_of(j) != JSON_ARRAY || i >= json_object_array_length(object_of(j)))
		return NULL;
	return (struct json *)json_object_array_get_idx(object_of(j), i);
}

char **json_strings(const struct json *array)
{
	size_t n = json_length(array);
	char **list = n ? xcalloc(n + 1, sizeof(*list)) : NULL; /* NOLINT: of pointers */

	for (size_t i = 0; i < n; i++)
		list[i] = xstrdup(json_string(json_at(array, i), ""));
	return list;
}

/* By the list behind the hash table: it has the order of writing, which is what people and golden files
 * want. */
struct json_iter json_iter(const struct json *object)
{
	return (struct json_iter){ .object = object };
}

bool json_next(struct json_iter *it)
{
	struct lh_entry *entry = it->entry;

	if (!it->started)
		entry = json_type_of(it->object) == JSON_OBJECT ? json_object_get_object(object_of(it->object))->head
								: NULL;
	else if (entry)
		entry = entry->next;
	it->started = true;
	it->entry = entry;
	it->key = entry ? lh_entry_k(entry) : NULL;
	it->value = entry ? (struct json *)(uintptr_t)lh_entry_v(entry) : NULL;
	return entry != NULL;
}

/* --- out --- */

struct json *json_new_object(void)
{
	return or_abort(json_object_new_object());
}

struct json *json_new_array(void)
{
	return or_abort(json_object_new_array());
}

/* A copy in which each byte that is not UTF-8 is U+FFFD: file names and QEMU's words may hold anything, a
 * JSON text may not. */
static char *valid_utf8(const char *s)
{
	_cleanup_free_ char *valid = xcalloc(strlen(s) * 3 + 1, 1);
	size_t length = strlen(s);
	char *to = valid;

	while (length) {
		size_t n = text_utf8_length(s, length);

		to = n ? mempcpy(to, s, n) : mempcpy(to, "\xef\xbf\xbd", 3);
		s += n ? n : 1;
		length -= n ? n : 1;
	}
	return take_ptr(valid);
}

struct json *json_new_string(const char *s)
{
	_cleanup_free_ char *valid = NULL;

	if (!s)
		return NULL;
	valid = valid_utf8(s);
	return or_abort(json_object_new_string(valid));
}

struct json *json_new_error(const struct error *err)
{
	struct json *error = json_new_object();

	json_put_string(error, "kind", error_kind_to_string(err->kind));
	json_put_string(error, "message", err->message);
	json_put_string(error, "hint", err->hint);
	return error;
}

struct json *json_new_int(int64_t v)
{
	return or_abort(json_object_new_int64(v));
}

struct json *json_new_bool(bool v)
{
	return or_abort(json_object_new_boolean(v));
}

struct json *json_new_double(double v)
{
	char text[64];

	if (!isfinite(v)) /* JSON has no word for it */
		return NULL;
	/* The fewest digits that read back as the same number. */
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (fpclassify(strtod(text, NULL) - v) == FP_ZERO)
			break;
	}
	return or_abort(json_object_new_double_s(v, text));
}

void json_put(struct json *object, const char *key, struct json *value)
{
	if (json_object_object_add(object_of(object), key, object_of(value)) < 0)
		abort();
}

void json_put_string(struct json *object, const char *key, const char *value)
{
	json_put(object, key, json_new_string(value));
}

void json_put_stringf(struct json *object, const char *key, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, format);
	text = xvprintf(format, ap);
	va_end(ap);
	json_put_string(object, key, text);
}

void json_put_int(struct json *object, const char *key, int64_t value)
{
	json_put(object, key, json_new_int(value));
}

void json_put_bool(struct json *object, const char *key, bool value)
{
	json_put(object, key, json_new_bool(value));
}

void json_remove(struct json *object, const char *key)
{
	json_object_object_del(object_of(object), key);
}

void json_append(struct json *array, struct json *value)
{
	if (json_object_array_add(object_of(array), object_of(value)) < 0)
		abort();
}

struct json *json_new_strings(char *const *strings)
{
	struct json *array = json_new_array();

	for (; strings && *strings; strings++)
		json_append_string(array, *strings);
	return array;
}

void json_append_string(struct json *array, const char *value)
{
	json_append(array, json_new_string(value));
}

struct json *json_ref(struct json *j)
{
	return (struct json *)json_object_get(object_of(j));
}

struct json *json_copy(const struct json *j)
{
	struct json_object *copy = NULL;

	if (j && json_object_deep_copy(object_of(j), &copy, NULL) < 0)
		abort();
	return (struct json *)copy;
}

bool json_equal(const struct json *a, const struct json *b)
{
	return json_object_equal(object_of(a), object_of(b));
}

void json_free(struct json *j)
{
	json_object_put(object_of(j));
}

void json_free_ptr(struct json **j)
{
	json_free(*j);
}

static char *to_text(const struct json *j, int flags)
{
	const char *text = json_object_to_json_string_ext(object_of(j), flags | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!text)
		abort();
	return xstrdup(text);
}

char *json_to_text(const struct json *j)
{
	return to_text(j, JSON_C_TO_STRING_PLAIN);
}

char *json_to_pretty(const struct json *j)
{
	return to_text(j, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED);
}
