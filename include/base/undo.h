/* A stack of what must be undone when the rest fails: pushed after each effect on the host, run backwards, or dropped. */
#ifndef KVMCTL_BASE_UNDO_H
#define KVMCTL_BASE_UNDO_H

#include <stddef.h>

#include "base/cleanup.h"

typedef void (*undo_fn)(void *arg);

struct undo {
	struct undo_step {
		const char *what;
		undo_fn fn;
		void *arg;
	} *steps;
	size_t n;
};

#define _cleanup_undo_ _cleanup_(undo_run)

/* `what` is a literal, for the debug log. arg is borrowed and must live until the stack is run or dropped. */
void undo_push(struct undo *undo, const char *what, undo_fn fn, void *arg);
void undo_run(struct undo *undo);   /* last first; the stack is empty afterwards */
void undo_drop(struct undo *undo);  /* all went well */

#endif
