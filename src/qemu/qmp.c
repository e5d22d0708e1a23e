/* The QMP client: the connection. Those who wait for something on it: qmp_wait.c.
 *
 * Everything that comes in goes through qmp_next_message: one line, parsed, classified, and the state moved
 * on. Each command carries an id; since QEMU answers in order (out-of-band execution is never negotiated), the
 * owed replies are the ids first_owed .. next_id - 1, and the next reply must carry first_owed. Whatever
 * breaks a rule kills the connection: what an answer belongs to is known, or there is no answer.
 *
 * On the wire an id is one digit: QEMU before 10 reads its monitor byte by byte, and each byte costs it 7
 * us of a round trip of 250. So a command that must be quick is poised: sent before, but for the brace that closes it. */
#include "qemu/qmp.h"

#include "base/text.h"
#include "qmp_internal.h"

#define WIRE_IDS 10

struct qmp *qmp_new(int fd, const char *name)
{
	struct qmp *qmp = xcalloc(1, sizeof(*qmp));

	/* Non-blocking by MSG_DONTWAIT on each call: the flag of the open file, which others may share,
	 * stays as it is. */
	qmp->wire = (struct qmp_wire){ .fd = fd };
	qmp->name = xstrdup(name);
	qmp->first_owed = qmp->next_id = 1;
	return qmp;
}

void qmp_free(struct qmp *qmp)
{
	if (!qmp)
		return;
	qmp_wire_free(&qmp->wire);
	free(qmp->name);
	free(qmp->poised);
	free(qmp->poise);
	free(qmp->why_dead);
	free(qmp->error_class);
	free(qmp);
}

void qmp_free_ptr(struct qmp **qmp)
{
	qmp_free(*qmp);
}

int qmp_fd(const struct qmp *qmp)
{
	return qmp->wire.fd;
}

enum qmp_state qmp_state(const struct qmp *qmp)
{
	return qmp->state;
}

const char *qmp_state_to_string(enum qmp_state state)
{
	static const char *const names[QMP_STATE_MAX] = { "greeting", "negotiating", "ready", "waiting", "dead" };

	return state < QMP_STATE_MAX ? names[state] : "invalid";
}

void qmp_on_event(struct qmp *qmp, qmp_event_fn fn, void *arg)
{
	qmp->event_fn = fn;
	qmp->event_arg = arg;
}

const char *qmp_error_class(const struct qmp *qmp)
{
	return qmp->error_class ? qmp->error_class : "";
}

const char *qmp_reply_error(const struct json *reply)
{
	const char *desc = json_get_string(json_get(reply, "error"), "desc", NULL);

	return is_empty(desc) ? "refused, and gave no reason" : desc;
}

short qmp_poll_events(const struct qmp *qmp)
{
	return qmp->wire.out_length > 0 ? POLLIN | POLLOUT : POLLIN;
}

size_t qmp_owed(const struct qmp *qmp)
{
	bool hidden = qmp->capabilities_silent && qmp->capabilities_id >= qmp->first_owed;

	return (size_t)(qmp->next_id - qmp->first_owed) - (hidden ? 1 : 0);
}

int qmp_die(struct qmp *qmp, struct error *err)
{
	qmp->state = QMP_DEAD;
	text_replace(&qmp->why_dead, err->message);
	return -1;
}

int qmp_check_alive(const struct qmp *qmp, struct error *err)
{
	if (qmp->state == QMP_DEAD)
		return error_set(err, ERROR_QEMU, "the %s cannot be used any more: %s", qmp->name, qmp->why_dead);
	return 0;
}

/* Nonsense from the other side; a piece of it goes into the error. */
static int nonsense(struct qmp *qmp, const char *what, const char *line, size_t length, struct error *err)
{
	_cleanup_free_ char *shown = text_printable(line, length, 120);

	error_set(err, ERROR_QEMU, "the %s sent %s: %s", qmp->name, what, shown);
	error_hint(err, "is \"kvm_path\" a QEMU?");
	return qmp_die(qmp, err);
}

/* A reply that is the next one owed. */
static int take_reply(struct qmp *qmp, const struct json *reply, enum message *ret, struct error *err)
{
	bool capabilities = qmp->first_owed == qmp->capabilities_id;
	bool failed = json_get(reply, "error") != NULL;

	qmp->first_owed++;
	if (failed)
		text_replace(&qmp->error_class, json_get_string(json_get(reply, "error"), "class", ""));
	if (capabilities && failed) {
		error_set(err, ERROR_QEMU, "the %s refused \"qmp_capabilities\": QEMU: %s", qmp->name,
			  qmp_reply_error(reply));
		return qmp_die(qmp, err);
	}
	qmp->state = qmp->first_owed < qmp->next_id ? QMP_WAITING : QMP_READY;
	*ret = capabilities && qmp->capabilities_silent ? MESSAGE_INTERNAL : MESSAGE_REPLY;
	return 0;
}

static int classify(struct qmp *qmp, const struct json *j, const char *line, size_t length, enum message *ret,
		    struct error *err)
{
	if (json_type_of(json_get(j, "QMP")) == JSON_OBJECT) {
		if (qmp->state != QMP_GREETING)
			return nonsense(qmp, "a second greeting", line, length, err);
		qmp->state = QMP_NEGOTIATING;
		*ret = MESSAGE_INTERNAL;
		return 0;
	}
	if (qmp->state == QMP_GREETING)
		return nonsense(qmp, "something else than a QMP greeting", line, length, err);
	if (json_get_string(j, "event", NULL)) {
		*ret = MESSAGE_EVENT;
		return 0;
	}
	if (!json_get(j, "return") && !json_get(j, "error"))
		return nonsense(qmp, "neither an event nor a reply", line, length, err);
	if (qmp->torn > 0 && !json_get(j, "id")) {
		qmp->torn--;
		*ret = MESSAGE_INTERNAL;
		return 0;
	}
	if (qmp->first_owed == qmp->next_id)
		return nonsense(qmp, "a reply to a question that was not asked", line, length, err);
	if (json_get_int(j, "id", -1) != qmp->first_owed % WIRE_IDS)
		return nonsense(qmp, "a reply to another question", line, length, err);
	return take_reply(qmp, j, ret, err);
}

int qmp_next_message(struct qmp *qmp, enum message *ret, struct json **ret_json, struct error *err)
{
	_cleanup_json_ struct json *j = NULL;
	_cleanup_error_ struct error why = ERROR_INIT;
	char *line;
	size_t length;

	if (!qmp_wire_line(&qmp->wire, &line, &length))
		return 0;
	if (json_parse(line, length, QMP_MAX_LINE, QMP_MAX_DEPTH, "QMP message", &j, &why) < 0)
		return nonsense(qmp, "something that is not JSON", line, length, err);
	if (json_type_of(j) != JSON_OBJECT)
		return nonsense(qmp, "something that is not a JSON object", line, length, err);
	if (classify(qmp, j, line, length, ret, err) < 0)
		return -1;
	if (*ret == MESSAGE_EVENT && qmp->event_fn)
		qmp->event_fn(j, qmp->event_arg);
	*ret_json = take_ptr(j);
	return 1;
}

int qmp_flush(struct qmp *qmp, struct error *err)
{
	if (qmp->wire.out_length == 0)
		return 0;
	if (qmp_wire_flush(&qmp->wire, NULL, 0, qmp->name, err) < 0)
		return qmp_die(qmp, err);
	return 0;
}

static void append_poised(struct qmp *qmp, char *command)
{
	qmp_wire_put_command(&qmp->wire, command, NULL, qmp->next_id % WIRE_IDS, strlen("}"));
	qmp->poised = command;
}

/* True: the poised command was this one. Else it is given up: a byte that is in no JSON text ends it (QEMU: qobject/json-lexer.c). */
static bool append_last_byte(struct qmp *qmp, const char *command, const struct json *arguments)
{
	_cleanup_free_ char *poised = take_ptr(qmp->poised);

	if (poised && !arguments && streq(poised, command)) {
		qmp_wire_put(&qmp->wire, "}", 1);
		return true;
	}
	if (poised) {
		qmp_wire_put(&qmp->wire, "\xff\n", 2);
		qmp->torn++;
	}
	return false;
}

void qmp_append_command(struct qmp *qmp, const char *command, struct json *arguments)
{
	if (!append_last_byte(qmp, command, arguments))
		qmp_wire_put_command(&qmp->wire, command, arguments, qmp->next_id % WIRE_IDS, 0);
	qmp_wire_put(&qmp->wire, "\n", 1);
	qmp->next_id++;
	if (qmp->poise)
		append_poised(qmp, take_ptr(qmp->poise));
	if (qmp->state == QMP_READY)
		qmp->state = QMP_WAITING;
}

void qmp_append_capabilities(struct qmp *qmp, bool silent)
{
	qmp->capabilities_id = qmp->next_id;
	qmp->capabilities_silent = silent;
	qmp_append_command(qmp, "qmp_capabilities", NULL);
}

int qmp_queue(struct qmp *qmp, const char *command, struct json *arguments, struct error *err)
{
	_cleanup_json_ struct json *owned = arguments;

	if (qmp_check_alive(qmp, err) < 0)
		return -1;
	if (qmp->wire.out_length > QMP_MAX_LINE) {
		error_set(err, ERROR_QEMU, "the %s takes no more commands", qmp->name);
		return qmp_die(qmp, err);
	}
	if (qmp->capabilities_id == 0) {
		qmp_append_capabilities(qmp, !streq(command, "qmp_capabilities"));
		if (!qmp->capabilities_silent)
			return 0;
	}
	qmp_append_command(qmp, command, take_ptr(owned));
	return 0;
}

int qmp_send(struct qmp *qmp, const char *command, struct json *arguments, struct error *err)
{
	if (qmp_queue(qmp, command, arguments, err) < 0)
		return -1;
	return qmp_flush(qmp, err);
}

/* Hands out what the buffer holds. */
static int drain(struct qmp *qmp, qmp_reply_fn fn, void *arg, struct error *err)
{
	for (;;) {
		_cleanup_json_ struct json *j = NULL;
		enum message message = MESSAGE_INTERNAL;
		int got = qmp_next_message(qmp, &message, &j, err);

		if (got <= 0)
			return got;
		if (message == MESSAGE_REPLY && fn)
			fn(j, arg);
	}
}

int qmp_feed(struct qmp *qmp, qmp_reply_fn fn, void *arg, struct error *err)
{
	int more;

	if (qmp_check_alive(qmp, err) < 0 || qmp_flush(qmp, err) < 0 || drain(qmp, fn, arg, err) < 0)
		return -1;
	do {
		more = qmp_wire_read(&qmp->wire, QMP_MAX_LINE, qmp->name, err);
		if (more < 0)
			return qmp_die(qmp, err);
		if (drain(qmp, fn, arg, err) < 0)
			return -1;
	} while (more > 0);
	return 0;
}

void qmp_poise_behind(struct qmp *qmp, const char *command)
{
	text_replace(&qmp->poise, command);
}

int qmp_poise(struct qmp *qmp, const char *command, struct error *err)
{
	if (qmp_check_alive(qmp, err) < 0)
		return -1;
	if (qmp->state != QMP_READY || qmp->poised)
		return error_set(err, ERROR_OTHER, "the %s is not ready for \"%s\"", qmp->name, command);
	append_poised(qmp, xstrdup(command));
	return qmp_flush(qmp, err);
}
