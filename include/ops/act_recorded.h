/* Starting an instance again from what was recorded of it: reboot, restart after a crash, a reboot that
 * was killed half-way. */
#ifndef KVMCTL_OPS_ACT_RECORDED_H
#define KVMCTL_OPS_ACT_RECORDED_H

#include "ops/act_launch.h"
#include "vm/state.h"

/* The spec for the next run: as recorded, with the host's part of the file where that can be read. */
int act_recorded_spec(struct context *context, const struct state *state, struct spec_loaded *ret, struct error *err);

/* Whether the host has what starting it again needs, as far as that can be told while it runs: a guest is not
 * shut down for a reboot that cannot work. Errors as those of a start. */
int act_check_recorded(struct context *context, const char *name, struct error *err);

/* The recorded spec and hardware; what the guest does not see comes from the spec file as it is now, when
 * it is there and valid. With the lock held and the last run torn down (TEARDOWN_KEEP_RECORD).
 * request->loaded and recorded are filled in here. ERROR_NO_INSTANCE: nothing is recorded. */
int act_launch_recorded(struct context *context, const char *name, struct launch_request *request, pid_t *ret_pid,
			struct error *err);

/* A reboot that stopped half-way, its QEMU gone: what is left of the last run is torn down, then as
 * above. With the lock held. */
int act_finish_reboot(struct context *context, const char *name, pid_t *ret_pid, struct error *err);

#endif
