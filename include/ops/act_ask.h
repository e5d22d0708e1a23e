/* Asking many instances' query monitors at once, under one shared deadline: a QEMU that does not answer
 * costs nobody else anything. */
#ifndef KVMCTL_OPS_ACT_ASK_H
#define KVMCTL_OPS_ACT_ASK_H

#include "ops/context.h"
#include "qemu/qmp.h"
#include "vm/instance.h"

#define ASK_MAX 8 /* questions */

struct ask {
	const char *name;              /* the instance; borrowed */
	struct json *replies[ASK_MAX]; /* the value of "return" of each question; NULL: an error reply, or none */
	size_t answered;
	bool complete; /* every question has its reply */
	enum error_kind
		failed; /* ERROR_TIMEOUT: unresponsive; ERROR_BUSY: monitor busy; ERROR_QEMU, ERROR_STATE: gone; ERROR_NONE */
	char *why;
	int lock;
	struct qmp *qmp;
};

/* asks[i].name is filled in by the caller; questions are commands without arguments. Takes at most as
 * long as the deadline. */
void ask_all(struct context *context, struct ask *asks, size_t n, const char *const *questions, size_t n_questions,
	     struct deadline deadline);
void ask_clear(struct ask *asks, size_t n);

#endif
