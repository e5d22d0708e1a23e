/* A stack of what must be undone when the rest fails. */
#include "base/undo.h"

#include "base/log.h"
#include "base/text.h"

void undo_push(struct undo *undo, const char *what, undo_fn fn, void *arg)
{
	grow_array(undo->steps, undo->n);
	undo->steps[undo->n++] = (struct undo_step){ what, fn, arg };
}

void undo_run(struct undo *undo)
{
	while (undo->n) {
		struct undo_step step = undo->steps[--undo->n];

		log_debug("undo: %s", step.what);
		step.fn(step.arg);
	}
	undo_drop(undo);
}

void undo_drop(struct undo *undo)
{
	free(undo->steps);
	*undo = (struct undo){ 0 };
}
