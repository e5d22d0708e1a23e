/* Starting a QEMU: from a checked spec to a guest that runs, or to a host as it was. */
#ifndef KVMCTL_OPS_ACT_LAUNCH_H
#define KVMCTL_OPS_ACT_LAUNCH_H

#include "ops/act_spec.h"
#include "ops/context.h"
#include "vm/migration_info.h"
#include "vm/move.h"
#include "vm/plan.h"

/* The guest comes from elsewhere: QEMU waits for it, and runs nothing. Phase incoming, reason waiting (vm/move.h). */
struct launch_incoming {
	const struct migration_terms *terms;
	const struct move *move; /* copied into the record */
	/* "ADDR", "ADDR:PORT", "[ADDR6]:0", "unix:PATH", "fd:N"; NULL: all addresses, migration_port of the spec */
	const char *listen;
	const struct migration_info *exports; /* its disks that are copied are exported, see act_export.h; NULL: none */
	const struct json *learned;           /* addresses of its NICs that were found there; NULL: none */
	/* Filled in; owned by the caller. */
	char *uri;
	char *told; /* the URI as QEMU has it */
	bool again; /* it lets go of that place when it is told to wait again */
	char *nbd_host;
	int nbd_port; /* 0: nothing is exported */
};

struct launch_request {
	const struct spec_loaded *loaded;
	const struct hardware
		*recorded; /* of the last run, when it starts again (reboot, restart); NULL: a first start */
	bool paused, foreground, allow_unsafe_cache;
	struct launch_incoming *incoming; /* NULL: the guest starts here */
	int restarts;                     /* in a row, by on_crash */
};

/* With the instance's lock held (the processes that stay do not keep it) and nothing left of an earlier run. On failure the host is as it was; the
 * exit record says why (incoming-failed of one that should have come; else start-failed, see exit_record_write). In the foreground the calling process
 * becomes the supervisor and a child of it returns from here.
 * *ret_pid: QEMU's. ERROR_SPEC, ERROR_HOST, ERROR_QEMU (with QEMU's own words), ERROR_TIMEOUT,
 * ERROR_STATE (a conflict with another instance). */
int act_launch(struct context *context, const struct launch_request *request, pid_t *ret_pid, struct error *err);

#endif
