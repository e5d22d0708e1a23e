/* Memory to a file: what `save` is made of, and what finishes or undoes one that was killed. See vm/move.h for the rules.
 *
 * The record has phase saving, and in "move" the file, the id (also in the file's header) and was_paused. While the file is
 * written it is called FILE.partial. */
#ifndef KVMCTL_OPS_ACT_SAVE_H
#define KVMCTL_OPS_ACT_SAVE_H

#include "ops/act_outgoing.h"
#include "vm/instance.h"
#include "vm/save_file.h"
#include "vm/state.h"

/* "FILE.partial". Owned by the caller. */
char *act_save_partial(const char *file);
/* "STATE_DIR/NAME/memory.save". Owned by the caller. */
char *act_save_default_file(const struct settings *settings, const char *name);

/* The stream of a guest that stands still, from QEMU to the writer, to its end. QEMU's images are complete and its own no more
 * afterwards. ERROR_QEMU, ERROR_TIMEOUT, ERROR_HOST (the file), ERROR_OTHER: interrupted. */
struct save_stream {
	struct context *context;
	struct qmp *qmp;
	struct save_writer *writer;
	int64_t memory; /* bytes that the guest may have: for who looks */
	const volatile int *interrupted;
	void (*show)(const struct outgoing_progress *progress, void *arg); /* NULL: nobody looks */
	void *arg;
};
int act_save_stream(const struct save_stream *stream, struct error *err);

/* Phase saving, reason saving, QEMU alive: what there is of the file goes, the guest runs on (unless it was paused). Idempotent. With the lock held,
 * and without another connection to the control monitor. ERROR_TIMEOUT: QEMU does not answer; it is as it was, and can be undone later. */
int act_save_undo(struct context *context, const struct instance *instance, struct error *err);
/* Phase saving, reason saved: QEMU is ended if it has not, everything is taken down, the link says that it is saved. Idempotent. With the lock
 * held, and without another connection to the control monitor. */
int act_save_finish(struct context *context, const struct instance *instance, struct error *err);
/* Part of every teardown (QEMU is gone): a save that was not finished is, when its file is whole (the guest has stood still since); else what there is
 * of the file goes. Nothing in any other phase. */
int act_save_settle(struct context *context, const struct state *state, struct error *err);

/* Marked as used: of no use any more. */
bool act_save_is_used(const char *path);
/* What killed ones left in the default place of this instance, and nothing is on record of: unfinished or used. With `remove` it is taken away. True when
 * there was some. */
bool act_save_sweep(struct context *context, const char *name, bool remove);

#endif
