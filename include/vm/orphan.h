/* Guests of this run directory that run without their record: it was wiped, or its files were removed,
 * while they ran.
 *
 * They are found again in /proc (KVMCTL_INSTANCE and KVMCTL_RUN_DIR in QEMU's environment) and by the
 * lock that each QEMU inherits. */
#ifndef KVMCTL_VM_ORPHAN_H
#define KVMCTL_VM_ORPHAN_H

#include <stdbool.h>

#include "base/error.h"
#include "host/process.h"
#include "vm/rundir.h"

struct orphan {
	char *name;
	struct process_id id;
};

struct orphans {
	struct orphan *list;
	size_t n;
};

#define _cleanup_orphans_ _cleanup_(orphans_free)
void orphans_free(struct orphans *orphans);

/* All of them, by reading the environment of every process: for `cleanup`. ERROR_UNKNOWN. */
int orphans_search(struct rundir *rundir, const struct process_id *here, struct orphans *ret, struct error *err);
/* The same, but nothing is read while the run directory says that the last search of this boot found
 * none: for `list`. */
int orphans_find(struct rundir *rundir, const struct process_id *here, struct orphans *ret, struct error *err);
/* 1: NAME runs without a record, as *ret; 0: it does not; -1. Searches only when its guest lock is held
 * or a search is due. */
int orphan_of(struct rundir *rundir, const struct process_id *here, const char *name, struct process_id *ret,
	      struct error *err);
/* The same for many names: what orphans_find has found for all of them is looked at first, and searches only when its
 * guest lock is held all the same. */
int orphan_among(struct rundir *rundir, const struct process_id *here, const char *name, const struct orphans *found,
		 struct process_id *ret, struct error *err);

/* The lock that QEMU inherits: held as long as it lives, whatever becomes of the record. ERROR_STATE:
 * somebody has it: an orphan. */
int guest_lock_take(struct rundir *rundir, const char *name, int *ret_fd, struct error *err);
/* Somebody has it: QEMU, or a start that is at work. */
bool guest_lock_held(struct rundir *rundir, const char *name);

#endif
