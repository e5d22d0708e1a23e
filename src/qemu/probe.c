/* What a binary can do: the digest as text and back, and looking things up in it. How it is made of
 * answers: probe_answers.c. */
#include "qemu/probe.h"

#include "base/strv.h"
#include "base/text.h"

/* The members of probe_can by name: one table writes and reads them, so that the cache cannot forget one. */
static const struct can_row {
	const char *name;
	size_t offset;
} can_rows[] = {
#define CAN(member)                                         \
	{                                                   \
#member, offsetof(struct probe_can, member) \
	}
	CAN(json_device),
	CAN(json_netdev),
	CAN(json_object),
	CAN(machine_acpi),
	CAN(action),
	CAN(run_with_chroot),
	CAN(run_with_user),
	CAN(chroot),
	CAN(runas),
	CAN(sandbox),
	CAN(spice),
	CAN(display_update),
	CAN(screendump_png),
	CAN(migrate_channels),
	CAN(audiodev),
	CAN(kvm),
	CAN(blockdev_io_uring),
	CAN(server_on),
#undef CAN
};
/* A new flag without a row would be lost in the cache. */
_Static_assert(ELEMENTS(can_rows) == sizeof(struct probe_can) / sizeof(bool), "each flag of probe_can has a row");

/* The sorted name lists, in the same way. A list is one string, its names between LIST_SEPARATORs: a digest is
 * read at every start, and a hundred times fewer JSON values are a hundred times less work. */
#define LIST_SEPARATOR '|'

static const struct list_row {
	const char *name;
	size_t offset;
} list_rows[] = {
	{ "devices", offsetof(struct probe, devices) },
	{ "objects", offsetof(struct probe, objects) },
	{ "block-drivers", offsetof(struct probe, block_drivers) },
	{ "cpus", offsetof(struct probe, cpus) },
	{ "commands", offsetof(struct probe, commands) },
	{ "migration-capabilities", offsetof(struct probe, migration_caps) },
	{ "multifd-compressions", offsetof(struct probe, compressions) },
};

static char ***list_of(const struct probe *probe, size_t offset)
{
	return (char ***)((char *)probe + offset);
}

static bool *can_of(const struct probe *probe, size_t offset)
{
	return (bool *)((char *)&probe->can + offset);
}

bool probe_can_by_name(const struct probe *probe, const char *name)
{
	for (size_t i = 0; i < ELEMENTS(can_rows); i++)
		if (streq(can_rows[i].name, name))
			return *can_of(probe, can_rows[i].offset);
	return false;
}

void probe_free(struct probe *probe)
{
	if (!probe)
		return;
	for (size_t i = 0; i < probe->n_machines; i++) {
		free(probe->machines[i].name);
		free(probe->machines[i].alias);
	}
	free(probe->machines);
	for (size_t i = 0; i < ELEMENTS(list_rows); i++)
		strv_free(*list_of(probe, list_rows[i].offset));
	free(probe->package);
	free(probe);
}

void probe_free_ptr(struct probe **probe)
{
	probe_free(*probe);
}

static struct json *machine_to_json(const struct probe_machine *machine)
{
	struct json *j = json_new_object();

	json_put_string(j, "name", machine->name);
	if (machine->alias)
		json_put_string(j, "alias", machine->alias);
	if (machine->is_default)
		json_put_bool(j, "default", true);
	if (machine->deprecated)
		json_put_bool(j, "deprecated", true);
	json_put_int(j, "cpu-max", machine->cpu_max);
	return j;
}

struct json *probe_to_json(const struct probe *probe)
{
	struct json *digest = json_new_object();
	struct json *machines = json_new_array();
	struct json *can = json_new_object();
	const char separator[] = { LIST_SEPARATOR, '\0' };

	json_put_int(digest, "major", probe->major);
	json_put_int(digest, "minor", probe->minor);
	json_put_int(digest, "micro", probe->micro);
	json_put_string(digest, "package", probe->package);
	for (size_t i = 0; i < ELEMENTS(can_rows); i++)
		json_put_bool(can, can_rows[i].name, *can_of(probe, can_rows[i].offset));
	json_put(digest, "can", can);
	for (size_t i = 0; i < probe->n_machines; i++)
		json_append(machines, machine_to_json(&probe->machines[i]));
	json_put(digest, "machines", machines);
	for (size_t i = 0; i < ELEMENTS(list_rows); i++) {
		_cleanup_free_ char *joined = strv_join(*list_of(probe, list_rows[i].offset), separator);

		json_put_string(digest, list_rows[i].name, joined ? joined : "");
	}
	return digest;
}

static int damaged(const char *key, struct error *err)
{
	return error_set(err, ERROR_QEMU, "the digest of the QEMU binary is damaged at \"%s\"", key);
}

static int read_machines(const struct json *machines, struct probe *probe, struct error *err)
{
	size_t n = json_length(machines);

	if (n == 0)
		return damaged("machines", err);
	probe->machines = xcalloc(n, sizeof(*probe->machines));
	for (size_t i = 0; i < n; i++) {
		const struct json *j = json_at(machines, i);
		const char *name = json_get_string(j, "name", NULL);

		if (!name)
			return damaged("machines", err);
		probe->machines[probe->n_machines++] = (struct probe_machine){
			.name = xstrdup(name),
			.alias = xstrdup(json_get_string(j, "alias", NULL)),
			.is_default = json_get_bool(j, "default", false),
			.deprecated = json_get_bool(j, "deprecated", false),
			.cpu_max = (int)json_get_int(j, "cpu-max", 0),
		};
	}
	return 0;
}

int probe_from_json(const struct json *digest, struct probe **ret, struct error *err)
{
	_cleanup_probe_ struct probe *probe = xcalloc(1, sizeof(*probe));
	const struct json *can = json_get(digest, "can");

	probe->major = (int)json_get_int(digest, "major", -1);
	probe->minor = (int)json_get_int(digest, "minor", -1);
	probe->micro = (int)json_get_int(digest, "micro", -1);
	if (probe->major < 0 || probe->minor < 0 || probe->micro < 0)
		return damaged("major, minor, micro", err);
	probe->package = xstrdup(json_get_string(digest, "package", ""));
	for (size_t i = 0; i < ELEMENTS(can_rows); i++) {
		if (json_type_of(json_get(can, can_rows[i].name)) != JSON_BOOL)
			return damaged(can_rows[i].name, err);
		*can_of(probe, can_rows[i].offset) = json_get_bool(can, can_rows[i].name, false);
	}
	for (size_t i = 0; i < ELEMENTS(list_rows); i++) {
		const char *joined = json_get_string(digest, list_rows[i].name, NULL);

		if (!joined)
			return damaged(list_rows[i].name, err);
		*list_of(probe, list_rows[i].offset) = strv_split(joined, LIST_SEPARATOR);
	}
	if (read_machines(json_get(digest, "machines"), probe, err) < 0)
		return -1;
	*ret = take_ptr(probe);
	return 0;
}

static int compare_names(const void *key, const void *entry)
{
	return strcmp(key, *(char *const *)entry);
}

static bool sorted_has(char *const *list, const char *name)
{
	return list && bsearch(name, list, strv_length(list), sizeof(*list), compare_names);
}

bool probe_has_device(const struct probe *probe, const char *type)
{
	return sorted_has(probe->devices, type);
}

bool probe_has_command(const struct probe *probe, const char *command)
{
	return sorted_has(probe->commands, command);
}

bool probe_has_cpu(const struct probe *probe, const char *model)
{
	return sorted_has(probe->cpus, model);
}

bool probe_has_object(const struct probe *probe, const char *type)
{
	return !probe->objects || sorted_has(probe->objects, type);
}

bool probe_has_block_driver(const struct probe *probe, const char *driver)
{
	return sorted_has(probe->block_drivers, driver);
}

bool probe_has_migration_cap(const struct probe *probe, const char *capability)
{
	return sorted_has(probe->migration_caps, capability);
}

bool probe_at_least(const struct probe *probe, int major, int minor)
{
	return probe->major > major || (probe->major == major && probe->minor >= minor);
}

bool probe_opens_userfaultfd(const struct probe *probe)
{
	return probe_at_least(probe, 8, 0);
}

const struct probe_machine *probe_machine(const struct probe *probe, const char *name)
{
	for (size_t i = 0; i < probe->n_machines; i++) {
		const struct probe_machine *machine = &probe->machines[i];

		if (streq(machine->name, name) || (machine->alias && streq(machine->alias, name)))
			return machine;
	}
	return NULL;
}
