/* A broken post-copy, on the target: the guest waits for its pages. */
#ifndef KVMCTL_OPS_ACT_RECOVER_H
#define KVMCTL_OPS_ACT_RECOVER_H

#include "ops/context.h"

/* Its QEMU listens again, on the same address; a port is chosen anew. *ret: the URI; owned by the caller. With the lock held. ERROR_STATE: it does not
 * wait. */
int act_recover(struct context *context, const char *name, char **ret, struct error *err);

#endif
