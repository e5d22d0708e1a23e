/* The host itself: memory, CPUs, NUMA nodes, kernel. */
#ifndef KVMCTL_HOST_MACHINE_H
#define KVMCTL_HOST_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct machine_memory {
	int64_t total, free,
		available; /* MiB; `free` as Ganeti counts: MemFree + Buffers + Cached + reclaimable slab */
	int64_t hugepages_total, hugepages_free, hugepage_kib;
};
int machine_memory(struct machine_memory *ret, struct error *err);
/* From the text of /proc/meminfo. ERROR_HOST: no MemTotal in it. Pure. */
int machine_memory_parse(const char *meminfo, struct machine_memory *ret, struct error *err);

struct machine_cpus {
	int online, sockets, nodes;
	int cores_per_socket, threads_per_core;
	char *model; /* owned; "" = the kernel does not say */
};
/* From /sys/devices/system/{cpu,node}. A kernel without topology counts as one socket with a core per CPU. */
int machine_cpus(struct machine_cpus *ret, struct error *err);
void machine_cpus_free(struct machine_cpus *cpus);

/* Reboots the host at once, without a shutdown (reboot(2)); dry_run only checks that it could. */
int machine_powercycle(int dry_run, struct error *err);

#endif
