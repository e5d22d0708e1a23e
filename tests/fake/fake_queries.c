/* The commands of the fake QEMU that ask. */
#include "base/text.h"
#include "fake_command.h"

COMMAND(query_status)
{
	struct json *j = fake_object("running", json_new_bool(streq(fake.status, "running")));

	UNUSED;
	json_put_bool(j, "singlestep", false);
	json_put_string(j, "status", fake.status);
	return j;
}

COMMAND(query_name)
{
	UNUSED;
	return fake.name ? fake_object("name", json_new_string(fake.name)) : json_new_object();
}

COMMAND(query_uuid)
{
	UNUSED;
	return fake_object("UUID", json_new_string(fake.uuid ? fake.uuid : "00000000-0000-0000-0000-000000000000"));
}

COMMAND(query_kvm)
{
	struct json *j = fake_object("enabled", json_new_bool(false));

	UNUSED;
	json_put_bool(j, "present", true);
	return j;
}

COMMAND(query_balloon)
{
	UNUSED;
	if (!fake.has_balloon)
		return fake_fail(error, "DeviceNotActive", "No balloon device has been activated");
	return fake_object("actual", json_new_int(fake.balloon));
}

COMMAND(query_cpus_fast)
{
	struct json *list = json_new_array();

	UNUSED;
	for (int i = 0; i < fake.vcpus; i++) {
		struct json *cpu = fake_object("cpu-index", json_new_int(i));

		json_put_int(cpu, "thread-id", fake.tids[i]);
		json_put_stringf(cpu, "qom-path", "/machine/unattached/device[%d]", i);
		json_put_string(cpu, "target", "x86_64");
		json_append(list, cpu);
	}
	return list;
}

/* A -blockdev disk is named by its device's id, "device" is "" (as QEMU does). */
COMMAND(query_block)
{
	struct json *list = json_new_array();

	UNUSED;
	for (size_t i = 0; i < json_length(fake.devices); i++) {
		const struct json *device = json_at(fake.devices, i);
		const char *drive = json_get_string(device, "drive", NULL);

		if (!drive)
			continue;
		struct json *entry = fake_object("device", json_new_string(""));
		json_put_string(entry, "qdev", json_get_string(device, "id", ""));
		json_put_string(entry, "type", "unknown");
		json_put_bool(entry, "locked", false);
		json_put_bool(entry, "removable", false);
		json_put_string(entry, "io-status", "ok");
		json_put(entry, "inserted", fake_object("node-name", json_new_string(drive)));
		json_append(list, entry);
	}
	return list;
}

COMMAND(query_chardev)
{
	struct json *list = json_new_array();

	UNUSED;
	for (size_t i = 0; i < fake.n_chardevs; i++) {
		struct json *entry = fake_object("label", json_new_string(fake.chardevs[i].id));

		json_put_string(entry, "filename", "socket");
		json_put_bool(entry, "frontend-open", fake.chardevs[i].client_fd >= 0);
		json_append(list, entry);
	}
	return list;
}

COMMAND(query_vnc)
{
	UNUSED;
	return fake_object("enabled", json_new_bool(fake.has_vnc));
}

COMMAND(query_spice)
{
	struct json *j = fake_object("enabled", json_new_bool(fake.has_spice));

	UNUSED;
	json_put_bool(j, "migrated", false);
	json_put_string(j, "mouse-mode", "client");
	return j;
}

COMMAND(query_fdsets)
{
	struct json *list = json_new_array();

	UNUSED;
	for (size_t i = 0; i < fake.n_fdsets; i++) {
		struct json *set = fake_object("fdset-id", json_new_int(fake.fdsets[i].set));
		struct json *fds = json_new_array();

		json_append(fds, fake_object("fd", json_new_int(fake.fdsets[i].fd)));
		json_put(set, "fds", fds);
		json_append(list, set);
	}
	return list;
}
