/* Tables of keys: what an instance, a disk, a NIC, the settings ... may say, a row a key
 * (src/vm/NAME_keys.def). One reader for all. */
#ifndef KVMCTL_VM_KEYS_H
#define KVMCTL_VM_KEYS_H

#include "vm/value.h"

struct key_table;

struct keys_row {
	const char *name;
	struct value_rule rule;
	bool required;
	const char *fallback; /* the default as text; NULL for kinds without */
	const char *doc;
	size_t offset; /* in the table's struct */
};

struct key_table {
	const char *name; /* "disk": in the schema, in the manual */
	const struct keys_row *rows;
	size_t n;
};

/* instance -> struct spec, disk -> struct disk, nic -> struct nic, network -> struct network,
 * bandwidth -> struct nic_bandwidth, bandwidth_rate -> struct bandwidth_rate, hooks: names only;
 * settings -> struct settings, timeouts -> struct timeouts, spice_tls, migration_tls -> struct settings; secgroup -> struct secgroup,
 * secgroup_rule -> struct secgroup_rule */
extern const struct key_table instance_keys, disk_keys, nic_keys, network_keys, hook_keys, bandwidth_keys,
	bandwidth_rate_keys;
extern const struct key_table settings_keys, timeout_keys, spice_tls_keys, migration_tls_keys;
extern const struct key_table secgroup_keys, secgroup_rule_keys;

/* All defaults into a zeroed struct. */
void keys_init(const struct key_table *table, void *target);
void keys_free(const struct key_table *table, void *target);
/* Reads an object over what target holds. Unknown keys (with the nearest known one), missing required
 * ones, values that do not follow their rule become problems under PATH. Rows of VALUE_PART are only
 * recognized: their reader follows. */
void keys_read(const struct key_table *table, const struct json *object, void *target, const char *path,
	       struct problems *problems);
/* The table of that name, or NULL. */
const struct key_table *keys_table(const char *name);
/* A problem, unless j is of that type. */
bool keys_expect(const struct json *j, enum json_type type, const char *path, struct problems *problems);
/* Says that `key` is unknown in the object at path, with the nearest of the names. */
void keys_unknown(const char *key, const char *const *names, size_t n, const char *path, struct problems *problems);
/* "PATH.KEY", or "KEY" when path is "". Owned by the caller. */
char *keys_path(const char *path, const char *key);

/* Every key with its value in the rows' order; VALUE_PART as null, to be replaced by the caller. */
struct json *keys_to_json(const struct key_table *table, const void *target);
/* An object schema: properties, required, no others. Parts become references to "#/$defs/NAME". */
struct json *keys_schema(const struct key_table *table);

#endif
