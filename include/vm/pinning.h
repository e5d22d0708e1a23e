/* A cpu_mask put into effect on a running QEMU, and verified. */
#ifndef KVMCTL_VM_PINNING_H
#define KVMCTL_VM_PINNING_H

#include <sys/types.h>

#include "qemu/qmp.h"

/* One list: every thread of QEMU. One list per vCPU: each vCPU's thread (asked by query-cpus-fast); the
 * other threads stay as they are. ERROR_SPEC: bad mask, or not as many lists as vCPUs. ERROR_HOST: CPUs
 * that are not there or not allowed. */
int pinning_apply(struct qmp *qmp, pid_t qemu, const char *mask, struct deadline deadline, struct error *err);

#endif
