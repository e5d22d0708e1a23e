/* Before an instance is started, or accepted from elsewhere: it must not be there, and nothing of an earlier run may be left. */
#ifndef KVMCTL_OPS_ACT_ABSENT_H
#define KVMCTL_OPS_ACT_ABSENT_H

#include "ops/act_teardown.h"

/* With the lock held. 0: what an earlier run left is torn down. 1: it is there already, alive; *ret_pid; err (ERROR_STATE) says so and has no hint.
 * 2: as 0, but it is saved; err (ERROR_STATE) says so. -1: ERROR_UNKNOWN: cannot be told. */
int act_absent(struct context *context, const char *name, enum teardown_scope scope, pid_t *ret_pid, struct error *err);

#endif
