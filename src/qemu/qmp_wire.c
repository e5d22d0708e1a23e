/* The bytes of a QMP connection. See qmp_wire.h. */
#include "qmp_wire.h"

#include <sys/socket.h>

#include "base/fdpass.h"
#include "base/text.h"

#define FIRST_ROOM 16384
/* A buffer that one large reply (query-qmp-schema) blew up is given back when it has been read. */
#define KEEP_ROOM (256 * 1024)

void qmp_wire_free(struct qmp_wire *wire)
{
	close_fd(&wire->fd);
	free(wire->in);
	free(wire->out);
	*wire = (struct qmp_wire){ .fd = -1 };
}

bool qmp_wire_line(struct qmp_wire *wire, char **ret, size_t *ret_length)
{
	while (wire->scanned < wire->end) {
		char *from = wire->in + wire->scanned;
		char *newline = memchr(from, '\n', wire->end - wire->scanned);

		if (!newline) {
			wire->scanned = wire->end;
			return false;
		}

		char *line = wire->in + wire->start;
		size_t length = (size_t)(newline - line);
		wire->start += length + 1;
		wire->scanned = wire->start;
		while (length > 0 && (line[length - 1] == '\r' || line[length - 1] == ' '))
			length--;
		if (length > 0) {
			*ret = line;
			*ret_length = length;
			return true;
		}
	}
	return false;
}

/* Room for at least one byte more behind `end`. */
static void make_room(struct qmp_wire *wire, size_t max)
{
	if (wire->start == wire->end) {
		wire->start = wire->end = wire->scanned = 0;
		if (wire->room > KEEP_ROOM) {
			free(take_ptr(wire->in));
			wire->room = 0;
		}
	}
	/* Moved only when full: each byte is moved a bounded number of times, since the buffer doubles. */
	if (wire->start > 0 && wire->end == wire->room) {
		memmove(wire->in, wire->in + wire->start, wire->end - wire->start);
		wire->scanned -= wire->start;
		wire->end -= wire->start;
		wire->start = 0;
	}
	if (wire->end < wire->room)
		return;

	size_t room = wire->room ? wire->room * 2 : FIRST_ROOM;
	if (room > max + 1)
		room = max + 1;
	wire->in = xrealloc(wire->in, room, 1);
	wire->room = room;
}

static int gone(const char *name, int errnum, struct error *err)
{
	if (errnum && errnum != ECONNRESET && errnum != EPIPE)
		return error_errno(err, ERROR_QEMU, errnum, "the %s failed", name);
	error_set(err, ERROR_QEMU, "QEMU closed the %s", name);
	err->errnum = ECONNRESET;
	return -1;
}

int qmp_wire_read(struct qmp_wire *wire, size_t max, const char *name, struct error *err)
{
	if (wire->end - wire->start > max)
		return error_set(err, ERROR_QEMU, "the %s sent a line of more than %zu bytes", name, max);
	make_room(wire, max);

	ssize_t n;
	do
		n = recv(wire->fd, wire->in + wire->end, wire->room - wire->end, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (n <= 0)
		return gone(name, n < 0 ? errno : 0, err);
	wire->end += (size_t)n;
	/* A stream socket that gave less than asked for is empty: whoever waits for more polls. */
	return wire->end == wire->room;
}

void qmp_wire_put(struct qmp_wire *wire, const char *text, size_t length)
{
	if (wire->out_room - wire->out_length < length) {
		wire->out_room = wire->out_length + length + 512;
		wire->out = xrealloc(wire->out, wire->out_room, 1);
	}
	memcpy(wire->out + wire->out_length, text, length);
	wire->out_length += length;
}

void qmp_wire_put_command(struct qmp_wire *wire, const char *command, struct json *arguments, int64_t id, size_t less)
{
	_cleanup_json_ struct json *j = json_new_object();

	json_put_string(j, "execute", command);
	if (arguments)
		json_put(j, "arguments", arguments);
	json_put_int(j, "id", id);

	_cleanup_free_ char *text = json_to_text(j);
	size_t length = strlen(text);

	qmp_wire_put(wire, text, length - less);
	/* The arguments may be a password. */
	explicit_bzero(text, length);
}

int qmp_wire_flush(struct qmp_wire *wire, const int *fds, size_t n_fds, const char *name, struct error *err)
{
	size_t done = 0;

	if (n_fds > FDPASS_MAX)
		return error_set(err, ERROR_OTHER, "%zu descriptors do not fit in one message", n_fds);
	while (done < wire->out_length) {
		ssize_t n = fdpass_send(wire->fd, wire->out + done, wire->out_length - done, fds, n_fds, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && n_fds == 0)
			break;
		if (n < 0)
			return gone(name, errno, err);
		done += (size_t)n;
		n_fds = 0;
	}
	if (done == 0)
		return 0;
	/* What was sent may have been a password: no copy of it is left behind. */
	memmove(wire->out, wire->out + done, wire->out_length - done);
	explicit_bzero(wire->out + wire->out_length - done, done);
	wire->out_length -= done;
	return 0;
}
