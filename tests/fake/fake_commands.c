/* The commands of the fake QEMU, a good part of QMP: which there are, and how one is refused. */
#include "base/text.h"
#include "fake_command.h"

typedef struct json *(*command_fn)(struct chardev *monitor, const struct json *arguments, struct json **error);

struct json *fake_fail(struct json **error, const char *class, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	_cleanup_free_ char *desc = xvprintf(format, ap);
	va_end(ap);
	*error = json_new_object();
	json_put_string(*error, "class", class);
	json_put_string(*error, "desc", desc);
	return NULL;
}

struct json *fake_object(const char *key, struct json *value)
{
	struct json *j = json_new_object();

	json_put(j, key, value);
	return j;
}

static COMMAND(nothing)
{
	UNUSED;
	return json_new_object();
}

static COMMAND(empty_list)
{
	UNUSED;
	return json_new_array();
}

static const struct {
	const char *name;
	command_fn fn;
} commands[] = {
	{ "query-status", command_query_status },
	{ "query-name", command_query_name },
	{ "query-uuid", command_query_uuid },
	{ "query-kvm", command_query_kvm },
	{ "query-balloon", command_query_balloon },
	{ "query-cpus-fast", command_query_cpus_fast },
	{ "query-block", command_query_block },
	{ "query-chardev", command_query_chardev },
	{ "query-vnc", command_query_vnc },
	{ "query-spice", command_query_spice },
	{ "query-fdsets", command_query_fdsets },
	{ "query-vnc-servers", command_empty_list },
	{ "query-iothreads", command_empty_list },
	{ "query-blockstats", command_empty_list },
	{ "query-named-block-nodes", command_empty_list },
	{ "query-pci", command_empty_list },
	{ "query-jobs", command_empty_list },
	{ "query-block-jobs", command_empty_list },
	{ "query-block-exports", command_empty_list },
	{ "query-migrate", command_query_migrate },
	{ "migrate", command_migrate },
	{ "migrate-incoming", command_migrate_incoming },
	{ "migrate_cancel", command_migrate_cancel },
	{ "migrate-set-capabilities", command_nothing },
	{ "migrate-set-parameters", command_nothing },
	{ "announce-self", command_nothing },
	{ "cont", command_cont },
	{ "stop", command_stop },
	{ "system_powerdown", command_system_powerdown },
	{ "system_reset", command_system_reset },
	{ "system_wakeup", command_nothing },
	{ "quit", command_quit },
	{ "balloon", command_balloon },
	{ "inject-nmi", command_nothing },
	{ "send-key", command_nothing },
	{ "set-action", command_nothing },
	{ "watchdog-set-action", command_nothing },
	{ "set_password", command_nothing },
	{ "expire_password", command_nothing },
	{ "change-vnc-password", command_nothing },
	{ "display-update", command_nothing },
	{ "add_client", command_nothing },
	{ "set_link", command_nothing },
	{ "device_add", command_device_add },
	{ "device_del", command_device_del },
	{ "netdev_add", command_nothing },
	{ "netdev_del", command_nothing },
	{ "object-add", command_nothing },
	{ "object-del", command_nothing },
	{ "blockdev-add", command_nothing },
	{ "blockdev-del", command_nothing },
	{ "qom-set", command_nothing },
	{ "add-fd", command_add_fd },
	{ "remove-fd", command_remove_fd },
	{ "getfd", command_getfd },
	{ "closefd", command_nothing },
	{ "screendump", command_screendump },
	{ "human-monitor-command", command_human_monitor_command },
};

/* Members that the schema does not have, as QEMU refuses them. Commands whose arguments depend on a type are not looked into. */
static bool check_arguments(const char *command, const struct json *arguments, struct json **error)
{
	const struct json *entity = qmp_schema_walk(fake.schema, command);

	if (streq(command, "device_add") || streq(command, "netdev_add") || streq(command, "object-add") ||
	    streq(command, "blockdev-add") || streq(command, "qom-set"))
		return true;
	for (struct json_iter it = json_iter(arguments); json_next(&it);) {
		_cleanup_free_ char *path = xprintf("%s %s", command, it.key);
		_cleanup_free_ char *variant =
			xprintf("%s %s=%s %s", command, "type", json_get_string(arguments, "type", "-"), it.key);
		_cleanup_free_ char *protocol =
			xprintf("%s protocol=%s %s", command, json_get_string(arguments, "protocol", "-"), it.key);

		if (!qmp_schema_has(fake.schema, path) && !qmp_schema_has(fake.schema, variant) &&
		    !qmp_schema_has(fake.schema, protocol)) {
			fake_fail(error, "GenericError", "Parameter '%s' is unexpected", it.key);
			return false;
		}
	}
	return entity != NULL;
}

struct json *fake_execute(struct chardev *monitor, const char *command, const struct json *arguments,
			  struct json **error)
{
	const struct json *recorded = json_get(json_get(fake.answers, command), "return");

	if (!qmp_schema_has(fake.schema, command))
		return fake_fail(error, "CommandNotFound", "The command %s has not been found", command);
	if (!check_arguments(command, arguments, error))
		return NULL;
	for (size_t i = 0; i < ELEMENTS(commands); i++)
		if (streq(commands[i].name, command))
			return commands[i].fn(monitor, arguments, error);
	if (recorded)
		return json_copy(recorded);
	return fake_fail(error, "GenericError", "the fake QEMU does not do %s", command);
}
