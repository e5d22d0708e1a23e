/* A broken post-copy, on the target: the guest waits for its pages. */
#ifndef KVMCTL_OPS_ACT_RECOVER_H
#define KVMCTL_OPS_ACT_RECOVER_H

#include "ops/context.h"

/* Its QEMU listens again at the same place; a port that is taken meanwhile is chosen anew. *ret: the URI for the source; owned by the caller. With the
 * lock held. ERROR_STATE: it does not wait. ERROR_TIMEOUT: it does not answer, and no supervisor can tell it all the same. */
int act_recover(struct context *context, const char *name, char **ret, struct error *err);

#endif
