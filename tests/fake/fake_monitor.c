/* The fake QEMU's end of a monitor, a serial port or a channel: what it says there, answers and hears. */
#include <sys/socket.h>

#include "base/deadline.h"
#include "base/text.h"
#include "fake.h"

/* --- speaking --- */
static void hang_up(struct chardev *chardev)
{
	if (chardev->client_fd > 2)
		close(chardev->client_fd);
	chardev->client_fd = chardev->out_fd = -1;
	chardev->negotiated = false;
	chardev->in_length = 0;
}

static void say_bytes(struct chardev *chardev, const char *bytes, size_t length)
{
	while (length > 0 && chardev->out_fd >= 0) {
		ssize_t n = chardev->out_fd == 1 ? write(1, bytes, length)
						 : send(chardev->out_fd, bytes, length, MSG_NOSIGNAL);

		if (n <= 0) {
			if (n < 0 && errno == EINTR)
				continue;
			hang_up(chardev);
			return;
		}
		bytes += n;
		length -= (size_t)n;
	}
}

static void say(struct chardev *chardev, const struct json *message)
{
	_cleanup_free_ char *text = json_to_text(message);
	_cleanup_free_ char *line = xprintf("%s\r\n", text);

	say_bytes(chardev, line, strlen(line));
}

void fake_event(const char *name, struct json *data)
{
	_cleanup_json_ struct json *event = json_new_object();
	struct json *timestamp = json_new_object();
	int64_t now = clock_realtime_ms();

	json_put_int(timestamp, "seconds", now / 1000);
	json_put_int(timestamp, "microseconds", now % 1000 * 1000);
	json_put(event, "timestamp", timestamp);
	json_put_string(event, "event", name);
	if (data)
		json_put(event, "data", data);
	for (size_t i = 0; i < fake.n_chardevs; i++)
		if (fake.chardevs[i].monitor && fake.chardevs[i].negotiated)
			say(&fake.chardevs[i], event);
}

static void scripted_event(struct json *event)
{
	struct json *data = json_get(event, "data");

	fake_event(json_get_string(event, "event", "FAKE"), data ? json_ref(data) : NULL);
}

void fake_greet(struct chardev *chardev)
{
	const char *greeting = conf_string("greeting", NULL);

	if (!chardev->monitor || conf_bool("silent"))
		return;
	if (greeting)
		say_bytes(chardev, greeting, strlen(greeting));
	else
		say(chardev, json_get(fake.answers, "greeting"));
	if (fake_dies_at("greeting"))
		fake_die();
}

/* --- answering --- */
static void delayed_line(struct json *arg)
{
	const char *line = json_get_string(arg, "line", "");
	struct chardev *monitor = &fake.chardevs[json_get_int(arg, "monitor", 0)];

	say_bytes(monitor, line, strlen(line));
}

static void send_line(struct chardev *monitor, const char *line, int64_t delay)
{
	struct json *arg;

	if (delay <= 0) {
		say_bytes(monitor, line, strlen(line));
		return;
	}
	arg = json_new_object();
	json_put_string(arg, "line", line);
	json_put_int(arg, "monitor", monitor - fake.chardevs);
	fake_after(delay, delayed_line, arg);
}

static char *reply_line(const char *member, const struct json *value, const struct json *id)
{
	_cleanup_json_ struct json *reply = json_new_object();

	json_put(reply, member, json_copy(value));
	if (id)
		json_put(reply, "id", json_copy(id));
	_cleanup_free_ char *text = json_to_text(reply);
	return xprintf("%s\r\n", text);
}

/* "raw" with @ID@ replaced. */
static char *raw_line(const char *raw, const struct json *id)
{
	const char *mark = strstr(raw, "@ID@");
	_cleanup_free_ char *text = id ? json_to_text(id) : xstrdup("null");

	return mark ? xprintf("%.*s%s%s", (int)(mark - raw), raw, text, mark + 4) : xstrdup(raw);
}

/* The conf has an answer of its own for this command. */
static bool scripted_reply(struct chardev *monitor, const char *command, const struct json *id)
{
	const struct json *replies =
		fake.probe && !json_get_bool(fake.conf, "in_probe", false) ? NULL : json_get(fake.conf, "replies");
	const struct json *row = json_get(replies, command);
	const char *raw = json_get_string(row, "raw", NULL);
	_cleanup_free_ char *line = NULL;

	if (!row)
		return false;
	if (json_get_bool(row, "none", false))
		return true;
	if (raw)
		line = raw_line(raw, id);
	else if (json_get(row, "error"))
		line = reply_line("error", json_get(row, "error"), id);
	else if (json_get(row, "return"))
		line = reply_line("return", json_get(row, "return"), id);
	if (!line)
		return false;
	send_line(monitor, line, json_get_int(row, "delay", 0));
	if (json_get_bool(row, "twice", false))
		send_line(monitor, line, json_get_int(row, "delay", 0));
	return true;
}

/* Once, when the first monitor is negotiated. */
static void now_ready(void)
{
	const struct json *events = json_get(fake.conf, "events");

	if (fake.ever_ready || fake.probe)
		return;
	fake.ever_ready = true;
	for (size_t i = 0; i < json_length(events); i++)
		fake_after(json_get_int(json_at(events, i), "at", 0), scripted_event, json_ref(json_at(events, i)));
	if (conf_int("crash_after", -1) >= 0)
		fake_after(conf_int("crash_after", 0), fake_crash, NULL);
	if (fake_dies_at("ready"))
		fake_after(1, fake_crash, NULL);
}

static void say_long_line(struct chardev *monitor, int64_t bytes)
{
	char block[65536];

	memset(block, 'x', sizeof(block));
	for (; bytes > 0 && monitor->out_fd >= 0; bytes -= (int64_t)sizeof(block))
		say_bytes(monitor, block, bytes < (int64_t)sizeof(block) ? (size_t)bytes : sizeof(block));
}

static void negotiate(struct chardev *monitor, const struct json *id)
{
	_cleanup_json_ struct json *nothing = json_new_object();
	_cleanup_free_ char *line = reply_line("return", nothing, id);

	if (fake_dies_at("device"))
		fake_die();
	if (conf_int("long_line", 0) > 0) {
		say_long_line(monitor, conf_int("long_line", 0));
		return;
	}
	send_line(monitor, line, conf_int("ready_delay", 0));
	monitor->negotiated = true;
	now_ready();
}

static void handle_command(struct chardev *monitor, const struct json *message)
{
	const char *command = json_get_string(message, "execute", "");
	const struct json *id = json_get(message, "id");
	struct json *error = NULL;

	fake_record_command(monitor, message);
	if (conf_bool("silent"))
		return;
	if (*command && fake_dies_at(command))
		fake_die();
	if (streq(command, "qmp_capabilities") && !scripted_reply(monitor, command, id)) {
		negotiate(monitor, id);
		return;
	}
	if (!monitor->negotiated || scripted_reply(monitor, command, id))
		return;

	_cleanup_json_ struct json *result = fake_execute(monitor, command, json_get(message, "arguments"), &error);
	_cleanup_free_ char *line = reply_line(error ? "error" : "return", error ? error : result, id);
	send_line(monitor, line, 0);
	json_free(error);
}

/* --- hearing --- */
static void handle_lines(struct chardev *monitor)
{
	char *newline;

	while (monitor->client_fd >= 0 && (newline = memchr(monitor->in, '\n', monitor->in_length))) {
		size_t length = (size_t)(newline - monitor->in);
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_json_ struct json *message = NULL;
		_cleanup_free_ char *line = xstrndup(monitor->in, length);

		monitor->in_length -= length + 1;
		memmove(monitor->in, newline + 1, monitor->in_length);
		if (json_parse(line, strlen(line), 64 << 20, 512, "QMP", &message, &err) == 0) {
			handle_command(monitor, message);
		} else {
			_cleanup_json_ struct json *desc = json_new_object();
			_cleanup_free_ char *reply = NULL;

			json_put_string(desc, "class", "GenericError");
			json_put_string(desc, "desc", "JSON parse error");
			reply = reply_line("error", desc, NULL);
			send_line(monitor, reply, 0);
		}
	}
}

static ssize_t receive(struct chardev *chardev, char *buffer, size_t size)
{
	char control[CMSG_SPACE(sizeof(int) * FAKE_MAX)];
	struct iovec iov = { buffer, size };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};

	if (chardev->client_fd == 0)
		return read(0, buffer, size);
	ssize_t n = recvmsg(chardev->client_fd, &message, MSG_CMSG_CLOEXEC);
	for (struct cmsghdr *header = n < 0 ? NULL : CMSG_FIRSTHDR(&message); header;
	     header = CMSG_NXTHDR(&message, header)) {
		size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; i < count && chardev->n_fds < FAKE_MAX; i++)
			memcpy(&chardev->fds[chardev->n_fds++], CMSG_DATA(header) + i * sizeof(int), sizeof(int));
	}
	return n;
}

void fake_hear(struct chardev *chardev)
{
	char buffer[65536];
	ssize_t n = receive(chardev, buffer, sizeof(buffer));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		hang_up(chardev);
		/* A monitor on stdio or on a pair has no second client; its QEMU goes on. */
		return;
	}
	if (!chardev->monitor) {
		/* The guest's end of a serial port or channel: it echoes. */
		say_bytes(chardev, buffer, (size_t)n);
		return;
	}
	chardev->in = xrealloc(chardev->in, chardev->in_length + (size_t)n, 1);
	memcpy(chardev->in + chardev->in_length, buffer, (size_t)n);
	chardev->in_length += (size_t)n;
	handle_lines(chardev);
}

void fake_accept(struct chardev *chardev)
{
	int fd = accept4(chardev->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	chardev->client_fd = chardev->out_fd = fd;
	chardev->negotiated = false;
	fake_greet(chardev);
}
