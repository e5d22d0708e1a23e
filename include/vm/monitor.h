/* Opens the monitors of an instance by name: the control monitor (under the instance's lock) and the
 * query monitor (under its own). */
#ifndef KVMCTL_VM_MONITOR_H
#define KVMCTL_VM_MONITOR_H

#include "base/deadline.h"
#include "base/error.h"
#include "qemu/qmp.h"
#include "vm/rundir.h"

enum monitor { MONITOR_CONTROL, MONITOR_QUERY, MONITOR_EVENT, MONITOR_MAX };
const char *monitor_suffix(enum monitor monitor); /* ".qmp", ".query", ".event" */

/* Connected only: before QEMU runs, or for those who pump many. As monitor_open's errors. */
int monitor_connect(struct rundir *rundir, const char *name, enum monitor monitor, struct qmp **ret, struct error *err);
/* Connected, and the handshake done. ERROR_STATE: nobody listens (not running); ERROR_TIMEOUT: it does
 * not answer (unresponsive). */
int monitor_open(struct rundir *rundir, const char *name, enum monitor monitor, struct deadline deadline,
		 struct qmp **ret, struct error *err);

#endif
