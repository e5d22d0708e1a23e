/* Claims: what only one instance of a run directory may have (uuid, MAC, VNC port, writable disk), as
 * links claim/WHAT -> NAME: symlink(2) fails where there is one, so that two starts at once cannot both
 * have it, and a look at one costs nothing however many instances there are. */
#ifndef KVMCTL_VM_CLAIM_H
#define KVMCTL_VM_CLAIM_H

#include "base/error.h"
#include "base/json.h"
#include "base/problems.h"
#include "host/process.h"
#include "vm/rundir.h"
#include "vm/spec.h"

/* The claims of a spec, in words ("uuid-…", "mac-…", "port-11002", "disk-8:1-1234"), and what people call them. */
struct claim {
	char *key;  /* file name in claim/: recorded in the state */
	char *what; /* "MAC address aa:…", "disk \"/dev/vg0/web1\"" */
};
void claims_of(const struct spec *spec, struct claim **ret, size_t *ret_n);
void claims_free(struct claim *claims, size_t n);

/* Takes all of them, with NAME's lock held. A claim of an instance whose QEMU is gone, and which nobody
 * has locked, is taken over. ERROR_STATE: all conflicts at once, each with the other's name; ERROR_HOST,
 * ERROR_BUSY: it cannot be told. Nothing is kept then. */
int claims_take(struct rundir *rundir, const struct claim *claims, size_t n, const char *name,
		const struct process_id *here, struct error *err);
/* Takes nothing: adds as problems those that an instance of another name has that is not gone. */
void claims_check(struct rundir *rundir, const struct claim *claims, size_t n, const char *name,
		  const struct process_id *here, struct problems *problems);
/* Gives back those keys that are NAME's (strv). */
void claims_release(struct rundir *rundir, char *const *keys, const char *name);
/* Gives back every claim of NAME, found by reading all links (for repairs without a state). */
void claims_sweep(struct rundir *rundir, const char *name);
/* Whether NAME has any. */
bool claims_exist(struct rundir *rundir, const char *name);
/* Adds the names that have claims. */
void claims_names(struct rundir *rundir, struct rundir_names *names);

#endif
