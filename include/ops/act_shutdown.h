/* Bringing a running QEMU to its end, rung by rung, each with its own time; and the record of how it ended. */
#ifndef KVMCTL_OPS_ACT_SHUTDOWN_H
#define KVMCTL_OPS_ACT_SHUTDOWN_H

#include "ops/context.h"
#include "vm/exit_record.h"
#include "vm/instance.h"

/* ACPI power button (repeated), QMP quit, SIGTERM, SIGKILL. Before each rung it is written into the
 * status line, so that the supervisor can say what ended QEMU. The command's own deadline is kept: its
 * last 10 s, or the half of it, belong to the hard rungs. phase: PHASE_STOPPING or PHASE_REBOOTING. *ret: the rung that ended
 * it. ERROR_TIMEOUT: even SIGKILL did not (blocked in the kernel): nothing is released then. */
int act_shutdown(struct context *context, const struct instance *instance, enum phase phase, enum exit_reason *ret,
		 struct error *err);

/* A QEMU whose guest is not in it (moved away, saved, never arrived): quit, SIGTERM, SIGKILL. The status line is left as it is: its
 * MOVE_ word is how the supervisor knows what that end means. One that is gone is no error. No other connection to the control
 * monitor may be open. ERROR_TIMEOUT as above. */
int act_end(struct context *context, const struct instance *instance, struct error *err);

/* SIGKILL at once, without the lock. */
int act_kill(struct context *context, const struct instance *instance, struct error *err);

/* After QEMU's end: waits until the supervisor has written the exit record of this run; writes one when
 * there is no supervisor (or it does not come). Of a start that was not done it says that, whatever `how`.
 * A record that cannot be written is a warning. */
int act_settle_exit(struct context *context, const struct instance *instance, enum exit_reason how, struct error *err);
/* After the lock was let go: waits for the supervisor to be gone, so that it does not meet the next start's lock. */
void act_await_supervisor(struct context *context, const struct instance *instance);

#endif
