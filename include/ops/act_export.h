/* --copy-storage, the target's side: images that are made for the guest's disks, and exported while it is on its way. See act_mirror.h for the source's. */
#ifndef KVMCTL_OPS_ACT_EXPORT_H
#define KVMCTL_OPS_ACT_EXPORT_H

#include "ops/act_spec.h"
#include "qemu/qmp.h"
#include "vm/migration_info.h"
#include "vm/state.h"

/* Makes the images of the disks that are copied; block devices that are there are taken. What is made is on record before (in move and in a state of its
 * own, phase starting): a teardown removes it. With the lock held and nothing left of an earlier run. ERROR_HOST: one cannot be made, or is there. */
int act_export_make(struct context *context, const struct spec_loaded *loaded, const struct migration_info *info,
		    struct move *move, struct error *err);
/* Every copied disk as "disk<i>", writable, on a TCP port of address ("" = all) that the kernel chooses. */
int act_export_start(struct qmp *qmp, const struct migration_info *info, const char *address, struct deadline deadline,
		     int *ret_port, struct error *err);
/* No more of them: before the guest writes itself. Succeeds when there are none. */
int act_export_stop(struct qmp *qmp, struct deadline deadline, struct error *err);

/* Part of every teardown: the images that were made for a guest that was not let run here are removed. The status line says whether it was: by the word,
 * not by the list, since one of the two is written first. */
int act_export_remove(struct context *context, const struct state *state, struct error *err);
/* The guest is being let run: they are its own now. Durable. */
int act_export_keep(struct context *context, struct state *state, struct error *err);

#endif
