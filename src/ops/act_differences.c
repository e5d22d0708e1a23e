/* Two documents of one shape: where they differ, by JSON path. */
#include "ops/act_look.h"

#include "base/text.h"

static void add_difference(struct json *list, const char *path, const struct json *running, const struct json *file)
{
	_cleanup_free_ char *a = json_to_text(running), *b = json_to_text(file);
	struct json *row = json_new_object();

	json_put_string(row, "path", path);
	json_put_string(row, "running", a);
	json_put_string(row, "file", b);
	json_append(list, row);
}

static void differences_of_arrays(const struct json *running, const struct json *file, const char *path,
				  struct json *list)
{
	size_t a = json_length(running), b = json_length(file);

	for (size_t i = 0; i < a || i < b; i++) {
		_cleanup_free_ char *item = xprintf("%s[%zu]", path, i);

		look_differences(json_at(running, i), json_at(file, i), item, list);
	}
}

/* What only the file has comes after what both have: a person reads what changes before what is added. */
static void differences_of_objects(const struct json *running, const struct json *file, const char *path,
				   struct json *list)
{
	for (struct json_iter it = json_iter(running); json_next(&it);) {
		_cleanup_free_ char *item = xprintf("%s%s%s", path, *path ? "." : "", it.key);

		look_differences(it.value, json_get(file, it.key), item, list);
	}
	for (struct json_iter it = json_iter(file); json_next(&it);) {
		_cleanup_free_ char *item = xprintf("%s%s%s", path, *path ? "." : "", it.key);

		if (!json_get(running, it.key) && it.value)
			look_differences(NULL, it.value, item, list);
	}
}

void look_differences(const struct json *running, const struct json *file, const char *path, struct json *list)
{
	enum json_type a = json_type_of(running), b = json_type_of(file);

	if (json_equal(running, file))
		return;
	if (a == JSON_OBJECT && b == JSON_OBJECT)
		differences_of_objects(running, file, path, list);
	else if (a == JSON_ARRAY && b == JSON_ARRAY)
		differences_of_arrays(running, file, path, list);
	else
		add_difference(list, path, running, file);
}
