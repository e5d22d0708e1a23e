/* Memory from a file: what `restore`, and `start` of a saved instance, are made of. See vm/move.h for the rules. */
#ifndef KVMCTL_OPS_ACT_RESTORE_H
#define KVMCTL_OPS_ACT_RESTORE_H

#include "ops/verbs.h"
#include "vm/move.h"
#include "vm/save_file.h"

/* A saved guest's file, open and locked, so that nobody else restores it at the same time. */
struct restore_file {
	char *path; /* absolute */
	char *name; /* the instance's */
	int fd;
	const struct save_codec *codec;
	struct save_reader *reader;
};
#define RESTORE_FILE_INIT ((struct restore_file){ .fd = -1 })
#define _cleanup_restore_file_ _cleanup_(restore_file_close)

/* Its header is read, nothing else. ERROR_HOST: not there, or not ours to write; ERROR_BUSY: another one restores it; ERROR_SPEC: no such file, or
 * damaged; ERROR_UNKNOWN: of a newer kvmctl. */
int restore_file_open(const char *path, struct restore_file *ret, struct error *err);
void restore_file_close(struct restore_file *file);

struct restore_request {
	struct restore_how how;
	bool foreground;
};
/* With the lock of the instance held and nothing left of an earlier run. The whole file is verified before anything is touched; what the guest sees is
 * as recorded in it, the rest follows the present spec. On failure the host and the file are as they were. Afterwards it is marked as used, and
 * the instance is not saved any more; the file stays. *ret_pid: QEMU's. ERROR_STATE: used, or the disks have changed (all of them). */
int act_restore(struct context *context, const struct restore_file *file, const struct restore_request *request,
		pid_t *ret_pid, struct error *err);

/* The same with the file of a saved instance, which goes afterwards. ERROR_STATE: it is not saved. */
int act_restore_saved(struct context *context, const char *name, const struct restore_request *request, pid_t *ret_pid,
		      struct error *err);
/* A saved instance is not any more: its file goes, and with it what the guest had in memory. With the lock held. */
int act_restore_discard(struct context *context, const char *name, struct error *err);

/* Part of the grant, after MOVE_GRANTED is written and before the guest runs: the file that it came from is marked as used, and the instance is not saved
 * any more. Idempotent. Nothing when it came from no file. */
int act_restore_consume(struct context *context, const char *name, const struct move *move, struct error *err);
/* The grant could not be: back to what was before. */
int act_restore_give_back(struct context *context, const char *name, const struct move *move, struct error *err);

#endif
