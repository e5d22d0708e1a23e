/* The QMP client: those who wait, for the greeting, the reply to a command, an event. They take what the connection has until it has
 * nothing more, then `pump` waits for bytes and reads them. */
#include "base/text.h"
#include "qmp_internal.h"

/* Waits for bytes and reads them once. `awaited` is for the time-out's error. It looks at the clock
 * first: a flood of events must not carry a wait past its deadline. */
static int pump(struct qmp *qmp, struct deadline deadline, int64_t budget_ms, const char *awaited, struct error *err)
{
	struct pollfd fd = { .fd = qmp->wire.fd, .events = qmp_poll_events(qmp) };
	int ready = deadline_passed(deadline) ? 0 : deadline_poll(&fd, 1, deadline);

	if (ready < 0) {
		error_errno(err, ERROR_OTHER, errno, "cannot wait for the %s", qmp->name);
		return qmp_die(qmp, err);
	}
	if (ready == 0) {
		error_set(err, ERROR_TIMEOUT, "the %s did not %s within %.1f s", qmp->name, awaited,
			  (double)budget_ms / 1000);
		/* Where no reply is owed none can come late. */
		return qmp->state == QMP_READY ? -1 : qmp_die(qmp, err);
	}
	if ((fd.revents & POLLOUT) && qmp_flush(qmp, err) < 0)
		return -1;
	if ((fd.revents & ~POLLOUT) && qmp_wire_read(&qmp->wire, QMP_MAX_LINE, qmp->name, err) < 0)
		return qmp_die(qmp, err);
	return 0;
}

static int64_t budget(struct deadline deadline)
{
	int left = deadline_left(deadline);

	return left < 0 ? 0 : left;
}

int qmp_handshake(struct qmp *qmp, struct deadline deadline, struct error *err)
{
	int64_t budget_ms = budget(deadline);

	if (qmp_check_alive(qmp, err) < 0)
		return -1;
	while (qmp->state == QMP_GREETING || qmp->state == QMP_NEGOTIATING) {
		_cleanup_json_ struct json *j = NULL;
		enum message message;
		int got = qmp_next_message(qmp, &message, &j, err);

		if (got < 0)
			return -1;
		if (qmp->state == QMP_NEGOTIATING && qmp->capabilities_id == 0) {
			qmp_append_capabilities(qmp, true);
			if (qmp_flush(qmp, err) < 0)
				return -1;
		}
		if (got > 0)
			continue;
		if (pump(qmp, deadline, budget_ms, qmp->state == QMP_GREETING ? "greet" : "answer \"qmp_capabilities\"",
			 err) < 0)
			return -1;
	}
	return 0;
}

typedef bool want_fn(const struct json *message, void *arg);

/* The first message of that kind that is wanted (want NULL: whichever it is). */
static int await(struct qmp *qmp, enum message kind, want_fn *want, void *arg, const char *awaited,
		 struct deadline deadline, struct json **ret, struct error *err)
{
	int64_t budget_ms = budget(deadline);

	for (;;) {
		_cleanup_json_ struct json *j = NULL;
		enum message message = MESSAGE_INTERNAL;
		int got = qmp_next_message(qmp, &message, &j, err);

		if (got < 0)
			return -1;
		if (got > 0 && message == kind && (!want || want(j, arg))) {
			if (ret)
				*ret = take_ptr(j);
			return 0;
		}
		if (got == 0 && pump(qmp, deadline, budget_ms, awaited, err) < 0)
			return -1;
	}
}

/* QEMU's own words; where it has none, at least what it refused. */
static int refused(const char *command, const struct json *reply, struct error *err)
{
	if (is_empty(json_get_string(json_get(reply, "error"), "desc", NULL)))
		return error_set(err, ERROR_QEMU, "QEMU: refused \"%s\", and gave no reason", command);
	return error_set(err, ERROR_QEMU, "QEMU: %s", qmp_reply_error(reply));
}

int qmp_execute_fds(struct qmp *qmp, const char *command, struct json *arguments, const int *fds, size_t n_fds,
		    struct deadline deadline, struct json **ret, struct error *err)
{
	_cleanup_json_ struct json *owned = arguments;
	_cleanup_json_ struct json *reply = NULL;
	_cleanup_free_ char *awaited = NULL;
	const struct qmp_command *row = qmp_command(command);

	if (qmp_check_alive(qmp, err) < 0)
		return -1;
	if (qmp->state != QMP_READY)
		return error_set(err, ERROR_OTHER, "the %s is \"%s\", not ready for \"%s\"", qmp->name,
				 qmp_state_to_string(qmp->state), command);

	deadline = deadline_earlier(deadline, deadline_in(row ? row->deadline_ms : QMP_DEFAULT_DEADLINE_MS));
	qmp_append_command(qmp, command, take_ptr(owned));
	if (qmp_wire_flush(&qmp->wire, fds, n_fds, qmp->name, err) < 0)
		return qmp_die(qmp, err);
	awaited = xprintf("answer \"%s\"", command);
	if (await(qmp, MESSAGE_REPLY, NULL, NULL, awaited, deadline, &reply, err) < 0)
		return -1;
	if (json_get(reply, "error"))
		return refused(command, reply, err);
	if (ret)
		*ret = json_ref(json_get(reply, "return"));
	return 0;
}

int qmp_execute(struct qmp *qmp, const char *command, struct json *arguments, struct deadline deadline,
		struct json **ret, struct error *err)
{
	return qmp_execute_fds(qmp, command, arguments, NULL, 0, deadline, ret, err);
}

int qmp_wait_event(struct qmp *qmp, bool (*want)(const struct json *event, void *arg), void *arg,
		   struct deadline deadline, struct json **ret, struct error *err)
{
	return qmp_check_alive(qmp, err) < 0
		       ? -1
		       : await(qmp, MESSAGE_EVENT, want, arg, "send the event that was awaited", deadline, ret, err);
}

int qmp_rest(struct qmp *qmp, bool (*want)(const struct json *event, void *arg), void *arg, struct deadline deadline,
	     struct error *err)
{
	_cleanup_error_ struct error silence = ERROR_INIT;

	if (qmp_wait_event(qmp, want, arg, deadline, NULL, &silence) < 0 && silence.kind != ERROR_TIMEOUT)
		return error_move(err, &silence);
	return 0;
}
