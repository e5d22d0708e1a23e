/* Telling a QEMU something whose monitors do not answer: through its supervisor (supervisor/errand.c), which has had a connection to it since before.
 *
 * QEMU's main loop answers all but the few commands that it executes out of band, and only on a connection that has agreed on that with the main
 * loop. It hangs where it needs a page of the guest that has not come: in a post-copy without its connection, for as long as that is so. */
#ifndef KVMCTL_VM_OUT_OF_BAND_H
#define KVMCTL_VM_OUT_OF_BAND_H

#include <stdbool.h>

#include "base/deadline.h"
#include "base/json.h"
#include "vm/rundir.h"

/* In ctrl/, behind the instance's name: the supervisor listens there as long as it may be needed. */
#define OUT_OF_BAND_SUFFIX ".oob"
/* A request is one line, said at once, of at most: */
#define OUT_OF_BAND_MAX 4096

/* A supervisor is there, and takes something for QEMU just now. */
bool out_of_band_offered(struct rundir *rundir, const char *name);
/* "migrate-recover" or "migrate-pause". The reference of arguments (may be NULL) is taken. ERROR_STATE: no supervisor takes it: there is none, it is of
 * an older version, or no memory is on its way. ERROR_QEMU with QEMU's own words; ERROR_TIMEOUT. */
int out_of_band_execute(struct rundir *rundir, const char *name, const char *command, struct json *arguments,
			struct deadline deadline, struct error *err);

#endif
