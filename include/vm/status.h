/* pid/NAME: the two lines that `list` reads. Line 1: QEMU's pid. Line 2: blank-separated KEY=VALUE words,
 * unknown ones are kept out.
 *
 * Written by whoever changes something (start, stop, the supervisor) through status_update, which reads,
 * changes and replaces it under a small lock of its own, so that neither loses the other's change. Needs
 * base/ only: the supervisor links it. */
#ifndef KVMCTL_VM_STATUS_H
#define KVMCTL_VM_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "host/process.h"

enum phase {
	PHASE_STARTING,
	PHASE_RUNNING,
	PHASE_STOPPING,
	PHASE_REBOOTING,
	PHASE_INCOMING,
	PHASE_OUTGOING,
	PHASE_SAVING,
	PHASE_SAVED,
	PHASE_MAX
};
const char *phase_to_string(enum phase phase);
int phase_from_string(const char *s, enum phase *ret); /* -1: there is no such phase */
/* A guest comes, goes, or is saved: the reason is a MOVE_ word of vm/move.h. */
bool phase_is_move(enum phase phase);

struct status {
	struct process_id qemu; /* pid 0: none yet (starting), or none any more (waiting for a restart) */
	enum phase phase;
	bool paused; /* the vCPUs are stopped */
	char reason
		[48]; /* one word: "user", "io-error", "panicked", "watchdog", "start", "acpi", "quit", "sigterm", "sigkill", "force"; "" none;
				 where phase_is_move a MOVE_ word of vm/move.h */
	int vcpus;
	int64_t memory, maxmem;    /* MiB: balloon's actual, and the maximum */
	pid_t supervisor;          /* 0: none */
	uint64_t supervisor_start; /* its start time in ticks */
	int64_t since_ms;          /* Unix time of the start */
	char migration[24]; /* how far QEMU is with a migration, in its own word ("active", "completed"); "" none */
	char move[40];      /* the id of the move (vm/move.h) that this QEMU was started for, its target; "" none */
	uint64_t net_ns;    /* inode of the network namespace it was started in (word "netns=") */
};

#define STATUS_MAX_BYTES 1024

char *status_to_text(const struct status *status);
/* ERROR_UNKNOWN: cannot be read or makes no sense (the caller says "unknown", never "not running"). */
int status_from_text(const char *text, const char *name, struct status *ret, struct error *err);
/* 1 read, 0 there is none, -1 error. pid_dir: fd of pid/. */
int status_read(int pid_dir, const char *name, struct status *ret, struct error *err);
int status_write(int pid_dir, const char *name, const struct status *status, struct error *err);
/* Read, change, write under the small lock (lock/.NAME.status; at most one second is waited for it). 1
 * done; 0 there is no status, nothing is done; -1 error. change may leave it as it is. */
typedef void (*status_change_fn)(struct status *status, void *arg);
int status_update(int pid_dir, int lock_dir, const char *name, status_change_fn change, void *arg, struct error *err);

#endif
