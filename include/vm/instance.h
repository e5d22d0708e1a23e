/* What an instance is at this moment, as the run directory and /proc tell it: no monitor is touched. */
#ifndef KVMCTL_VM_INSTANCE_H
#define KVMCTL_VM_INSTANCE_H

#include "base/error.h"
#include "host/process.h"
#include "vm/exit_record.h"
#include "vm/rundir.h"
#include "vm/status.h"

enum instance_state {
	INSTANCE_RUNNING,
	INSTANCE_PAUSED,
	INSTANCE_INCOMING,
	INSTANCE_OUTGOING,
	INSTANCE_STOPPED,
	INSTANCE_SAVED,
	INSTANCE_STALE,        /* a record, but its QEMU is gone: `cleanup` removes the rest */
	INSTANCE_ORPHANED,     /* a QEMU of ours without its record */
	INSTANCE_UNRESPONSIVE, /* its monitor does not answer (only where monitors are asked) */
	INSTANCE_UNKNOWN,
	INSTANCE_STATE_MAX
};
const char *instance_state_to_string(enum instance_state state);

struct instance {
	char *name;
	enum instance_state state;
	char *reason; /* one word or a short text; "" = none */
	bool has_status;
	struct status status;
	struct process_stat proc; /* when alive */
	bool supervised;          /* its supervisor lives */
};

#define _cleanup_instance_ _cleanup_(instance_clear)

/* An instance nobody knows is INSTANCE_STOPPED with the reason "" (from its exit record when there is
 * one). 0 always succeeds but for ERROR_HOST of the directory. */
int instance_look(struct rundir *rundir, const char *name, const struct process_id *here, struct instance *ret,
		  struct error *err);
void instance_clear(struct instance *instance);

/* status_update of an instance of this run directory: 1 done, 0 it has no status line, -1 error. */
int instance_note(struct rundir *rundir, const char *name, status_change_fn change, void *arg, struct error *err);

/* The inode of our own network namespace, 0 when it cannot be told. */
uint64_t instance_net_ns(struct rundir *rundir);

#endif
