/* What comes out of a monitor socket may be anything: no bytes whatever may do harm, and whatever ends well leaves the client in one of its states.
 * The first byte says how the rest is cut into pieces and which of the ways of reading it meets. */
#include "qemu/qmp.h"

#include <sys/socket.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at_event(const struct json *event, void *arg)
{
	*(size_t *)arg += strlen(json_get_string(event, "event", ""));
}

static void look_at_reply(const struct json *reply, void *arg)
{
	*(size_t *)arg += strlen(qmp_reply_error(reply));
}

static bool want_nothing(const struct json *event, void *arg)
{
	(void)event;
	(void)arg;
	return false;
}

/* Several commands at once, the input in pieces. */
static void feed(struct qmp *qmp, int peer, const uint8_t *data, size_t size, size_t piece)
{
	struct error err = ERROR_INIT;
	size_t seen = 0;

	if (qmp_send(qmp, "query-status", NULL, &err) < 0 || qmp_send(qmp, "query-balloon", NULL, &err) < 0)
		abort();
	for (size_t at = 0; at < size; at += piece) {
		size_t n = size - at < piece ? size - at : piece;

		if (send(peer, data + at, n, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)n)
			break;
		if (qmp_feed(qmp, look_at_reply, &seen, &err) < 0) {
			if (err.kind != ERROR_QEMU || !err.message || qmp_state(qmp) != QMP_DEAD)
				abort();
			break;
		}
		if (qmp_state(qmp) >= QMP_DEAD || qmp_owed(qmp) > 2)
			abort();
	}
	error_clear(&err);
}

/* One command after the other, the input all there, and then the end. */
static void execute(struct qmp *qmp, int peer, const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct json *ret = NULL;

	if (send(peer, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
	shutdown(peer, SHUT_WR);
	if (qmp_handshake(qmp, DEADLINE_NEVER, &err) == 0) {
		while (qmp_execute(qmp, "query-status", NULL, deadline_in(1000), &ret, &err) == 0)
			json_free(take_ptr(ret));
		if (qmp_state(qmp) != QMP_DEAD &&
		    qmp_wait_event(qmp, want_nothing, NULL, deadline_in(1000), NULL, &err) == 0)
			abort();
	}
	if (!err.message)
		abort();
	error_clear(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t events = 0;
	int fds[2];

	/* What fits into the socket at once. */
	if (size < 1 || size > 60000)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		abort();

	struct qmp *qmp = qmp_new(fds[0], "fuzz");
	qmp_on_event(qmp, look_at_event, &events);
	if (data[0] & 1)
		execute(qmp, fds[1], data + 1, size - 1);
	else
		feed(qmp, fds[1], data + 1, size - 1, 1 + (size_t)(data[0] >> 1) * 7);
	qmp_free(qmp);
	close(fds[1]);
	return 0;
}
