/* The recorded document of a guest, with the part that is the host's from the host's own spec. */
#include "ops/act_host_part.h"

#include "base/text.h"

/* Keys of an instance that no guest sees. (minmem has to fit the recorded maxmem: it stays.) */
static const char *const instance_keys[] = { "title", "description", "metadata",    "tags",
					     "hooks", "autostart",   "network_port" };
static const char *const disk_keys[] = { "path", "cache", "aio", "discard", "secret_file", "shared" };
static const char *const nic_keys[] = { "link", "mode", "script", "network", "vlan", "ip", "ip6" };

static void take_keys(struct json *to, const struct json *from, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (json_get(from, keys[i]))
			json_put(to, keys[i], json_copy(json_get(from, keys[i])));
		else
			json_remove(to, keys[i]);
}

static void take_parameters(struct json *document, const struct spec *current)
{
	struct json *given = hvparams_to_json(&current->hv, true), *merged = json_new_object();

	for (struct json_iter it = json_iter(json_get(document, "hvparams")); json_next(&it);) {
		const struct param_row *row = param_find(it.key);

		if (row && row->seen == SEEN_GUEST)
			json_put(merged, it.key, json_copy(it.value));
	}
	for (struct json_iter it = json_iter(given); json_next(&it);) {
		const struct param_row *row = param_find(it.key);

		if (row && row->seen == SEEN_HOST)
			json_put(merged, it.key, json_copy(it.value));
	}
	json_free(given);
	json_put(document, "hvparams", merged);
}

/* One by one, in the order in which the guest sees them. */
static int take_devices(struct json *document, const struct json *from, const char *what, const char *const *keys,
			size_t n_keys, struct error *err)
{
	struct json *to_list = json_get(document, what), *from_list = json_get(from, what);
	size_t n = json_length(to_list);

	if (json_length(from_list) != n) {
		error_set(err, ERROR_SPEC, "the guest has %zu %s, the spec of this host has %zu", n, what,
			  json_length(from_list));
		return error_hint(
			err, "bring the spec of this host into line, or take it away: then the guest's own is used");
	}
	for (size_t i = 0; i < n; i++)
		take_keys(json_at(to_list, i), json_at(from_list, i), keys, n_keys);
	return 0;
}

int act_host_part(const struct json *recorded, const struct spec *current, enum host_part part, struct json **ret,
		  struct error *err)
{
	_cleanup_json_ struct json *document = json_copy(recorded), *from = spec_to_json(current);

	take_parameters(document, current);
	take_keys(document, from, instance_keys, ELEMENTS(instance_keys));
	if (part == HOST_PART_OTHER &&
	    (take_devices(document, from, "disks", disk_keys, ELEMENTS(disk_keys), err) < 0 ||
	     take_devices(document, from, "nics", nic_keys, ELEMENTS(nic_keys), err) < 0))
		return -1;
	*ret = take_ptr(document);
	return 0;
}
