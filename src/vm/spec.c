/* Reading an instance spec: by the tables of keys, then what follows from them (derived values), then the
 * checks; all problems at once. */
#include "vm/spec.h"

#include <stdlib.h>
#include <uuid/uuid.h>

#include "base/text.h"
#include "vm/checks.h"
#include "vm/keys.h"
#include "vm/settings.h"

/* Far above what fits a machine; it bounds the work on a spec of nothing but disks. */
#define DEVICES_MAX 256

/* Derived UUIDs are of this name space (RFC 4122, version 5). It must never change: guests know themselves by them. */
#define NAMESPACE "2b1f3b1e-6f0f-5e0c-9d0a-4c1f6d1c7a35"

static void spec_init(struct spec *spec, const struct settings *settings, struct problems *problems)
{
	keys_init(&instance_keys, spec);
	hvparams_init(&spec->hv);
	if (settings && settings->as_root && settings->uid_last > 0)
		text_replace(&spec->hv.security_model, "pool");
	if (settings && settings->defaults)
		hvparams_read(&spec->hv, settings->defaults, "hvparams", false, problems);
}

/* The array behind `key`: its elements are to be read one by one. 0 when there is none. */
static size_t count_devices(const struct json *document, const char *key, struct problems *problems)
{
	const struct json *array = json_get(document, key);
	if (!array || !keys_expect(array, JSON_ARRAY, key, problems))
		return 0;
	if (json_length(array) > DEVICES_MAX) {
		problems_add(problems, key, "has %zu elements; at most %d are allowed", json_length(array),
			     DEVICES_MAX);
		return 0;
	}
	return json_length(array);
}

static void read_disks(struct spec *spec, const struct json *document, struct problems *problems)
{
	spec->n_disks = count_devices(document, "disks", problems);
	spec->disks = xcalloc(spec->n_disks + 1, sizeof(*spec->disks));
	for (size_t i = 0; i < spec->n_disks; i++) {
		_cleanup_free_ char *path = xprintf("disks[%zu]", i);
		keys_init(&disk_keys, &spec->disks[i]);
		keys_read(&disk_keys, json_at(json_get(document, "disks"), i), &spec->disks[i], path, problems);
	}
}

static void read_nics(struct spec *spec, const struct json *document, struct problems *problems)
{
	spec->n_nics = count_devices(document, "nics", problems);
	spec->nics = xcalloc(spec->n_nics + 1, sizeof(*spec->nics));
	for (size_t i = 0; i < spec->n_nics; i++) {
		_cleanup_free_ char *path = xprintf("nics[%zu]", i);
		keys_init(&nic_keys, &spec->nics[i]);
		keys_read(&nic_keys, json_at(json_get(document, "nics"), i), &spec->nics[i], path, problems);
	}
}

/* Kept as it is, once every hook is known and a path. */
static void read_hooks(struct spec *spec, const struct json *document, struct problems *problems)
{
	const struct json *hooks = json_get(document, "hooks");
	if (!hooks || !keys_expect(hooks, JSON_OBJECT, "hooks", problems))
		return;
	struct hooks scratch = { 0 };
	keys_read(&hook_keys, hooks, &scratch, "hooks", problems);
	keys_free(&hook_keys, &scratch);
	spec->hooks = json_copy(hooks);
}

/* The UUID of a thing that has a name of its own in the name space of `space`. */
static void derive_uuid(const char *space, const char *name, uuid_t ret)
{
	uuid_t parent;
	uuid_parse(space, parent);
	uuid_generate_sha1(ret, parent, name, strlen(name));
}

static void derive_instance_uuid(struct spec *spec)
{
	char text[UUID_STR_LEN];
	uuid_t uuid = { 0 };
	if (*spec->uuid)
		return;
	derive_uuid(NAMESPACE, spec->name, uuid);
	uuid_unparse_lower(uuid, text);
	text_replace(&spec->uuid, text);
}

/* 52:54:00 is the prefix of QEMU's guests. */
static void derive_mac(const struct spec *spec, struct nic *nic, size_t index)
{
	_cleanup_free_ char *name = xprintf("nic%zu", index);
	const char *prefix = *nic->network.mac_prefix ? nic->network.mac_prefix : "52:54:00";
	uuid_t uuid = { 0 };
	if (*nic->mac)
		return;
	derive_uuid(spec->uuid, name, uuid);
	free(nic->mac);
	nic->mac = xprintf("%s:%02x:%02x:%02x", prefix, uuid[0], uuid[1], uuid[2]);
}

static void derive(struct spec *spec)
{
	if (spec->minmem == 0)
		spec->minmem = spec->maxmem;
	derive_instance_uuid(spec);
	for (size_t i = 0; i < spec->n_nics; i++)
		derive_mac(spec, &spec->nics[i], i);
}

static void read_spec(struct spec *spec, const struct json *document, const struct settings *settings,
		      struct problems *problems)
{
	spec_init(spec, settings, problems);
	keys_read(&instance_keys, document, spec, "", problems);
	if (json_get(document, "hvparams"))
		hvparams_read(&spec->hv, json_get(document, "hvparams"), "hvparams", true, problems);
	read_disks(spec, document, problems);
	read_nics(spec, document, problems);
	read_hooks(spec, document, problems);
	spec->source = json_copy(document);
}

int spec_from_json(const struct json *document, const char *what, const char *name, const struct settings *settings,
		   struct spec **ret, struct error *err)
{
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_spec_ struct spec *spec = xcalloc(1, sizeof(*spec));
	read_spec(spec, document, settings, &problems);
	derive(spec);
	/* of a document that is no object every key is missing: its type is all there is to say */
	if (json_type_of(document) == JSON_OBJECT) {
		check_spec(spec, name, settings, &problems);
		check_params(spec, "hvparams", &problems);
	}
	if (problems_to_error(&problems, ERROR_SPEC, what, err) < 0)
		return -1;
	*ret = take_ptr(spec);
	return 0;
}

int spec_parse(const char *text, size_t length, const char *what, const char *name, const struct settings *settings,
	       struct spec **ret, struct error *err)
{
	_cleanup_json_ struct json *document = NULL;
	if (json_parse(text, length, JSON_SPEC_MAX_BYTES, JSON_SPEC_MAX_DEPTH, what, &document, err) < 0)
		return -1;
	return spec_from_json(document, what, name, settings, ret, err);
}

void spec_free(struct spec *spec)
{
	if (!spec)
		return;
	for (size_t i = 0; i < spec->n_disks; i++)
		keys_free(&disk_keys, &spec->disks[i]);
	for (size_t i = 0; i < spec->n_nics; i++)
		keys_free(&nic_keys, &spec->nics[i]);
	free(spec->disks);
	free(spec->nics);
	json_free(spec->hooks);
	json_free(spec->source);
	hvparams_free(&spec->hv);
	keys_free(&instance_keys, spec);
	free(spec);
}

void spec_free_ptr(struct spec **spec)
{
	spec_free(*spec);
}
