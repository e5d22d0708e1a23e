/* Names of instances, and the small questions about a spec. */
#include "vm/spec.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"

/* Nothing of it means anything to a shell, a path or a unit's name; the first is a letter or digit
 * (instance_name_valid), so no name is hidden or an option. */
static bool name_char(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == '_' || c == '-';
}

bool instance_name_valid(const char *name)
{
	size_t length = 0;
	for (; name[length]; length++)
		if (length >= INSTANCE_NAME_MAX || !name_char(name[length]))
			return false;
	return length > 0 && isalnum((unsigned char)name[0]);
}

/* What is shown is cut and made printable: a name may come from anywhere. */
int instance_name_check(const char *name, struct error *err)
{
	size_t length = strlen(name);
	_cleanup_free_ char *shown = text_printable(name, length, 60);
	if (instance_name_valid(name))
		return 0;
	if (!*name)
		error_set(err, ERROR_USAGE, "the instance's name is empty");
	else if (length > INSTANCE_NAME_MAX)
		error_set(err, ERROR_USAGE, "\"%s\" is too long for an instance's name: %zu bytes, at most %d", shown,
			  length, INSTANCE_NAME_MAX);
	else
		error_set(err, ERROR_USAGE, "\"%s\" cannot be an instance's name", shown);
	return error_hint(err,
			  "a name is a letter or digit, then up to %d letters, digits, dots, underscores and hyphens",
			  INSTANCE_NAME_MAX - 1);
}

const char *nic_mode_to_string(enum nic_mode mode)
{
	static const char *const names[NIC_MODE_MAX] = {
		[NIC_BRIDGED] = "bridged", [NIC_ROUTED] = "routed", [NIC_OPENVSWITCH] = "openvswitch",
		[NIC_USER] = "user",       [NIC_EXT] = "ext",
	};
	return mode < NIC_MODE_MAX ? names[mode] : "unknown";
}

const char *disk_cache(const struct spec *spec, const struct disk *disk)
{
	return *disk->cache ? disk->cache : spec->hv.disk_cache;
}

const char *disk_aio(const struct spec *spec, const struct disk *disk)
{
	return *disk->aio ? disk->aio : spec->hv.disk_aio;
}

const char *disk_discard(const struct spec *spec, const struct disk *disk)
{
	return *disk->discard ? disk->discard : spec->hv.disk_discard;
}

/* Only virtio NICs on a TAP have several queues. */
int64_t nic_queues(const struct spec *spec, const struct nic *nic)
{
	if (nic->queues > 0)
		return nic->queues;
	return nic->mode == NIC_USER ? 1 : spec->hv.virtio_net_queues;
}
