/* A network filter with its parameters, as a NIC's key says it: "NAME", or {"name": "NAME", "parameters": {"IP": ["10.0.0.1", ...]}}. */
#include "vm/value_read.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_model.h"
#include "vm/keys.h"

void value_filter_free(void *target)
{
	struct filter_reference **reference = target;

	if (*reference)
		filter_reference_clear(*reference);
	free(*reference);
	*reference = NULL;
}

static void replace(void *target, struct filter_reference *reference)
{
	value_filter_free(target);
	*(struct filter_reference **)target = reference;
}

static bool read_value(struct filter_parameter *parameter, const struct json *value, const char *path,
		       struct problems *problems)
{
	bool number = json_type_of(value) == JSON_INT;
	_cleanup_free_ char *digits = number ? xprintf("%" PRId64, json_int(value, 0)) : NULL;
	const char *text = number ? digits : json_string(value, NULL);

	if (!text)
		return value_refuse_type(value, "text or a whole number", path, problems);
	if (!filter_variable_value_is_valid(text))
		return value_refuse(problems, path, text,
				    "is no value of a parameter: letters, digits, \"_\", \".\", \":\"");
	strv_add(&parameter->values, text);
	return true;
}

static bool read_parameter(struct filter_reference *reference, const char *name, const struct json *value,
			   const char *path, struct problems *problems)
{
	_cleanup_free_ char *at = keys_path(path, name);
	bool good = true, list = json_type_of(value) == JSON_ARRAY;

	if (!filter_variable_name_is_valid(name))
		return value_refuse(problems, path, name, "is no name of a parameter: letters, digits and \"_\"");
	if (streq(name, "MAC")) {
		problems_add(problems, at, "is always the NIC's own mac: leave it out");
		return false;
	}
	if (list && json_length(value) == 0) {
		problems_add(problems, at, "is a list without a value");
		return false;
	}
	struct filter_parameter *parameter = filter_reference_parameter(reference, name);
	if (!list)
		return read_value(parameter, value, at, problems);
	for (size_t i = 0; i < json_length(value); i++) {
		_cleanup_free_ char *element = xprintf("%s[%zu]", at, i);

		good &= read_value(parameter, json_at(value, i), element, problems);
	}
	return good;
}

static bool read_name(struct filter_reference *reference, const struct json *value, const char *path,
		      struct problems *problems)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	const char *name = json_string(value, NULL);

	if (!name)
		return value_refuse_type(value, "text", path, problems);
	if (!filter_name_is_valid(name, &err)) {
		problems_add_error(problems, path, &err);
		return false;
	}
	text_replace(&reference->filter, name);
	return true;
}

static bool read_parameters(struct filter_reference *reference, const struct json *parameters, const char *path,
			    struct problems *problems)
{
	bool good = keys_expect(parameters, JSON_OBJECT, path, problems);

	for (struct json_iter it = json_iter(good ? parameters : NULL); json_next(&it);)
		good &= read_parameter(reference, it.key, it.value, path, problems);
	return good;
}

static bool read_object(struct filter_reference *reference, const struct json *j, const char *path,
			struct problems *problems)
{
	static const char *const keys[] = { "name", "parameters" };
	_cleanup_free_ char *name_at = keys_path(path, keys[0]), *parameters_at = keys_path(path, keys[1]);
	bool good = true;

	for (struct json_iter it = json_iter(j); json_next(&it);) {
		if (streq(it.key, keys[0])) {
			good &= read_name(reference, it.value, name_at, problems);
		} else if (streq(it.key, keys[1])) {
			good &= read_parameters(reference, it.value, parameters_at, problems);
		} else {
			keys_unknown(it.key, keys, ELEMENTS(keys), path, problems);
			good = false;
		}
	}
	if (json_get(j, keys[0]) || !good)
		return good;
	problems_add(problems, name_at, "is missing");
	return false;
}

bool value_read_filter(const struct value_rule *rule, const struct json *j, void *target, const char *path,
		       struct problems *problems)
{
	struct filter_reference *reference = NULL;
	const char *name = json_string(j, NULL);

	(void)rule;
	if (!name && json_type_of(j) != JSON_OBJECT)
		return value_refuse_type(j, "the name of a filter, or an object", path, problems);
	if (!name || *name)
		reference = xcalloc(1, sizeof(*reference));
	if (reference &&
	    !(name ? read_name(reference, j, path, problems) : read_object(reference, j, path, problems))) {
		value_filter_free(&reference);
		return false;
	}
	replace(target, reference);
	return true;
}

struct json *value_filter_to_json(const void *target)
{
	const struct filter_reference *reference = *(struct filter_reference *const *)target;
	struct json *object, *parameters;

	if (!reference)
		return json_new_string("");
	object = json_new_object();
	json_put_string(object, "name", reference->filter);
	json_put(object, "parameters", parameters = json_new_object());
	for (size_t i = 0; i < reference->n_parameters; i++)
		json_put(parameters, reference->parameters[i].name, json_new_strings(reference->parameters[i].values));
	return object;
}

static struct json *text_schema(const char *pattern)
{
	struct json *schema = json_new_object();

	json_put_string(schema, "type", "string");
	json_put_string(schema, "pattern", pattern);
	return schema;
}

static struct json *any_of(struct json *one, struct json *other)
{
	struct json *schema = json_new_object(), *list = json_new_array();

	json_append(list, one);
	json_append(list, other);
	json_put(schema, "anyOf", list);
	return schema;
}

/* A value, or a list of them. */
static struct json *parameter_schema(void)
{
	struct json *whole = json_new_object(), *list = json_new_object(), *value;

	json_put_string(whole, "type", "integer");
	value = any_of(text_schema("^[A-Za-z0-9_.:]{1,256}$"), whole);
	json_put_string(list, "type", "array");
	json_put(list, "items", json_copy(value));
	json_put_int(list, "minItems", 1);
	return any_of(value, list);
}

struct json *value_filter_schema(void)
{
	struct json *object = json_new_object(), *properties = json_new_object(), *required = json_new_array(),
		    *parameters = json_new_object(), *patterns = json_new_object();

	json_put_string(parameters, "type", "object");
	json_put(patterns, "^[A-Za-z0-9_]+$", parameter_schema());
	json_put(parameters, "patternProperties", patterns);
	json_put_bool(parameters, "additionalProperties", false);
	json_put(properties, "name", text_schema("^[A-Za-z0-9_:+@][A-Za-z0-9_.:+@-]{0,127}$"));
	json_put(properties, "parameters", parameters);
	json_append_string(required, "name");
	json_put_string(object, "type", "object");
	json_put(object, "properties", properties);
	json_put(object, "required", required);
	json_put_bool(object, "additionalProperties", false);
	return any_of(text_schema("^([A-Za-z0-9_:+@][A-Za-z0-9_.:+@-]{0,127})?$"), object);
}
