/* The tables of keys, and the one reader and writer for all of them. */
#include "vm/keys.h"

#include <stddef.h>

#include "base/text.h"
#include "vm/secgroup.h"
#include "vm/settings.h"
#include "vm/spec.h"

#define GUESSES_MAX 100

#define KEY(name, member, kind, min, max, choices, fallback, required, doc) \
	{ #name, { kind, min, max, choices, false }, required, fallback, doc, offsetof(struct ROWS_OF, member) },
#define TABLE(variable, text, array) const struct key_table variable = { text, array, ELEMENTS(array) }

#define ROWS_OF spec
static const struct keys_row instance_rows[] = {
#include "vm/instance_keys.def"
};
#undef ROWS_OF

#define ROWS_OF hooks
static const struct keys_row hook_rows[] = {
#include "vm/hook_keys.def"
};
#undef ROWS_OF

#define ROWS_OF disk
static const struct keys_row disk_rows[] = {
#include "vm/disk_keys.def"
};
#undef ROWS_OF

#define ROWS_OF nic
static const struct keys_row nic_rows[] = {
#include "vm/nic_keys.def"
};
#undef ROWS_OF

#define ROWS_OF nic_bandwidth
static const struct keys_row bandwidth_rows[] = {
#include "vm/bandwidth_keys.def"
};
#undef ROWS_OF

#define ROWS_OF bandwidth_rate
static const struct keys_row bandwidth_rate_rows[] = {
#include "vm/bandwidth_rate_keys.def"
};
#undef ROWS_OF

#define ROWS_OF network
static const struct keys_row network_rows[] = {
#include "vm/network_keys.def"
};
#undef ROWS_OF

#define ROWS_OF settings
static const struct keys_row settings_rows[] = {
#include "vm/settings_keys.def"
};
static const struct keys_row spice_tls_rows[] = {
#include "vm/spice_tls_keys.def"
};
static const struct keys_row migration_tls_rows[] = {
#include "vm/migration_tls_keys.def"
};
#undef ROWS_OF

#define ROWS_OF timeouts
static const struct keys_row timeout_rows[] = {
#include "vm/timeout_keys.def"
};
#undef ROWS_OF

#define ROWS_OF secgroup
static const struct keys_row secgroup_rows[] = {
#include "vm/secgroup_keys.def"
};
#undef ROWS_OF

#define ROWS_OF secgroup_rule
static const struct keys_row secgroup_rule_rows[] = {
#include "vm/secgroup_rule_keys.def"
};
#undef ROWS_OF

TABLE(instance_keys, "instance", instance_rows);
TABLE(hook_keys, "hooks", hook_rows);
TABLE(disk_keys, "disk", disk_rows);
TABLE(nic_keys, "nic", nic_rows);
TABLE(bandwidth_keys, "bandwidth", bandwidth_rows);
TABLE(bandwidth_rate_keys, "bandwidth_rate", bandwidth_rate_rows);
TABLE(network_keys, "network", network_rows);
TABLE(settings_keys, "settings", settings_rows);
TABLE(spice_tls_keys, "spice_tls", spice_tls_rows);
TABLE(migration_tls_keys, "migration_tls", migration_tls_rows);
TABLE(timeout_keys, "timeouts", timeout_rows);
TABLE(secgroup_keys, "secgroup", secgroup_rows);
TABLE(secgroup_rule_keys, "secgroup_rule", secgroup_rule_rows);

/* By name, because a row of one table (VALUE_TABLE, its `choices`) names another: tables cannot point
 * at each other in a constant. */
const struct key_table *keys_table(const char *name)
{
	static const struct key_table *const tables[] = { &instance_keys,     &hook_keys,           &disk_keys,
							  &nic_keys,          &network_keys,        &settings_keys,
							  &spice_tls_keys,    &migration_tls_keys,  &timeout_keys,
							  &bandwidth_keys,    &bandwidth_rate_keys, &secgroup_keys,
							  &secgroup_rule_keys };
	for (size_t i = 0; i < ELEMENTS(tables); i++)
		if (streq(tables[i]->name, name))
			return tables[i];
	return NULL;
}

char *keys_path(const char *path, const char *key)
{
	_cleanup_free_ char *shown = text_printable(key, strlen(key), 80);
	return *path ? xprintf("%s.%s", path, shown) : take_ptr(shown);
}

/* What other tools call our keys, for those who come from libvirt, qm or gnt-instance; the first that these names have. NULL: none. */
static const char *foreign_key(const char *key, const char *const *names, size_t n)
{
	static const char *const words[][2] = {
		{ "memory", "maxmem" }, { "mem", "maxmem" },      { "ram", "maxmem" },    { "cpus", "vcpus" },
		{ "cores", "vcpus" },   { "smp", "vcpus" },       { "cpu", "vcpus" },     { "file", "path" },
		{ "source", "path" },   { "filename", "path" },   { "device", "path" },   { "bridge", "link" },
		{ "macaddr", "mac" },   { "address", "mac" },     { "driver", "format" }, { "type", "format" },
		{ "type", "mode" },     { "interfaces", "nics" }, { "networks", "nics" }, { "drives", "disks" },
	};

	for (size_t i = 0; i < ELEMENTS(words); i++)
		for (size_t k = 0; k < n && streq(key, words[i][0]); k++)
			if (streq(names[k], words[i][1]))
				return names[k];
	return NULL;
}

void keys_unknown(const char *key, const char *const *names, size_t n, const char *path, struct problems *problems)
{
	_cleanup_free_ char *at = keys_path(path, key);
	const char *nearest = foreign_key(key, names, n);
	/* a text of nothing but unknown keys gets no hundred thousand guesses */
	if (!nearest && problems->n < GUESSES_MAX)
		nearest = text_nearest(key, names, n);
	if (nearest)
		problems_add(problems, at, "unknown key; did you mean \"%s\"?", nearest);
	else if (!*path && param_find(key))
		problems_add(problems, at, "unknown key; it is a hypervisor parameter and belongs into \"hvparams\"");
	else
		problems_add(problems, at, "unknown key");
}

bool keys_expect(const struct json *j, enum json_type type, const char *path, struct problems *problems)
{
	if (json_type_of(j) == type)
		return true;
	problems_add(problems, path, "must be of type %s, not %s", json_type_name(type),
		     json_type_name(json_type_of(j)));
	return false;
}

void keys_init(const struct key_table *table, void *target)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct keys_row *row = &table->rows[i];
		void *member = (char *)target + row->offset;
		if (row->rule.kind == VALUE_TABLE)
			keys_init(keys_table(row->rule.choices), member);
		else
			value_default(&row->rule, row->fallback, member);
	}
}

void keys_free(const struct key_table *table, void *target)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct keys_row *row = &table->rows[i];
		void *member = (char *)target + row->offset;
		if (row->rule.kind == VALUE_TABLE)
			keys_free(keys_table(row->rule.choices), member);
		else
			value_free(&row->rule, member);
	}
}

/* Some twenty rows at most: a walk is quicker than anything clever. */
static const struct keys_row *find_row(const struct key_table *table, const char *key)
{
	for (size_t i = 0; i < table->n; i++)
		if (streq(table->rows[i].name, key))
			return &table->rows[i];
	return NULL;
}

static void read_member(const struct keys_row *row, const struct json *value, void *target, const char *path,
			struct problems *problems)
{
	_cleanup_free_ char *at = keys_path(path, row->name);
	void *member = (char *)target + row->offset;
	if (row->rule.kind == VALUE_TABLE)
		keys_read(keys_table(row->rule.choices), value, member, at, problems);
	else if (row->rule.kind == VALUE_PART && json_type_of(value) == JSON_NULL)
		problems_add(problems, at, "must not be null; leave the key out");
	else if (row->rule.kind != VALUE_PART)
		value_read(&row->rule, value, member, at, problems);
}

static void unknown_in_table(const struct key_table *table, const char *key, const char *path,
			     struct problems *problems)
{
	const char **names = xcalloc(table->n, sizeof(*names));
	for (size_t i = 0; i < table->n; i++)
		names[i] = table->rows[i].name;
	keys_unknown(key, names, table->n, path, problems);
	free(names);
}

/* Also a key whose value is null: that has its problem already. */
static bool has_key(const struct json *object, const char *key)
{
	for (struct json_iter it = json_iter(object); json_next(&it);)
		if (streq(it.key, key))
			return true;
	return false;
}

/* All of it is read even when something is wrong: each problem is told, and every member has its
 * default where its value could not be read. */
void keys_read(const struct key_table *table, const struct json *object, void *target, const char *path,
	       struct problems *problems)
{
	if (!keys_expect(object, JSON_OBJECT, path, problems))
		return;
	for (struct json_iter it = json_iter(object); json_next(&it);) {
		const struct keys_row *row = find_row(table, it.key);
		if (row)
			read_member(row, it.value, target, path, problems);
		else
			unknown_in_table(table, it.key, path, problems);
	}
	for (size_t i = 0; i < table->n; i++) {
		const struct keys_row *row = &table->rows[i];
		_cleanup_free_ char *at = keys_path(path, row->name);
		if (row->required && !has_key(object, row->name))
			problems_add(problems, at, "is missing");
	}
}

/* In the order of the rows, so that two of these documents can be compared line by line. */
struct json *keys_to_json(const struct key_table *table, const void *target)
{
	struct json *object = json_new_object();
	for (size_t i = 0; i < table->n; i++) {
		const struct keys_row *row = &table->rows[i];
		const void *member = (const char *)target + row->offset;
		if (row->rule.kind == VALUE_TABLE)
			json_put(object, row->name, keys_to_json(keys_table(row->rule.choices), member));
		else if (row->rule.kind != VALUE_REFUSED)
			json_put(object, row->name, value_to_json(&row->rule, member));
	}
	return object;
}

struct json *keys_schema(const struct key_table *table)
{
	struct json *schema = json_new_object(), *properties = json_new_object(), *required = json_new_array();
	for (size_t i = 0; i < table->n; i++) {
		const struct keys_row *row = &table->rows[i];
		struct json *property = value_schema(&row->rule);
		json_put_string(property, "description", row->doc);
		if (!row->required && row->fallback)
			json_put(property, "default", value_default_json(&row->rule, row->fallback));
		if (row->required)
			json_append_string(required, row->name);
		json_put(properties, row->name, property);
	}
	json_put_string(schema, "type", "object");
	json_put(schema, "properties", properties);
	json_put(schema, "required", required);
	json_put_bool(schema, "additionalProperties", false);
	return schema;
}
