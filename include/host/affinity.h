/* CPU pinning: every thread of a process, or single threads, verified after setting (sched_setaffinity on
 * the pid moves only the main thread). */
#ifndef KVMCTL_HOST_AFFINITY_H
#define KVMCTL_HOST_AFFINITY_H

#include <sched.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/cpulist.h"
#include "base/error.h"

/* The CPUs that are online and that our cpuset allows. */
int affinity_allowed(cpu_set_t *ret, struct error *err);
/* A list against the host: "all" becomes the allowed ones. ERROR_HOST names the CPUs that are offline or
 * not allowed. */
int affinity_resolve(const struct cpulist *list, cpu_set_t *ret, struct error *err);
/* All threads of pid, again and again until a whole pass finds nothing to change (threads that appear
 * meanwhile), but those in `except`. EINVAL is explained by the process's cpuset. ERROR_HOST. */
int affinity_set_process(pid_t pid, const cpu_set_t *set, const pid_t *except, size_t n_except, struct error *err);
int affinity_set_thread(pid_t tid, const cpu_set_t *set, struct error *err);
int affinity_get_thread(pid_t tid, cpu_set_t *ret, struct error *err);

#endif
