/* Sets of CPUs and their text: "0-2,4", "all", "^3" (cpuset(7) "List format", and Ganeti's exclusions). */
#ifndef KVMCTL_BASE_CPULIST_H
#define KVMCTL_BASE_CPULIST_H

#include <sched.h>
#include <stdbool.h>

#include "base/error.h"

#define CPULIST_MAX_CPU 1023

struct cpulist {
	bool all;      /* "all": whatever the host allows */
	cpu_set_t set; /* empty when `all` */
};

/* One list: "all", "0-2,4", "0-7,^3". ERROR_SPEC: empty, reversed range, over CPULIST_MAX_CPU, a list
 * that excludes all. */
int cpulist_parse(const char *text, struct cpulist *ret, struct error *err);
/* A mask: one list, or one per vCPU separated by ':'. ret is owned by the caller; *ret_n is at least 1. */
int cpumask_parse(const char *text, struct cpulist **ret, size_t *ret_n, struct error *err);
/* The shortest text: "0-2,4"; "all". */
char *cpulist_to_text(const struct cpulist *list);
char *cpuset_to_text(const cpu_set_t *set);

#endif
