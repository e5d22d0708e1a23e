/* A QMP client over one connected socket (QEMU: docs/interop/qmp-spec). Five named states, one pump,
 * every wait with a deadline.
 *
 * The input is bounded (QMP_MAX_LINE): a longer line, invalid JSON, a reply nobody asked for, a reply
 * with another id, end-of-file: ERROR_QEMU, and the connection is dead from then on; errnum is ECONNRESET
 * when QEMU ended or closed it, 0 when it spoke nonsense. A time-out kills it as well, so that a late
 * reply cannot be taken for the next one. Events that arrive meanwhile are handed to the callback or
 * dropped; the callback must not use the connection. */
#ifndef KVMCTL_QEMU_QMP_H
#define KVMCTL_QEMU_QMP_H

#include <stdbool.h>

#include "base/deadline.h"
#include "base/json.h"

#define QMP_MAX_LINE (16 * 1024 * 1024)
#define QMP_MAX_DEPTH 512 /* query-block nests one level per layer of a backing chain */
#define QMP_DEFAULT_DEADLINE_MS 5000

enum qmp_state {
	QMP_GREETING,    /* connected, QEMU has said nothing yet */
	QMP_NEGOTIATING, /* greeted; the reply to qmp_capabilities is not there */
	QMP_READY,
	QMP_WAITING, /* replies are owed */
	QMP_DEAD,
	QMP_STATE_MAX
};

struct qmp;

#define _cleanup_qmp_ _cleanup_(qmp_free_ptr)

/* One row of qmp_commands.def: the wire name, its deadline, and whether it may be sent again when it is
 * not known if it was done. */
struct qmp_command {
	const char *name;
	int deadline_ms;
	bool repeatable;
};
/* The row, or NULL: then the default deadline (5 s) counts and it is not repeatable. */
const struct qmp_command *qmp_command(const char *name);
/* All rows, for tests and completion. */
const struct qmp_command *qmp_commands(size_t *ret_n);

/* Takes the fd (a connected UNIX socket; it is never waited on, whatever its O_NONBLOCK says). `name` is
 * for errors ("control monitor of \"web1\""). */
struct qmp *qmp_new(int fd, const char *name);
void qmp_free(struct qmp *qmp);
void qmp_free_ptr(struct qmp **qmp);
int qmp_fd(const struct qmp *qmp);
enum qmp_state qmp_state(const struct qmp *qmp);
const char *qmp_state_to_string(enum qmp_state state);

typedef void (*qmp_event_fn)(const struct json *event, void *arg);
void qmp_on_event(struct qmp *qmp, qmp_event_fn fn, void *arg);

/* Greeting and qmp_capabilities: when it returns 0 QEMU has made all its devices. ERROR_QEMU: ended or
 * garbage; ERROR_TIMEOUT. */
int qmp_handshake(struct qmp *qmp, struct deadline deadline, struct error *err);

/* One command, after the handshake and with no other reply owed. arguments may be NULL; their reference
 * is taken. The deadline is the earlier of the given one and the row's. *ret (may be NULL): the value of
 * "return", owned by the caller. ERROR_QEMU with QEMU's own words for an error reply: the message is
 * `QEMU: DESC`, the connection stays good, and qmp_error_class tells its class. ERROR_TIMEOUT leaves it
 * dead. */
int qmp_execute(struct qmp *qmp, const char *command, struct json *arguments, struct deadline deadline,
		struct json **ret, struct error *err);
/* The class of the last error reply ("GenericError", "CommandNotFound", "DeviceNotActive"), or "". */
const char *qmp_error_class(const struct qmp *qmp);
/* What an error reply says: its "desc", or that it gave no reason. Borrowed from the reply. */
const char *qmp_reply_error(const struct json *reply);

/* As qmp_execute, with file descriptors sent along (SCM_RIGHTS): for getfd, add-fd. The caller's fds stay its own. */
int qmp_execute_fds(struct qmp *qmp, const char *command, struct json *arguments, const int *fds, size_t n_fds,
		    struct deadline deadline, struct json **ret, struct error *err);

/* Sends a command without arguments, but for its last byte: that is sent by qmp_execute of the same command, which is quicker then. Until then QEMU does
 * nothing, and nothing has to be awaited; with any other command, or the end of the connection, it is given up. */
int qmp_poise(struct qmp *qmp, const char *command, struct error *err);
/* The same, behind the next command that is executed, whose reply is not waited for. */
void qmp_poise_behind(struct qmp *qmp, const char *command);

/* Waits until `want` says true of an event (which was also given to the callback). *ret (may be NULL):
 * that event, owned. ERROR_TIMEOUT leaves the connection good where no reply is owed: who waits for events may go on. */
int qmp_wait_event(struct qmp *qmp, bool (*want)(const struct json *event, void *arg), void *arg,
		   struct deadline deadline, struct json **ret, struct error *err);

/* The same for one who looks again in any case: 0 also when none came in time, -1 when the connection is dead. */
int qmp_rest(struct qmp *qmp, bool (*want)(const struct json *event, void *arg), void *arg, struct deadline deadline,
	     struct error *err);

/* --- for those who pump many at once (list --full): send without waiting, then feed --- */
/* Appends a command to what is to be sent. The first one on a fresh connection is preceded by
 * qmp_capabilities, whose reply is not reported: QEMU reads commands that were sent before its greeting.
 * ERROR_QEMU when dead, or when QMP_MAX_LINE bytes wait to be sent. */
int qmp_queue(struct qmp *qmp, const char *command, struct json *arguments, struct error *err);
/* qmp_queue, and sends what the socket takes; the rest goes with the next qmp_feed. */
int qmp_send(struct qmp *qmp, const char *command, struct json *arguments, struct error *err);
/* Sends what is queued and reads what is there, without waiting; calls fn for each reply in the order of
 * the commands (the greeting is not reported). 0: all read for now; -1: dead. */
typedef void (*qmp_reply_fn)(const struct json *reply, void *arg);
int qmp_feed(struct qmp *qmp, qmp_reply_fn fn, void *arg, struct error *err);
/* What poll(2) should wait for: POLLIN, and POLLOUT while something waits to be sent. */
short qmp_poll_events(const struct qmp *qmp);
/* Replies still owed to commands that were queued or sent (qmp_capabilities by itself is not counted). */
size_t qmp_owed(const struct qmp *qmp);

#endif
