/* The administrator's own programs: NIC scripts, `SCRIPT up|down` (kvm-vif-bridge(7)), and hooks, `HOOK
 * started|stopped INSTANCE`; both with a clean environment and a deadline. */
#ifndef KVMCTL_HOST_NIC_SCRIPT_H
#define KVMCTL_HOST_NIC_SCRIPT_H

#include "base/deadline.h"
#include "base/error.h"

/* env: "KEY=VALUE" strings made by the caller (PATH is added). A script that fails: ERROR_HOST with its
 * status and its output; that is too slow: ERROR_TIMEOUT. */
int nic_script_run(const char *script, const char *action, char *const *env, struct deadline deadline,
		   struct error *err);
/* env: INSTANCE and PATH. Errors as of nic_script_run. */
int hook_run(const char *hook, const char *event, const char *instance, struct deadline deadline, struct error *err);

#endif
