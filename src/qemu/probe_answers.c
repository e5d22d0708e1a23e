/* From a binary's raw answers to the digest: which answer says what. */
#include "qemu/probe.h"

#include "base/strv.h"
#include "base/text.h"
#include "qemu/qmp_schema.h"

const struct probe_query probe_queries[] = {
	{ "query-version", "query-version", NULL },
	{ "qom-list-types", "qom-list-types", "{\"implements\":\"device\",\"abstract\":false}" },
	{ "query-machines", "query-machines", NULL },
	{ "query-command-line-options", "query-command-line-options", NULL },
	{ "query-cpu-definitions", "query-cpu-definitions", NULL },
	{ "query-migrate-capabilities", "query-migrate-capabilities", NULL },
	{ "query-qmp-schema", "query-qmp-schema", NULL },
};
const size_t probe_n_queries = ELEMENTS(probe_queries);

/* The list that a query returned. An error reply (query-cpu-definitions of some targets) is an empty one
 * when it is not needed. */
static int answer_list(const struct json *answers, const char *key, bool needed, const struct json **ret,
		       struct error *err)
{
	const struct json *list = json_get(json_get(answers, key), "return");

	if (json_type_of(list) != JSON_ARRAY || json_length(list) == 0) {
		if (needed)
			return error_set(err, ERROR_QEMU, "QEMU's answer to \"%s\" is missing or is not a list", key);
		list = NULL;
	}
	*ret = list;
	return 0;
}

/* The `member` of each entry, sorted. */
static int answer_names(const struct json *answers, const char *key, const char *member, bool needed, char ***ret,
			struct error *err)
{
	const struct json *list;

	if (answer_list(answers, key, needed, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < json_length(list); i++) {
		const char *name = json_get_string(json_at(list, i), member, NULL);

		/* A name with the digest's separator would fall apart in it (there are names with blanks;
		 * none has this). */
		if (is_empty(name) || strchr(name, '|'))
			return error_set(err, ERROR_QEMU, "QEMU's answer to \"%s\" has an entry without \"%s\"", key,
					 member);
		strv_add(ret, name);
	}
	strv_sort(*ret);
	return 0;
}

static int read_version(const struct json *answers, struct probe *probe, struct error *err)
{
	const struct json *version = json_get(json_get(answers, "query-version"), "return");
	const struct json *qemu = json_get(version, "qemu");

	probe->major = (int)json_get_int(qemu, "major", -1);
	probe->minor = (int)json_get_int(qemu, "minor", -1);
	probe->micro = (int)json_get_int(qemu, "micro", -1);
	probe->package = xstrdup(json_get_string(version, "package", ""));
	if (probe->major < 0 || probe->minor < 0 || probe->micro < 0)
		return error_set(err, ERROR_QEMU, "QEMU's answer to \"query-version\" has no version");
	return 0;
}

static int read_machines(const struct json *answers, struct probe *probe, struct error *err)
{
	const struct json *list;

	if (answer_list(answers, "query-machines", true, &list, err) < 0)
		return -1;
	probe->machines = xcalloc(json_length(list), sizeof(*probe->machines));
	for (size_t i = 0; i < json_length(list); i++) {
		const struct json *j = json_at(list, i);
		const char *name = json_get_string(j, "name", NULL);

		if (is_empty(name))
			return error_set(err, ERROR_QEMU,
					 "QEMU's answer to \"query-machines\" has an entry without \"name\"");
		probe->machines[probe->n_machines++] = (struct probe_machine){
			.name = xstrdup(name),
			.alias = xstrdup(json_get_string(j, "alias", NULL)),
			.is_default = json_get_bool(j, "is-default", false),
			.deprecated = json_get_bool(j, "deprecated", false),
			.cpu_max = (int)json_get_int(j, "cpu-max", 0),
		};
	}
	return 0;
}

/* query-command-line-options: has the option `name`, with `parameter` (NULL: any)? */
static bool has_option(const struct json *options, const char *name, const char *parameter)
{
	for (size_t i = 0; i < json_length(options); i++) {
		const struct json *option = json_at(options, i);
		const struct json *parameters = json_get(option, "parameters");

		if (!streq(json_get_string(option, "option", ""), name))
			continue;
		if (!parameter)
			return true;
		for (size_t k = 0; k < json_length(parameters); k++)
			if (streq(json_get_string(json_at(parameters, k), "name", ""), parameter))
				return true;
	}
	return false;
}

/* True when a line of --help begins with the option. query-command-line-options lists only those that are
 * option groups. */
static bool help_lists(const char *help, const char *option)
{
	size_t length = strlen(option);

	for (const char *line = help; line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (strncmp(line, option, length) == 0 && (line[length] == ' ' || line[length] == '\n'))
			return true;
	}
	return false;
}

/* The devices that are compiled only together with the accelerator (hw/i386/kvm, hw/intc). */
static bool has_kvm(char *const *devices)
{
	static const char *const kvm_devices[] = { "kvm-apic", "kvm-arm-gic", "kvm-s390-flic", "kvm-openpic",
						   "xics-kvm" };

	for (size_t i = 0; i < ELEMENTS(kvm_devices); i++)
		if (strv_contains(devices, kvm_devices[i]))
			return true;
	return false;
}

static void read_can(const struct json *options, const struct qmp_schema *schema, const char *help, struct probe *probe)
{
	probe->can = (struct probe_can){
		.json_device = qmp_schema_has_feature(schema, "device_add", "json-cli"),
		/* -netdev took JSON in the release that brought dgram and stream. */
		.json_netdev = qmp_schema_has(schema, "netdev_add type=dgram"),
		/* -object took JSON when object-add became typed. */
		.json_object = qmp_schema_has(schema, "object-add qom-type=secret"),
		/* Machines know acpi= for longer than the answers show it; while -no-acpi is there and
		 * not yet deprecated (8.0), it is sure. */
		.machine_acpi = has_option(options, "machine", "acpi") || !help_lists(help, "-no-acpi") ||
				probe_at_least(probe, 8, 0),
		.action = has_option(options, "action", NULL),
		.run_with_chroot = has_option(options, "run-with", "chroot"),
		.run_with_user = has_option(options, "run-with", "user"),
		.chroot = help_lists(help, "-chroot"),
		.runas = help_lists(help, "-runas"),
		.sandbox = has_option(options, "sandbox", "resourcecontrol"),
		/* -help lists -spice also when the module that implements it is not installed. */
		.spice = has_option(options, "spice", NULL),
		.display_update = qmp_schema_has(schema, "display-update type=vnc addresses"),
		.screendump_png = qmp_schema_has(schema, "screendump format=png"),
		.migrate_channels = qmp_schema_has(schema, "migrate channels"),
		.audiodev = help_lists(help, "-audiodev"),
		.kvm = has_kvm(probe->devices),
		.blockdev_io_uring = qmp_schema_has(schema, "blockdev-add driver=file aio=io_uring"),
		/* "server" and "wait" have been booleans of an option group in every QEMU that speaks blockdev. */
		.server_on = has_option(options, "chardev", "server"),
	};
}

int probe_from_answers(const struct json *answers, struct probe **ret, struct error *err)
{
	_cleanup_probe_ struct probe *probe = xcalloc(1, sizeof(*probe));
	_cleanup_qmp_schema_ struct qmp_schema *schema = NULL;
	const struct json *options;

	if (read_version(answers, probe, err) < 0 || read_machines(answers, probe, err) < 0)
		return -1;
	if (answer_names(answers, "qom-list-types", "name", true, &probe->devices, err) < 0 ||
	    answer_names(answers, "query-cpu-definitions", "name", false, &probe->cpus, err) < 0 ||
	    answer_names(answers, "query-migrate-capabilities", "capability", false, &probe->migration_caps, err) < 0 ||
	    answer_list(answers, "query-command-line-options", true, &options, err) < 0)
		return -1;
	if (qmp_schema_new(json_get(json_get(answers, "query-qmp-schema"), "return"), &schema, err) < 0)
		return -1;

	qmp_schema_commands(schema, &probe->commands);
	qmp_schema_values(schema, "object-add qom-type", &probe->objects);
	qmp_schema_values(schema, "blockdev-add driver", &probe->block_drivers);
	qmp_schema_values(schema, "migrate-set-parameters multifd-compression", &probe->compressions);
	strv_sort(probe->compressions);
	strv_sort(probe->commands);
	strv_sort(probe->objects);
	strv_sort(probe->block_drivers);
	read_can(options, schema, json_get_string(answers, "help", ""), probe);
	*ret = take_ptr(probe);
	return 0;
}
