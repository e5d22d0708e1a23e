/* A guest that has come here and is not let run: its images are ours all the same. */
#ifndef KVMCTL_OPS_ACT_ACTIVATE_H
#define KVMCTL_OPS_ACT_ACTIVATE_H

#include "ops/context.h"
#include "qemu/qmp.h"

/* QEMU takes its images into possession, as `cont` would make it do. Without that, one that came with late-block-activate and stays paused is ended by
 * an assertion of its own when it is moved on or saved. ERROR_QEMU. */
int act_activate(struct context *context, const char *name, struct qmp *qmp, struct deadline deadline,
		 struct error *err);

#endif
