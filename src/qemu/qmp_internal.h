/* The QMP connection as its own files see it: qmp.c, qmp_wait.c. */
#ifndef KVMCTL_QEMU_QMP_INTERNAL_H
#define KVMCTL_QEMU_QMP_INTERNAL_H

#include "qemu/qmp.h"
#include "qmp_wire.h"

struct qmp {
	struct qmp_wire wire;
	char *name;
	enum qmp_state state;
	int64_t first_owed, next_id;
	int64_t capabilities_id;  /* the id of qmp_capabilities, 0: not sent yet */
	bool capabilities_silent; /* it was sent by qmp_queue itself: its reply is not reported */
	char *poised;             /* the command of which all but the last byte is sent; NULL: none */
	char *poise;              /* that is to be poised behind the next command; NULL: none */
	int torn;                 /* poised commands that were given up: QEMU owes an error for each, without an id */
	char *why_dead;
	char *error_class;
	qmp_event_fn event_fn;
	void *event_arg;
};

enum message { MESSAGE_INTERNAL, MESSAGE_EVENT, MESSAGE_REPLY };

/* The connection ends here, for the reason that err holds. -1. */
int qmp_die(struct qmp *qmp, struct error *err);
/* ERROR_QEMU: it has ended. */
int qmp_check_alive(const struct qmp *qmp, struct error *err);
/* 1: a message; 0: none in the buffer; -1: dead. Events have been given to the callback. */
int qmp_next_message(struct qmp *qmp, enum message *ret, struct json **ret_json, struct error *err);
/* Sends what the socket takes now. */
int qmp_flush(struct qmp *qmp, struct error *err);
/* To the bytes that are to be sent; the reference to arguments (may be NULL) is taken. */
void qmp_append_command(struct qmp *qmp, const char *command, struct json *arguments);
/* silent: its reply is not reported. */
void qmp_append_capabilities(struct qmp *qmp, bool silent);

#endif
