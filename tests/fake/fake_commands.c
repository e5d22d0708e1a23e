/* The commands of the fake QEMU: a good part of QMP, with the state behind it. */
#include <fcntl.h>

#include "base/deadline.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "fake.h"

typedef struct json *(*command_fn)(struct chardev *monitor, const struct json *arguments, struct json **error);

static struct json *fail(struct json **error, const char *class, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static struct json *fail(struct json **error, const char *class, const char *format, ...)
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

static struct json *object(const char *key, struct json *value)
{
	struct json *j = json_new_object();

	if (key)
		json_put(j, key, value);
	return j;
}

#define COMMAND(name) \
	static struct json *name(struct chardev *monitor, const struct json *arguments, struct json **error)
#define UNUSED (void)monitor, (void)arguments, (void)error

COMMAND(nothing)
{
	UNUSED;
	return json_new_object();
}

COMMAND(empty_list)
{
	UNUSED;
	return json_new_array();
}

/* --- what is asked --- */
COMMAND(query_status)
{
	struct json *j = object("running", json_new_bool(streq(fake.status, "running")));

	UNUSED;
	json_put_bool(j, "singlestep", false);
	json_put_string(j, "status", fake.status);
	return j;
}

COMMAND(query_name)
{
	UNUSED;
	return fake.name ? object("name", json_new_string(fake.name)) : json_new_object();
}

COMMAND(query_uuid)
{
	UNUSED;
	return object("UUID", json_new_string(fake.uuid ? fake.uuid : "00000000-0000-0000-0000-000000000000"));
}

COMMAND(query_kvm)
{
	struct json *j = object("enabled", json_new_bool(false));

	UNUSED;
	json_put_bool(j, "present", true);
	return j;
}

COMMAND(query_balloon)
{
	UNUSED;
	if (!fake.has_balloon)
		return fail(error, "DeviceNotActive", "No balloon device has been activated");
	return object("actual", json_new_int(fake.balloon));
}

COMMAND(query_cpus_fast)
{
	struct json *list = json_new_array();

	UNUSED;
	for (int i = 0; i < fake.vcpus; i++) {
		struct json *cpu = object("cpu-index", json_new_int(i));

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
		struct json *entry = object("device", json_new_string(""));
		json_put_string(entry, "qdev", json_get_string(device, "id", ""));
		json_put_string(entry, "type", "unknown");
		json_put_bool(entry, "locked", false);
		json_put_bool(entry, "removable", false);
		json_put_string(entry, "io-status", "ok");
		json_put(entry, "inserted", object("node-name", json_new_string(drive)));
		json_append(list, entry);
	}
	return list;
}

COMMAND(query_chardev)
{
	struct json *list = json_new_array();

	UNUSED;
	for (size_t i = 0; i < fake.n_chardevs; i++) {
		struct json *entry = object("label", json_new_string(fake.chardevs[i].id));

		json_put_string(entry, "filename", "socket");
		json_put_bool(entry, "frontend-open", fake.chardevs[i].client_fd >= 0);
		json_append(list, entry);
	}
	return list;
}

COMMAND(query_vnc)
{
	UNUSED;
	return object("enabled", json_new_bool(fake.has_vnc));
}

COMMAND(query_spice)
{
	struct json *j = object("enabled", json_new_bool(fake.has_spice));

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
		struct json *set = object("fdset-id", json_new_int(fake.fdsets[i].set));
		struct json *fds = json_new_array();

		json_append(fds, object("fd", json_new_int(fake.fdsets[i].fd)));
		json_put(set, "fds", fds);
		json_append(list, set);
	}
	return list;
}

/* --- what runs --- */
COMMAND(cont)
{
	UNUSED;
	if (streq(fake.status, "shutdown") || streq(fake.status, "guest-panicked"))
		return fail(error, "GenericError", "Resetting the Virtual Machine is required");
	if (!streq(fake.status, "running")) {
		fake.status = "running";
		fake_event("RESUME", NULL);
	}
	if (conf_int("exit_after", -1) >= 0)
		fake_after(conf_int("exit_after", 0), fake_guest_shutdown, NULL);
	return json_new_object();
}

COMMAND(stop)
{
	UNUSED;
	if (streq(fake.status, "running")) {
		fake.status = "paused";
		fake_event("STOP", NULL);
	}
	return json_new_object();
}

COMMAND(system_powerdown)
{
	int64_t ms = conf_int("powerdown", 50);

	UNUSED;
	fake_event("POWERDOWN", NULL);
	/* A guest that is paused, or does not listen, does nothing. */
	if (ms >= 0 && streq(fake.status, "running"))
		fake_after(ms, fake_guest_shutdown, NULL);
	return json_new_object();
}

COMMAND(system_reset)
{
	struct json *data = object("guest", json_new_bool(false));

	UNUSED;
	json_put_string(data, "reason", "host-qmp-system-reset");
	fake_event("RESET", data);
	return json_new_object();
}

static void exit_now(struct json *status)
{
	fake_exit((int)json_int(status, 0));
}

COMMAND(quit)
{
	struct json *data;

	UNUSED;
	if (conf_bool("ignore_quit"))
		return json_new_object();
	data = object("guest", json_new_bool(false));
	json_put_string(data, "reason", "host-qmp-quit");
	fake_event("SHUTDOWN", data);
	/* After the reply. */
	fake_after(0, exit_now, json_new_int(0));
	return json_new_object();
}

COMMAND(balloon)
{
	UNUSED;
	if (!fake.has_balloon)
		return fail(error, "DeviceNotActive", "No balloon device has been activated");

	int64_t value = json_get_int(arguments, "value", -1);
	if (value <= 0)
		return fail(error, "GenericError", "Parameter 'target' expects a size");
	fake.balloon = value < fake.memory ? value : fake.memory;
	fake_event("BALLOON_CHANGE", object("actual", json_new_int(fake.balloon)));
	return json_new_object();
}

/* --- devices --- */
static size_t find_device(const char *id)
{
	size_t i = 0;

	while (i < json_length(fake.devices) && !streq(json_get_string(json_at(fake.devices, i), "id", ""), id))
		i++;
	return i;
}

COMMAND(device_add)
{
	const char *id = json_get_string(arguments, "id", "");

	UNUSED;
	if (*id && find_device(id) < json_length(fake.devices))
		return fail(error, "GenericError", "Duplicate device ID '%s'", id);
	json_append(fake.devices, json_copy(arguments));
	return json_new_object();
}

COMMAND(device_del)
{
	const char *id = json_get_string(arguments, "id", "");
	size_t at = find_device(id);
	struct json *rest;

	UNUSED;
	if (at == json_length(fake.devices))
		return fail(error, "DeviceNotFound", "Device '%s' not found", id);
	rest = json_new_array();
	for (size_t i = 0; i < json_length(fake.devices); i++)
		if (i != at)
			json_append(rest, json_ref(json_at(fake.devices, i)));

	struct json *data = object("path", json_new_string("/machine/peripheral"));
	json_put_string(data, "device", id);
	json_free(fake.devices);
	fake.devices = rest;
	fake_event("DEVICE_DELETED", data);
	return json_new_object();
}

/* --- descriptors --- */
static int take_received(struct chardev *monitor)
{
	int fd;

	if (monitor->n_fds == 0)
		return -1;
	fd = monitor->fds[0];
	monitor->n_fds--;
	memmove(monitor->fds, monitor->fds + 1, monitor->n_fds * sizeof(int));
	return fd;
}

COMMAND(add_fd)
{
	int fd = take_received(monitor);
	int set = (int)json_get_int(arguments, "fdset-id", -1);

	if (fd < 0)
		return fail(error, "GenericError", "No file descriptor supplied via SCM_RIGHTS");
	for (size_t i = 0; set < 0 && i <= fake.n_fdsets; i++)
		if (fake_fdset_fd((int64_t)i) < 0)
			set = (int)i;
	fake.fdsets[fake.n_fdsets].set = set;
	fake.fdsets[fake.n_fdsets++].fd = fd;

	struct json *j = object("fdset-id", json_new_int(set));
	json_put_int(j, "fd", fd);
	return j;
}

COMMAND(remove_fd)
{
	int64_t set = json_get_int(arguments, "fdset-id", -1);
	int fd = fake_fdset_fd(set);
	size_t n = 0;

	UNUSED;
	if (fd < 0)
		return fail(error, "GenericError", "File descriptor named 'fdset-id:%lld' not found", (long long)set);
	for (size_t i = 0; i < fake.n_fdsets; i++) {
		if (fake.fdsets[i].set == set)
			close(fake.fdsets[i].fd);
		else
			fake.fdsets[n++] = fake.fdsets[i];
	}
	fake.n_fdsets = n;
	return json_new_object();
}

COMMAND(getfd)
{
	int fd = take_received(monitor);

	UNUSED;
	if (fd < 0)
		return fail(error, "GenericError", "No file descriptor supplied via SCM_RIGHTS");
	fake.handed_over = fd;
	return json_new_object();
}

COMMAND(migrate)
{
	UNUSED;
	return fake_migrate(arguments, error);
}

COMMAND(migrate_incoming)
{
	UNUSED;
	return fake_migrate_incoming(arguments, error);
}

COMMAND(migrate_cancel)
{
	UNUSED;
	return fake_migrate_cancel();
}

COMMAND(query_migrate)
{
	UNUSED;
	return fake_query_migrate();
}

/* --- the rest --- */
/* 2 x 1 pixels, red and blue. */
static const char picture_ppm[] = "P6\n2 1\n255\n\xff\0\0\0\0\xff";
static const unsigned char picture_png[] = {
	0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00,
	0x00, 0x02, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x00, 0x00, 0x00, 0x7b, 0x40, 0xe8, 0xdd, 0x00, 0x00, 0x00,
	0x0d, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xf8, 0xcf, 0x00, 0x04, 0xff, 0x01, 0x07, 0x00, 0x01, 0xff,
	0xe2, 0x23, 0x9e, 0x59, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
};

COMMAND(screendump)
{
	const char *filename = json_get_string(arguments, "filename", "");
	bool png = streq(json_get_string(arguments, "format", "ppm"), "png");
	_cleanup_close_ int opened = -1;
	int fd;

	UNUSED;
	if (starts_with(filename, "/dev/fdset/")) {
		fd = fake_fdset_fd(strtoll(filename + strlen("/dev/fdset/"), NULL, 10));
		if (fd >= 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY)
			fd = -1;
	} else {
		fd = opened = open(filename, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	}
	if (fd < 0)
		return fail(error, "GenericError", "failed to open file '%s'", filename);
	if (png ? file_write_all(fd, picture_png, sizeof(picture_png))
		: file_write_all(fd, picture_ppm, sizeof(picture_ppm) - 1))
		return fail(error, "GenericError", "failed to write '%s'", filename);
	return json_new_object();
}

static void send_named_event(const char *words)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	size_t length = strcspn(words, " ");
	_cleanup_free_ char *name = xstrndup(words, length);
	struct json *data = NULL;

	if (words[length])
		json_parse(words + length, strlen(words + length), 1 << 20, 64, "event", &data, &ignored);
	fake_event(name, data);
}

COMMAND(human_monitor_command)
{
	const char *line = json_get_string(arguments, "command-line", "");
	_cleanup_free_ char *text = NULL;

	UNUSED;
	if (starts_with(line, "fake die "))
		fake_after(0, exit_now, json_new_int(strtoll(line + 9, NULL, 10)));
	else if (starts_with(line, "fake event "))
		send_named_event(line + 11);
	if (streq(line, "info status"))
		text = xprintf("VM status: %s\r\n", fake.status);
	else if (starts_with(line, "fake "))
		text = xstrdup("");
	else
		text = xprintf("unknown command: '%s'\r\n", line);
	return json_new_string(text);
}

static const struct {
	const char *name;
	command_fn fn;
} commands[] = {
	{ "query-status", query_status },
	{ "query-name", query_name },
	{ "query-uuid", query_uuid },
	{ "query-kvm", query_kvm },
	{ "query-balloon", query_balloon },
	{ "query-cpus-fast", query_cpus_fast },
	{ "query-block", query_block },
	{ "query-chardev", query_chardev },
	{ "query-vnc", query_vnc },
	{ "query-spice", query_spice },
	{ "query-fdsets", query_fdsets },
	{ "query-vnc-servers", empty_list },
	{ "query-iothreads", empty_list },
	{ "query-blockstats", empty_list },
	{ "query-named-block-nodes", empty_list },
	{ "query-pci", empty_list },
	{ "query-jobs", empty_list },
	{ "query-block-jobs", empty_list },
	{ "query-block-exports", empty_list },
	{ "query-migrate", query_migrate },
	{ "migrate", migrate },
	{ "migrate-incoming", migrate_incoming },
	{ "migrate_cancel", migrate_cancel },
	{ "migrate-set-capabilities", nothing },
	{ "migrate-set-parameters", nothing },
	{ "announce-self", nothing },
	{ "cont", cont },
	{ "stop", stop },
	{ "system_powerdown", system_powerdown },
	{ "system_reset", system_reset },
	{ "system_wakeup", nothing },
	{ "quit", quit },
	{ "balloon", balloon },
	{ "inject-nmi", nothing },
	{ "send-key", nothing },
	{ "set-action", nothing },
	{ "watchdog-set-action", nothing },
	{ "set_password", nothing },
	{ "expire_password", nothing },
	{ "change-vnc-password", nothing },
	{ "display-update", nothing },
	{ "add_client", nothing },
	{ "set_link", nothing },
	{ "device_add", device_add },
	{ "device_del", device_del },
	{ "netdev_add", nothing },
	{ "netdev_del", nothing },
	{ "object-add", nothing },
	{ "object-del", nothing },
	{ "blockdev-add", nothing },
	{ "blockdev-del", nothing },
	{ "qom-set", nothing },
	{ "add-fd", add_fd },
	{ "remove-fd", remove_fd },
	{ "getfd", getfd },
	{ "closefd", nothing },
	{ "screendump", screendump },
	{ "human-monitor-command", human_monitor_command },
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
			fail(error, "GenericError", "Parameter '%s' is unexpected", it.key);
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
		return fail(error, "CommandNotFound", "The command %s has not been found", command);
	if (!check_arguments(command, arguments, error))
		return NULL;
	for (size_t i = 0; i < ELEMENTS(commands); i++)
		if (streq(commands[i].name, command))
			return commands[i].fn(monitor, arguments, error);
	if (recorded)
		return json_copy(recorded);
	return fail(error, "GenericError", "the fake QEMU does not do %s", command);
}
