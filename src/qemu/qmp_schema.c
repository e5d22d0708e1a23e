/* Walking the QMP schema (QEMU: docs/devel/qapi-code-gen, "Client JSON Protocol introspection"). */
#include "qemu/qmp_schema.h"

#include "base/strv.h"
#include "base/text.h"

struct entity {
	const char *name;
	const struct json *json;
};

struct qmp_schema {
	struct entity *list; /* sorted by name */
	size_t n;
};

static int compare_entities(const void *a, const void *b)
{
	return strcmp(((const struct entity *)a)->name, ((const struct entity *)b)->name);
}

int qmp_schema_new(const struct json *entities, struct qmp_schema **ret, struct error *err)
{
	_cleanup_qmp_schema_ struct qmp_schema *schema = xcalloc(1, sizeof(*schema));
	size_t n = json_length(entities);

	if (json_type_of(entities) != JSON_ARRAY || n == 0)
		return error_set(err, ERROR_QEMU, "QEMU's answer to \"query-qmp-schema\" is not a list");
	schema->list = xcalloc(n, sizeof(*schema->list));
	for (size_t i = 0; i < n; i++) {
		const struct json *entity = json_at(entities, i);
		const char *name = json_get_string(entity, "name", NULL);

		if (!name || !json_get_string(entity, "meta-type", NULL))
			return error_set(err, ERROR_QEMU,
					 "QEMU's answer to \"query-qmp-schema\" has an entry without a name or a type");
		schema->list[schema->n++] = (struct entity){ name, entity };
	}
	qsort(schema->list, schema->n, sizeof(*schema->list), compare_entities);
	*ret = take_ptr(schema);
	return 0;
}

void qmp_schema_free(struct qmp_schema *schema)
{
	if (!schema)
		return;
	free(schema->list);
	free(schema);
}

void qmp_schema_free_ptr(struct qmp_schema **schema)
{
	qmp_schema_free(*schema);
}

static const struct json *lookup(const struct qmp_schema *schema, const char *name)
{
	struct entity key = { .name = name };

	if (!name)
		return NULL;
	const struct entity *found = bsearch(&key, schema->list, schema->n, sizeof(key), compare_entities);
	return found ? found->json : NULL;
}

static bool is_type(const struct json *entity, const char *meta_type)
{
	return streq(json_get_string(entity, "meta-type", ""), meta_type);
}

/* The entry of a list whose `key` is the given word. */
static const struct json *find_in(const struct json *list, const char *key, const char *word)
{
	for (size_t i = 0; i < json_length(list); i++)
		if (streq(json_get_string(json_at(list, i), key, ""), word))
			return json_at(list, i);
	return NULL;
}

/* An array's element type, as deep as it goes; anything else itself. */
static const struct json *element(const struct qmp_schema *schema, const struct json *type)
{
	while (type && is_type(type, "array"))
		type = lookup(schema, json_get_string(type, "element-type", NULL));
	return type;
}

static const struct json *member_type(const struct qmp_schema *schema, const struct json *object, const char *name)
{
	const struct json *member = find_in(json_get(object, "members"), "name", name);

	return member ? element(schema, lookup(schema, json_get_string(member, "type", NULL))) : NULL;
}

static bool enum_has(const struct json *type, const char *value)
{
	const struct json *values = json_get(type, "values");

	for (size_t i = 0; i < json_length(values); i++)
		if (streq(json_string(json_at(values, i), ""), value))
			return true;
	return false;
}

/* MEMBER=VALUE: into the variant when MEMBER is the tag, else stay at the enumeration that has VALUE. */
static const struct json *step_value(const struct qmp_schema *schema, const struct json *object, const char *member,
				     const char *value)
{
	const struct json *type = member_type(schema, object, member);

	if (!type || !is_type(type, "enum") || !enum_has(type, value))
		return NULL;
	if (!streq(json_get_string(object, "tag", ""), member))
		return type;

	const struct json *variant = find_in(json_get(object, "variants"), "case", value);
	return variant ? lookup(schema, json_get_string(variant, "type", NULL)) : type;
}

static const struct json *step(const struct qmp_schema *schema, const struct json *at, const char *word)
{
	if (is_type(at, "command"))
		at = lookup(schema, json_get_string(at, "arg-type", NULL));
	/* An alternate is looked through to its object ("BlockdevRef": a name, or the options). */
	if (at && is_type(at, "alternate")) {
		const struct json *members = json_get(at, "members");

		at = NULL;
		for (size_t i = 0; i < json_length(members) && !at; i++) {
			const struct json *type = lookup(schema, json_get_string(json_at(members, i), "type", NULL));

			if (type && is_type(type, "object"))
				at = type;
		}
	}
	if (!at || !is_type(at, "object"))
		return NULL;

	const char *equals = strchr(word, '=');
	if (!equals)
		return member_type(schema, at, word);

	_cleanup_free_ char *member = xstrndup(word, (size_t)(equals - word));
	return step_value(schema, at, member, equals + 1);
}

const struct json *qmp_schema_walk(const struct qmp_schema *schema, const char *path)
{
	_cleanup_strv_ char **words = strv_split(path, ' ');
	const struct json *at = words ? lookup(schema, words[0]) : NULL;

	if (!at || !is_type(at, "command"))
		return NULL;
	for (size_t i = 1; at && words[i]; i++)
		at = step(schema, at, words[i]);
	return at;
}

bool qmp_schema_has(const struct qmp_schema *schema, const char *path)
{
	return qmp_schema_walk(schema, path) != NULL;
}

bool qmp_schema_has_feature(const struct qmp_schema *schema, const char *command, const char *feature)
{
	const struct json *features = json_get(qmp_schema_walk(schema, command), "features");

	for (size_t i = 0; i < json_length(features); i++)
		if (streq(json_string(json_at(features, i), ""), feature))
			return true;
	return false;
}

void qmp_schema_values(const struct qmp_schema *schema, const char *path, char ***ret)
{
	_cleanup_strv_ char **values = json_strings(json_get(qmp_schema_walk(schema, path), "values"));

	strv_extend(ret, values);
}

void qmp_schema_commands(const struct qmp_schema *schema, char ***ret)
{
	for (size_t i = 0; i < schema->n; i++)
		if (is_type(schema->list[i].json, "command"))
			strv_add(ret, schema->list[i].name);
}
