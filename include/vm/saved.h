/* Which instances are saved, and in which file: links NAME -> FILE in state_dir/.saved (RUNDIR_SAVED). They are the one
 * truth about it, also after the host was rebooted and its run directory is empty; so all of this is durable. */
#ifndef KVMCTL_VM_SAVED_H
#define KVMCTL_VM_SAVED_H

#include "vm/rundir.h"

/* file: absolute. Replaces one that is there. ERROR_HOST. */
int saved_link(struct rundir *rundir, const char *name, const char *file, struct error *err);
/* 1: *ret is the file, owned by the caller; 0: it is not saved; -1 ERROR_HOST. */
int saved_file(struct rundir *rundir, const char *name, char **ret, struct error *err);
/* When it leads to that file; NULL: wherever it leads. One that is not there is no error. */
int saved_unlink(struct rundir *rundir, const char *name, const char *file, struct error *err);

#endif
