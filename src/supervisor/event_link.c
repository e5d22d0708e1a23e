/* Five stages and one pump. The supervisor asks three questions in its life; all the rest that comes is
 * events, and replies to what it was sent to tell QEMU out of band (errand.c).
 *
 * The greeting is answered by qmp_capabilities; from its reply on QEMU sends events. What happened before
 * is not sent again, so query-status is asked once, after it, and then query-migrate: whatever happened
 * in between is in their answers or comes as an event behind them. */
#include "supervisor/event_link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"

#define READ_SIZE 4096
#define READS_PER_CALL 64
#define LINE_DEPTH 32

struct event_link event_link_make(int fd)
{
	return (struct event_link){ .fd = fd, .stage = fd < 0 ? EVENT_CLOSED : EVENT_IDLE };
}

void event_link_close(struct event_link *link)
{
	close_fd(&link->fd);
	free(link->buffer);
	*link = (struct event_link){ .fd = -1, .stage = EVENT_CLOSED, .whole = link->whole };
}

void event_link_begin(struct event_link *link)
{
	if (link->stage == EVENT_IDLE)
		link->stage = EVENT_GREETING;
}

/* A question of a few bytes fits in a socket's buffer: one that does not go through whole has no QEMU behind it. */
static int ask(struct event_link *link, const char *command, enum event_stage next, struct error *err)
{
	ssize_t n = send(link->fd, command, strlen(command), MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n != (ssize_t)strlen(command))
		return error_errno(err, ERROR_QEMU, n < 0 ? errno : EAGAIN, "cannot write to the event monitor");
	link->stage = next;
	return 0;
}

/* What cannot be had later is asked for now: the main loop answers this, and may hang when it is needed. */
static int greet(struct event_link *link, const struct json *greeting, struct error *err)
{
	const struct json *offered = json_get(greeting, "capabilities");

	for (size_t i = 0; i < json_length(offered); i++)
		link->out_of_band |= streq(json_string(json_at(offered, i), ""), "oob");
	return ask(link,
		   link->out_of_band ? "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}}\r\n"
				     : "{\"execute\":\"qmp_capabilities\"}\r\n",
		   EVENT_CAPABILITIES, err);
}

static int take_reply(struct event_link *link, const struct json *reply, event_fn fn, void *arg, struct error *err)
{
	if (link->stage == EVENT_CAPABILITIES)
		return ask(link, "{\"execute\":\"query-status\"}\r\n", EVENT_STATUS, err);
	if (link->stage == EVENT_STATUS) {
		fn(NULL, json_get(reply, "return"), NULL, 0, arg);
		return ask(link, "{\"execute\":\"query-migrate\"}\r\n", EVENT_MIGRATION, err);
	}
	if (link->stage == EVENT_MIGRATION) {
		link->stage = EVENT_READY;
		fn(NULL, json_get(reply, "return"), NULL, 0, arg);
	}
	return 0; /* else a reply to what was not asked: nothing follows from it */
}

static int take_message(struct event_link *link, const char *line, size_t length, const struct json *message,
			event_fn fn, void *arg, struct error *err)
{
	const char *event = json_get_string(message, "event", NULL);

	if (event) {
		fn(event, json_get(message, "data"), line, length, arg);
		return 0;
	}
	if (link->stage == EVENT_GREETING && json_get(message, "QMP"))
		return greet(link, json_get(message, "QMP"), err);
	if (json_get(message, "id")) {
		fn(NULL, message, line, length, arg);
		return 0;
	}
	if (json_get(message, "return"))
		return take_reply(link, message, fn, arg, err);
	if (json_get(message, "error") && link->stage == EVENT_CAPABILITIES)
		return error_set(err, ERROR_QEMU, "QEMU refused qmp_capabilities");
	if (json_get(message, "error") && (link->stage == EVENT_STATUS || link->stage == EVENT_MIGRATION))
		link->stage = EVENT_READY;
	return 0;
}

static int take_line(struct event_link *link, const char *line, size_t length, event_fn fn, void *arg,
		     struct error *err)
{
	_cleanup_json_ struct json *message = NULL;

	while (length > 0 && (line[length - 1] == '\r' || line[length - 1] == ' '))
		length--;
	if (length == 0)
		return 0;
	if (json_parse(line, length, EVENT_LINE_MAX, LINE_DEPTH, "a line of the event monitor", &message, err) < 0)
		return -1;
	if (json_type_of(message) != JSON_OBJECT)
		return error_set(err, ERROR_QEMU, "a line of the event monitor is no JSON object");
	return take_message(link, line, length, message, fn, arg, err);
}

/* Appends what came to the unfinished line, and takes each line that is now whole. */
static int take_bytes(struct event_link *link, const char *data, size_t length, event_fn fn, void *arg,
		      struct error *err)
{
	while (length > 0) {
		const char *end = memchr(data, '\n', length);
		size_t part = end ? (size_t)(end - data) : length;

		if (link->used + part > EVENT_LINE_MAX)
			return error_set(err, ERROR_QEMU, "a line of the event monitor is longer than %d bytes",
					 EVENT_LINE_MAX);
		if (end && link->used == 0) {
			if (take_line(link, data, part, fn, arg, err) < 0)
				return -1;
		} else {
			link->buffer = xrealloc(link->buffer, link->used + part + 1, 1);
			memcpy(link->buffer + link->used, data, part);
			link->used += part;
			if (end && take_line(link, link->buffer, link->used, fn, arg, err) < 0)
				return -1;
		}
		if (end) {
			free(take_ptr(link->buffer));
			link->used = 0;
			part++;
		}
		data += part;
		length -= part;
	}
	return 0;
}

int event_link_urge(struct event_link *link, const struct json *command, struct error *err)
{
	_cleanup_free_ char *text = NULL, *line = NULL;
	bool agreed = link->stage == EVENT_STATUS || link->stage == EVENT_MIGRATION || link->stage == EVENT_READY;

	if (!agreed || !link->out_of_band)
		return error_set(err, ERROR_STATE, "QEMU takes nothing out of band on its event monitor");
	text = json_to_text(command);
	line = xprintf("%s\r\n", text);
	return ask(link, line, link->stage, err);
}

int event_link_read(struct event_link *link, event_fn fn, void *arg, struct error *err)
{
	char data[READ_SIZE];

	for (int i = 0; i < READS_PER_CALL && link->fd >= 0; i++) {
		ssize_t n = recv(link->fd, data, sizeof(data), MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 1;
		if (n <= 0) { /* a reset is an end too: QEMU died with something unread */
			bool whole = link->stage == EVENT_READY || link->stage == EVENT_MIGRATION;

			event_link_close(link);
			link->whole = whole;
			return 0;
		}
		if (take_bytes(link, data, (size_t)n, fn, arg, err) < 0) {
			event_link_close(link);
			return -1;
		}
	}
	return 1;
}
