/* filter/INTERFACE: the record of what is filtered there. */
#include "vm/filter_binding.h"

#include <ctype.h>
#include <inttypes.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_compile.h"
#include "vm/instance.h"
#include "vm/spec.h"

#define BINDING_VERSION 1
#define BINDING_MAX_BYTES FILTER_MAX_BYTES /* lists of values may be long */
#define BINDING_MAX_DEPTH 4
#define BINDING_NUMBER_MAX UINT32_MAX

static const char *const learning_names[FILTER_LEARNING_MAX] = {
	[FILTER_LEARNING_ANY] = "any",
	[FILTER_LEARNING_DHCP] = "dhcp",
	[FILTER_LEARNING_NONE] = "none",
};

const char *filter_learning_to_string(enum filter_learning learning)
{
	return learning < FILTER_LEARNING_MAX ? learning_names[learning] : "none";
}

struct filter_binding *filter_binding_new(const char *interface, const char *mac)
{
	struct filter_binding *binding = xcalloc(1, sizeof(*binding));

	binding->interface = xstrdup(interface);
	binding->mac = xstrdup(mac);
	for (char *c = binding->mac; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	binding->bridge = xstrdup("");
	binding->instance = xstrdup("");
	binding->filter = xstrdup("");
	return binding;
}

void filter_binding_free(struct filter_binding *binding)
{
	if (!binding)
		return;
	free(binding->interface);
	free(binding->mac);
	free(binding->bridge);
	free(binding->instance);
	free(binding->filter);
	filter_parameters_free(binding->parameters, binding->n_parameters);
	strv_free(binding->groups);
	strv_free(binding->learned);
	free(binding);
}

void filter_binding_free_ptr(struct filter_binding **binding)
{
	filter_binding_free(*binding);
}

struct filter_binding *filter_binding_copy(const struct filter_binding *binding)
{
	struct filter_binding *copy = filter_binding_new(binding->interface, binding->mac);

	text_replace(&copy->bridge, binding->bridge);
	text_replace(&copy->instance, binding->instance);
	text_replace(&copy->filter, binding->filter);
	for (size_t i = 0; i < binding->n_parameters; i++)
		filter_parameters_get(&copy->parameters, &copy->n_parameters, binding->parameters[i].name)->values =
			strv_copy(binding->parameters[i].values);
	copy->nic = binding->nic;
	copy->number = binding->number;
	copy->learns_ipv4 = binding->learns_ipv4;
	copy->learns_ipv6 = binding->learns_ipv6;
	copy->groups = strv_copy(binding->groups);
	copy->learned = strv_copy(binding->learned);
	return copy;
}

/* --- as JSON --- */

/* Members that are plain text. */
static const struct {
	const char *key;
	size_t offset;
} texts[] = {
	{ "interface", offsetof(struct filter_binding, interface) },
	{ "mac", offsetof(struct filter_binding, mac) },
	{ "bridge", offsetof(struct filter_binding, bridge) },
	{ "instance", offsetof(struct filter_binding, instance) },
	{ "filter", offsetof(struct filter_binding, filter) },
};

static char **text_of(const struct filter_binding *binding, size_t i)
{
	return (char **)((char *)binding + texts[i].offset);
}

struct json *filter_binding_to_json(const struct filter_binding *binding)
{
	struct json *document = json_new_object(), *parameters = json_new_object();

	for (size_t i = 0; i < ELEMENTS(texts); i++)
		json_put_string(document, texts[i].key, *text_of(binding, i));
	json_put_int(document, "nic", binding->nic);
	for (size_t i = 0; i < binding->n_parameters; i++)
		json_put(parameters, binding->parameters[i].name, json_new_strings(binding->parameters[i].values));
	json_put(document, "parameters", parameters);
	json_put(document, "groups", json_new_strings(binding->groups));
	json_put_int(document, "number", binding->number);
	json_put_bool(document, "learns_ipv4", binding->learns_ipv4);
	json_put_bool(document, "learns_ipv6", binding->learns_ipv6);
	json_put(document, "learned", json_new_strings(binding->learned));
	return document;
}

static int damaged(struct error *err, const char *key)
{
	return error_set(err, ERROR_SPEC, "\"%s\" is missing or damaged", key);
}

static int read_strings(const struct json *list, const char *key, char ***ret, struct error *err)
{
	if (json_type_of(list) != JSON_ARRAY)
		return damaged(err, key);
	for (size_t i = 0; i < json_length(list); i++)
		if (is_empty(json_string(json_at(list, i), "")))
			return damaged(err, key);
	*ret = json_strings(list);
	return 0;
}

static int read_number(const struct json *document, const char *key, int64_t max, int64_t *ret, struct error *err)
{
	const struct json *number = json_get(document, key);

	*ret = json_int(number, -1);
	return json_type_of(number) == JSON_INT && *ret >= 0 && *ret <= max ? 0 : damaged(err, key);
}

static int read_parameters(const struct json *parameters, struct filter_binding *binding, struct error *err)
{
	if (json_type_of(parameters) != JSON_OBJECT)
		return damaged(err, "parameters");
	for (struct json_iter it = json_iter(parameters); json_next(&it);) {
		struct filter_parameter *parameter;

		if (!filter_variable_name_is_valid(it.key))
			return damaged(err, "parameters");
		parameter = filter_parameters_get(&binding->parameters, &binding->n_parameters, it.key);
		if (read_strings(it.value, "parameters", &parameter->values, err) < 0)
			return -1;
		for (char *const *value = parameter->values; value && *value; value++)
			if (!filter_variable_value_is_valid(*value))
				return damaged(err, "parameters");
	}
	return 0;
}

/* What is not known may mean that less passes: it is not left out. */
static int check_known(const struct json *document, struct error *err)
{
	static const char *const others[] = { "nic",         "parameters", "groups",  "number", "learns_ipv4",
					      "learns_ipv6", "learned",    "version", "net_ns" };

	for (struct json_iter it = json_iter(document); json_next(&it);) {
		bool known = false;

		for (size_t i = 0; i < ELEMENTS(texts); i++)
			known |= streq(it.key, texts[i].key);
		for (size_t i = 0; i < ELEMENTS(others); i++)
			known |= streq(it.key, others[i]);
		if (!known)
			return error_set(err, ERROR_UNKNOWN, "\"%s\" in it is not known: written by a newer kvmctl",
					 it.key);
	}
	return 0;
}

static int check_names(const struct filter_binding *binding, struct error *err)
{
	char mac[18];

	if (filter_interface_check(binding->interface, err) < 0 || parse_mac(binding->mac, "mac", mac, err) < 0)
		return -1;
	if (*binding->filter && !filter_name_is_valid(binding->filter, err))
		return -1;
	return *binding->instance && !instance_name_valid(binding->instance) ? damaged(err, "instance") : 0;
}

int filter_binding_from_json(const struct json *document, struct filter_binding **ret, struct error *err)
{
	_cleanup_filter_binding_ struct filter_binding *binding = filter_binding_new("", "");

	if (json_type_of(document) != JSON_OBJECT)
		return error_set(err, ERROR_SPEC, "it is no object");
	if (check_known(document, err) < 0)
		return -1;
	for (size_t i = 0; i < ELEMENTS(texts); i++) {
		const char *text = json_get_string(document, texts[i].key, NULL);

		if (!text)
			return damaged(err, texts[i].key);
		text_replace(text_of(binding, i), text);
	}
	if (check_names(binding, err) < 0 || read_number(document, "nic", INT32_MAX, &binding->nic, err) < 0 ||
	    read_number(document, "number", BINDING_NUMBER_MAX, &binding->number, err) < 0 ||
	    read_parameters(json_get(document, "parameters"), binding, err) < 0 ||
	    read_strings(json_get(document, "groups"), "groups", &binding->groups, err) < 0 ||
	    read_strings(json_get(document, "learned"), "learned", &binding->learned, err) < 0)
		return -1;
	binding->learns_ipv4 = json_get_bool(document, "learns_ipv4", false);
	binding->learns_ipv6 = json_get_bool(document, "learns_ipv6", false);
	binding->net_ns = (uint64_t)json_get_int(document, "net_ns", 0);
	*ret = take_ptr(binding);
	return 0;
}

/* --- in the run directory --- */

static int part_errno(const struct rundir *rundir, struct error *err)
{
	return error_errno(err, ERROR_HOST, errno, "cannot open \"%s/%s\"", rundir->path,
			   rundir_part_name(RUNDIR_FILTER));
}

int filter_binding_write(struct rundir *rundir, const struct filter_binding *binding, struct error *err)
{
	_cleanup_json_ struct json *document = filter_binding_to_json(binding);
	_cleanup_free_ char *text = NULL;
	int dir = rundir_part(rundir, RUNDIR_FILTER);

	if (dir < 0)
		return part_errno(rundir, err);
	json_put_int(document, "version", BINDING_VERSION);
	json_put_int(document, "net_ns", (int64_t)instance_net_ns(rundir));
	text = json_to_text(document);
	return file_write_at(dir, binding->interface, text, strlen(text), 0640, false, err);
}

int filter_binding_check_place(struct rundir *rundir, const struct filter_binding *binding, struct error *err)
{
	if (!binding->net_ns || binding->net_ns == instance_net_ns(rundir))
		return 0;
	error_set(err, ERROR_STATE, "\"%s\" is filtered in another network namespace", binding->interface);
	return error_hint(err, "run kvmctl there");
}

/* An interface that is told to be there by name only has to be the one of the record. */
static int read_document(const char *text, size_t length, const char *what, const char *interface,
			 struct filter_binding **ret, struct error *err)
{
	_cleanup_filter_binding_ struct filter_binding *binding = NULL;
	_cleanup_json_ struct json *document = NULL;

	if (json_parse(text, length, BINDING_MAX_BYTES, BINDING_MAX_DEPTH, what, &document, err) < 0)
		return -1;
	if (json_get_int(document, "version", 0) > BINDING_VERSION)
		return error_set(err, ERROR_UNKNOWN, "%s was written by a newer kvmctl", what);
	if (filter_binding_from_json(document, &binding, err) < 0)
		return error_prefix(err, "%s", what);
	if (!streq(binding->interface, interface))
		return error_set(err, ERROR_SPEC, "%s is about \"%s\"", what, binding->interface);
	*ret = take_ptr(binding);
	return 1;
}

int filter_binding_read(struct rundir *rundir, const char *interface, struct filter_binding **ret, struct error *err)
{
	_cleanup_free_ char *text = NULL, *path = rundir_path(rundir, RUNDIR_FILTER, interface, "");
	_cleanup_free_ char *what = xprintf("the record \"%s\" of what is filtered", path);
	int dir = rundir_part(rundir, RUNDIR_FILTER);
	size_t length;

	if (dir < 0)
		return errno == ENOENT ? 0 : part_errno(rundir, err);
	if (filter_interface_check(interface, err) < 0)
		return -1;
	if (file_read_at(dir, interface, BINDING_MAX_BYTES, &text, &length, err) < 0) {
		if (err->errnum != ENOENT)
			return -1;
		error_clear(err);
		return 0;
	}
	return read_document(text, length, what, interface, ret, err);
}

int filter_binding_remove(struct rundir *rundir, const char *interface, struct error *err)
{
	int dir = rundir_part(rundir, RUNDIR_FILTER);

	if (dir < 0)
		return errno == ENOENT ? 0 : part_errno(rundir, err);
	return filter_interface_check(interface, err) < 0 ? -1 : file_remove_at(dir, interface, 0, err);
}

int filter_binding_list(struct rundir *rundir, char ***ret, struct error *err)
{
	_cleanup_closedir_ DIR *dir = rundir_read(rundir, RUNDIR_FILTER);
	char **names = NULL;

	if (!dir && errno != ENOENT)
		return part_errno(rundir, err);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		_cleanup_error_ struct error other = ERROR_INIT;

		/* The lock, temporary files: their names begin with a dot, which no interface here has. */
		if (filter_interface_check(entry->d_name, &other) == 0)
			strv_add(&names, entry->d_name);
	}
	strv_sort(names);
	*ret = names;
	return 0;
}
