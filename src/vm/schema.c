/* The specs and settings as JSON and as JSON Schema: the tables' parts put together. */
#include "vm/keys.h"
#include "vm/settings.h"
#include "vm/spec.h"

#define DRAFT "https://json-schema.org/draft/2020-12/schema"

struct json *spec_to_json(const struct spec *spec)
{
	struct json *object = keys_to_json(&instance_keys, spec);
	struct json *disks = json_new_array(), *nics = json_new_array();
	for (size_t i = 0; i < spec->n_disks; i++)
		json_append(disks, keys_to_json(&disk_keys, &spec->disks[i]));
	for (size_t i = 0; i < spec->n_nics; i++)
		json_append(nics, keys_to_json(&nic_keys, &spec->nics[i]));
	json_put(object, "hvparams", hvparams_to_json(&spec->hv, false));
	json_put(object, "disks", disks);
	json_put(object, "nics", nics);
	json_put(object, "hooks", spec->hooks ? json_copy(spec->hooks) : json_new_object());
	return object;
}

struct json *spec_schema(void)
{
	struct json *schema = keys_schema(&instance_keys), *parts = json_new_object();
	json_put(parts, "hvparams", params_schema());
	json_put(parts, "disk", keys_schema(&disk_keys));
	json_put(parts, "nic", keys_schema(&nic_keys));
	json_put(parts, "bandwidth", keys_schema(&bandwidth_keys));
	json_put(parts, "bandwidth_rate", keys_schema(&bandwidth_rate_keys));
	json_put(parts, "network", keys_schema(&network_keys));
	json_put(parts, "hooks", keys_schema(&hook_keys));
	json_put_string(schema, "$schema", DRAFT);
	json_put_string(schema, "title", "kvmctl instance spec");
	json_put(schema, "$defs", parts);
	return schema;
}

struct json *settings_schema(void)
{
	struct json *schema = keys_schema(&settings_keys), *parts = json_new_object();
	json_put(parts, "hvparams", params_schema());
	json_put(parts, "timeouts", keys_schema(&timeout_keys));
	json_put(parts, "spice_tls", keys_schema(&spice_tls_keys));
	json_put(parts, "migration_tls", keys_schema(&migration_tls_keys));
	json_put_string(schema, "$schema", DRAFT);
	json_put_string(schema, "title", "kvmctl settings");
	json_put(schema, "$defs", parts);
	return schema;
}
