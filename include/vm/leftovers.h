/* What carries an instance's name in the run directory, whether or not there is a record of it. */
#ifndef KVMCTL_VM_LEFTOVERS_H
#define KVMCTL_VM_LEFTOVERS_H

#include <stdbool.h>

#include "base/error.h"
#include "vm/rundir.h"

/* Every name that has a file, directory or claim anywhere but in exit/, log/ and lock/ (those outlive an
 * instance). Sorted, each once (strv). */
int leftovers_names(struct rundir *rundir, char ***ret, struct error *err);
/* Whether this name has any. */
bool leftovers_exist(struct rundir *rundir, const char *name);
/* Removes them all but pid/NAME and conf/NAME.runtime, which go last (act_teardown). A chroot that is not
 * empty is moved to quarantine, loudly. */
int leftovers_remove(struct rundir *rundir, const char *name, struct error *err);
/* Temporary files that writers left which were killed, whosever they were. Needs no lock: a writer at
 * work begins anew. True when there were some. */
bool leftovers_sweep(struct rundir *rundir, bool remove);

#endif
