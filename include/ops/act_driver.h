/* Seeing a managed move through: what `migration start` does to its end, or leaves a process behind for. */
#ifndef KVMCTL_OPS_ACT_DRIVER_H
#define KVMCTL_OPS_ACT_DRIVER_H

#include "ops/act_mirror.h"
#include "ops/act_outgoing.h"

struct driver {
	struct outgoing outgoing;             /* its parts are borrowed */
	const struct mirror_request *storage; /* NULL: none is copied */
};

/* Mirrors where there is storage to copy, else the stream: it is set up when this returns 0. On failure the guest is kept. */
int act_driver_begin(struct driver *driver, struct error *err);
/* To the end: completed, and handed over; what is decided then is the manager's. On failure the guest is kept, but where it may run on the other side
 * (post-copy) or QEMU tells nothing. */
int act_driver_run(struct driver *driver, struct error *err);

#endif
