/* Inside of host/placement: one cgroup directory, v1 or v2 alike. */
#ifndef KVMCTL_HOST_PLACEMENT_CGROUP_H
#define KVMCTL_HOST_PLACEMENT_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* True when processes other than ourselves are in it. */
bool cgroup_has_others(const char *dir);
/* Makes dir (and its parent) and moves the pids into it. */
int cgroup_enter(const char *dir, const pid_t *pids, size_t n, struct error *err);
/* Moves ourselves to the directory two levels above, then removes dir, and its parent if that was the
 * last one. Not there: 0. */
int cgroup_remove(const char *dir, struct error *err);

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CGROUP1_HIERARCHIES 4
/* The hierarchies of v1 through which a group is limited or killed; memory first, since it counts OOM kills. */
extern const char *const cgroup1_hierarchies[CGROUP1_HIERARCHIES];
/* The same group in another hierarchy of v1 (be there one or not), or NULL where path is in none or in that one. Owned by
 * the caller. */
char *cgroup1_sibling(const char *path, const char *hierarchy);

#endif
