/* conf/NAME.runtime: what kvmctl knows of an instance that it started: versioned JSON, written before
 * each effect on the host. */
#ifndef KVMCTL_VM_STATE_H
#define KVMCTL_VM_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "vm/move.h"
#include "vm/plan.h"
#include "vm/rundir.h"
#include "vm/status.h"

#define STATE_VERSION 1

struct state {
	char *name, *uuid;
	enum phase phase;
	struct json *spec; /* the document as started */
	char *spec_file;   /* "" = it came from standard input */
	char *spec_digest; /* to tell whether the file has changed since ("pending") */
	struct hardware hardware;
	char **argv;
	char *qemu_version; /* "7.2.22" */
	char *kvmctl_version;
	uint64_t net_ns;        /* inode of the network namespace it was started in */
	struct json *resources; /* array of what was made outside of the run directory: see vm/resource.h */
	char **claims;          /* its keys in claim/: see vm/claim.h */
	char *vnc, *spice;      /* viewer addresses, "" = none */
	char *serial_log;       /* "" = none */
	char *accelerator;      /* "kvm" or "tcg" */
	char *identity;         /* "root", "qemu", "610003" */
	int64_t uid;
	char *cpu_mask;  /* of `kvmctl pin`, "" = that of the spec is in force */
	char *placement; /* "cgroup1 /sys/fs/...", "scope kvmctl-x.scope", "none: why" */
	bool user_shutdown;
	char *waits_at,
		*found_at; /* where its QEMU waited for its guest: the URI that it was told, and as the source finds it; "" = did not */
	bool waits_again;        /* it lets go of that place by itself when it is told to wait once more */
	struct move *move;       /* the guest is on its way: see vm/move.h; or NULL */
	bool allow_unsafe_cache; /* started with --allow-unsafe-cache: so is it again */
};

#define _cleanup_state_ _cleanup_(state_free_ptr)

void state_free(struct state *state);
void state_free_ptr(struct state **state);
struct json *state_to_json(const struct state *state);
/* ERROR_UNKNOWN: damaged, or written by a newer kvmctl (the message says which). */
int state_from_json(const struct json *document, struct state **ret, struct error *err);
/* Durable (fsync). */
int state_write(struct rundir *rundir, const struct state *state, struct error *err);
/* 1 read, 0 none, -1 error. */
/* For who changes something without reading the state first: ERROR_UNKNOWN when a newer kvmctl wrote it;
 * 0 else, also when there is none. */
int state_refuse_newer(struct rundir *rundir, const char *name, struct error *err);
int state_read(struct rundir *rundir, const char *name, struct state **ret, struct error *err);

#endif
