/* The one teardown: whatever an instance had on the host is gone afterwards, however it came to its end.
 *
 * Called with the instance's lock held and its QEMU gone. Idempotent: killed half-way, it is simply run again. */
#ifndef KVMCTL_OPS_ACT_TEARDOWN_H
#define KVMCTL_OPS_ACT_TEARDOWN_H

#include "ops/context.h"
#include "vm/state.h"

enum teardown_scope {
	TEARDOWN_ALL,
	TEARDOWN_KEEP_RECORD, /* state, status line and claims stay: the instance starts again (reboot, restart) */
};

/* Takes down the recorded resources backwards, then everything in the run directory that carries the
 * name. What cannot be released is kept in the state and said (ERROR_HOST or ERROR_TIMEOUT; all the rest
 * is done all the same). Without a state only the run directory is swept. ERROR_UNKNOWN: the state is
 * from another network namespace and has links in it, or was written by a newer kvmctl: nothing is
 * touched. */
int act_teardown(struct context *context, const char *name, enum teardown_scope scope, struct error *err);

#endif
