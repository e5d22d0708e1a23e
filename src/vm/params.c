/* The hypervisor parameters as a table of rows, made from params.def, and their reader and writer. */
#include "vm/params.h"

#include <stddef.h>

#include "base/text.h"
#include "vm/checks.h"
#include "vm/keys.h"
#include "vm/value.h"

const struct param_row param_rows[HV_MAX] = {
#define PARAM(name, kind, min, max, choices, fallback, seen, check, doc) \
	{ #name, kind, min, max, choices, fallback, seen, check, doc, offsetof(struct hvparams, name) },
#include "vm/params.def"
#undef PARAM
};

_Static_assert((int)PARAM_BOOL == (int)VALUE_BOOL && (int)PARAM_INT == (int)VALUE_INT &&
		       (int)PARAM_TEXT == (int)VALUE_TEXT && (int)PARAM_PATH == (int)VALUE_PATH &&
		       (int)PARAM_CHOICE == (int)VALUE_CHOICE,
	       "a parameter's kind is a value's kind");

struct value_rule param_rule(const struct param_row *row)
{
	return (struct value_rule){ (enum value_kind)row->kind, row->min, row->max, row->choices, .tolerant = true };
}

const struct param_row *param_find(const char *name)
{
	for (size_t i = 0; i < HV_MAX; i++)
		if (streq(param_rows[i].name, name))
			return &param_rows[i];
	return NULL;
}

static void *member_of(const struct hvparams *hv, size_t i)
{
	return (char *)hv + param_rows[i].offset;
}

void hvparams_init(struct hvparams *hv)
{
	*hv = (struct hvparams){ 0 };
	for (size_t i = 0; i < HV_MAX; i++) {
		struct value_rule rule = param_rule(&param_rows[i]);
		value_default(&rule, param_rows[i].fallback, member_of(hv, i));
	}
}

void hvparams_free(struct hvparams *hv)
{
	for (size_t i = 0; i < HV_MAX; i++) {
		struct value_rule rule = param_rule(&param_rows[i]);
		value_free(&rule, member_of(hv, i));
	}
}

static void unknown_parameter(const char *name, const char *path, struct problems *problems)
{
	const char *names[HV_MAX];
	for (size_t i = 0; i < HV_MAX; i++)
		names[i] = param_rows[i].name;
	keys_unknown(name, names, HV_MAX, path, problems);
}

void hvparams_read(struct hvparams *hv, const struct json *object, const char *path, bool mark_given,
		   struct problems *problems)
{
	if (!keys_expect(object, JSON_OBJECT, path, problems))
		return;
	for (struct json_iter it = json_iter(object); json_next(&it);) {
		const struct param_row *row = param_find(it.key);
		if (!row) {
			unknown_parameter(it.key, path, problems);
			continue;
		}
		size_t i = (size_t)(row - param_rows);
		struct value_rule rule = param_rule(row);
		_cleanup_free_ char *at = keys_path(path, row->name);
		if (value_read(&rule, it.value, member_of(hv, i), at, problems) && mark_given)
			hv->given[i] = true;
	}
}

struct json *hvparams_to_json(const struct hvparams *hv, bool only_given)
{
	struct json *object = json_new_object();
	for (size_t i = 0; i < HV_MAX; i++) {
		struct value_rule rule = param_rule(&param_rows[i]);
		if (!only_given || hv->given[i])
			json_put(object, param_rows[i].name, value_to_json(&rule, member_of(hv, i)));
	}
	return object;
}

char *hvparams_text(const struct hvparams *hv, enum hvparam param)
{
	struct value_rule rule = param_rule(&param_rows[param]);
	return value_text(&rule, member_of(hv, param));
}

struct json *params_schema(void)
{
	struct json *schema = json_new_object(), *properties = json_new_object();
	for (size_t i = 0; i < HV_MAX; i++) {
		const struct param_row *row = &param_rows[i];
		struct value_rule rule = param_rule(row);
		struct json *property = value_schema(&rule);
		json_put_string(property, "description", row->doc);
		json_put(property, "default", value_default_json(&rule, row->fallback));
		json_put(properties, row->name, property);
	}
	json_put_string(schema, "type", "object");
	json_put(schema, "properties", properties);
	json_put_bool(schema, "additionalProperties", false);
	return schema;
}
