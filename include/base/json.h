/* The one door to json-c.
 *
 * In: strict (RFC 8259): duplicate keys, trailing text, single quotes, comments, NaN, invalid UTF-8,
 * numbers that do not fit in 64 bits, more bytes or levels than allowed are errors with line and column.
 * Out: keys in the order in which they were put. `struct json` is json-c's json_object under our name;
 * ownership is by reference: json_put takes the child's reference. */
#ifndef KVMCTL_BASE_JSON_H
#define KVMCTL_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/problems.h"

struct json;

enum json_type { JSON_NULL, JSON_BOOL, JSON_INT, JSON_DOUBLE, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

#define JSON_SPEC_MAX_BYTES (1024 * 1024)
#define JSON_SPEC_MAX_DEPTH 64

#define _cleanup_json_ _cleanup_(json_free_ptr)

/* --- in --- */
/* `what` names the text in errors ("instance spec \"web1.json\""). ERROR_SPEC. */
int json_parse(const char *text, size_t length, size_t max_bytes, int max_depth, const char *what, struct json **ret,
	       struct error *err);
/* NULL is JSON_NULL. A whole number between INT64_MAX and UINT64_MAX (QEMU has some) is JSON_DOUBLE:
 * json_int does not give it. */
enum json_type json_type_of(const struct json *j);
const char *json_type_name(enum json_type type); /* "string", "number", ... */

/* The member, or NULL (also when j is no object). Borrowed. */
struct json *json_get(const struct json *j, const char *key);
/* Members of members: "return.qemu.major". Borrowed or NULL. */
struct json *json_find(const struct json *j, const char *dotted_path);
/* The value of a member, or the fallback when it is absent or of another type. Strings are borrowed. */
const char *json_get_string(const struct json *j, const char *key, const char *fallback);
int64_t json_get_int(const struct json *j, const char *key, int64_t fallback);
bool json_get_bool(const struct json *j, const char *key, bool fallback);
/* The value itself. Fallback on another type. */
const char *json_string(const struct json *j, const char *fallback);
int64_t json_int(const struct json *j, int64_t fallback);
double json_number(const struct json *j, double fallback); /* an integer too */
bool json_bool(const struct json *j, bool fallback);

size_t json_length(const struct json *j);             /* of an array or object, else 0 */
struct json *json_at(const struct json *j, size_t i); /* of an array; borrowed or NULL */
char **json_strings(const struct json *array);        /* as strv; "" for what is no string */

/* Walks an object in order: for (struct json_iter it = json_iter(j); json_next(&it);) ... it.key,
 * it.value (borrowed). */
struct json_iter {
	const char *key;
	struct json *value;
	void *entry;
	bool started;
	const struct json *object;
};
struct json_iter json_iter(const struct json *object);
bool json_next(struct json_iter *it);

/* --- out --- */
struct json *json_new_object(void);
struct json *json_new_array(void);
struct json *json_new_string(const char *s);          /* NULL: JSON null */
struct json *json_new_strings(char *const *strings);  /* of a strv: an array */
struct json *json_new_error(const struct error *err); /* {"kind", "message", "hint"} */
struct json *json_new_int(int64_t v);
struct json *json_new_bool(bool v);
struct json *json_new_double(double v);
/* Each replaces a member of that name. json_put takes the reference of value (NULL: JSON null). */
void json_put(struct json *object, const char *key, struct json *value);
void json_put_string(struct json *object, const char *key, const char *value);
void json_put_stringf(struct json *object, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void json_put_int(struct json *object, const char *key, int64_t value);
void json_put_bool(struct json *object, const char *key, bool value);
void json_remove(struct json *object, const char *key);
void json_append(struct json *array, struct json *value);
void json_append_string(struct json *array, const char *value);
struct json *json_ref(struct json *j);
struct json *json_copy(const struct json *j); /* deep */
bool json_equal(const struct json *a, const struct json *b);
void json_free(struct json *j);
void json_free_ptr(struct json **j);

/* Owned by the caller. Compact has no blanks; pretty is indented by two. Slashes are not escaped. */
char *json_to_text(const struct json *j);
char *json_to_pretty(const struct json *j);

#endif
