/* The commands of the fake QEMU that do something: to what runs, to its devices, with descriptors, the screen, the human monitor. */
#include <fcntl.h>

#include "base/file.h"
#include "base/text.h"
#include "fake_command.h"

/* --- what runs --- */
COMMAND(cont)
{
	UNUSED;
	if (streq(fake.status, "shutdown") || streq(fake.status, "guest-panicked"))
		return fake_fail(error, "GenericError", "Resetting the Virtual Machine is required");
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
	struct json *data = fake_object("guest", json_new_bool(false));

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
	data = fake_object("guest", json_new_bool(false));
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
		return fake_fail(error, "DeviceNotActive", "No balloon device has been activated");

	int64_t value = json_get_int(arguments, "value", -1);
	if (value <= 0)
		return fake_fail(error, "GenericError", "Parameter 'target' expects a size");
	fake.balloon = value < fake.memory ? value : fake.memory;
	fake_event("BALLOON_CHANGE", fake_object("actual", json_new_int(fake.balloon)));
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
		return fake_fail(error, "GenericError", "Duplicate device ID '%s'", id);
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
		return fake_fail(error, "DeviceNotFound", "Device '%s' not found", id);
	rest = json_new_array();
	for (size_t i = 0; i < json_length(fake.devices); i++)
		if (i != at)
			json_append(rest, json_ref(json_at(fake.devices, i)));

	struct json *data = fake_object("path", json_new_string("/machine/peripheral"));
	json_put_string(data, "device", id);
	json_free(fake.devices);
	fake.devices = rest;
	fake_event("DEVICE_DELETED", data);
	return json_new_object();
}

/* --- descriptors --- */
int fake_fdset_fd(int64_t set)
{
	for (size_t i = 0; i < fake.n_fdsets; i++)
		if (fake.fdsets[i].set == set)
			return fake.fdsets[i].fd;
	return -1;
}

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
		return fake_fail(error, "GenericError", "No file descriptor supplied via SCM_RIGHTS");
	for (size_t i = 0; set < 0 && i <= fake.n_fdsets; i++)
		if (fake_fdset_fd((int64_t)i) < 0)
			set = (int)i;
	fake.fdsets[fake.n_fdsets].set = set;
	fake.fdsets[fake.n_fdsets++].fd = fd;

	struct json *j = fake_object("fdset-id", json_new_int(set));
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
		return fake_fail(error, "GenericError", "File descriptor named 'fdset-id:%lld' not found",
				 (long long)set);
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
		return fake_fail(error, "GenericError", "No file descriptor supplied via SCM_RIGHTS");
	fake.handed_over = fd;
	return json_new_object();
}

/* --- the screen --- */
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
		return fake_fail(error, "GenericError", "failed to open file '%s'", filename);
	if (png ? file_write_all(fd, picture_png, sizeof(picture_png))
		: file_write_all(fd, picture_ppm, sizeof(picture_ppm) - 1))
		return fake_fail(error, "GenericError", "failed to write '%s'", filename);
	return json_new_object();
}

/* --- the human monitor --- */
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
