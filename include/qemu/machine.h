/* What kvmctl asks a running QEMU again and again, in its own words. */
#ifndef KVMCTL_QEMU_MACHINE_H
#define KVMCTL_QEMU_MACHINE_H

#include <sys/types.h>

#include "qemu/qmp.h"

/* The host's thread of each vCPU, by vCPU number (query-cpus-fast); owned by the caller. */
int machine_vcpu_threads(struct qmp *qmp, struct deadline deadline, pid_t **ret, size_t *ret_n, struct error *err);
/* Sets the balloon's target. MiB. */
int machine_balloon(struct qmp *qmp, int64_t mib, struct deadline deadline, struct error *err);
/* What the guest has now (query-balloon). MiB. */
int machine_balloon_actual(struct qmp *qmp, struct deadline deadline, int64_t *ret, struct error *err);

#endif
