/* Where a guest lives among the control groups: a systemd scope, a cgroup of its own (v2, v1), or nowhere, and then it is said. */
#ifndef KVMCTL_HOST_PLACEMENT_H
#define KVMCTL_HOST_PLACEMENT_H

#include <sys/types.h>

#include "base/deadline.h"
#include "base/error.h"

enum placement_kind { PLACEMENT_NONE, PLACEMENT_SCOPE, PLACEMENT_CGROUP2, PLACEMENT_CGROUP1, PLACEMENT_KIND_MAX };
const char *placement_kind_to_string(enum placement_kind kind);

struct placement {
	enum placement_kind kind;
	char *path;      /* the scope's unit name, or the cgroup's directory */
	char *why;       /* PLACEMENT_NONE: the reason, for people */
};

/* What will be used here for `name`; nothing is made yet (its path is recorded first). */
int placement_choose(const char *name, struct placement *ret, struct error *err);
/* Makes it and moves the pids into it (supervisor and QEMU, before exec). A failure is ERROR_HOST: the caller goes on without and says so. */
int placement_enter(const struct placement *placement, const pid_t *pids, size_t n, struct deadline deadline, struct error *err);
/* Removes it; one that is not there is no error. A cgroup that still has processes: ERROR_HOST. */
int placement_remove(const struct placement *placement, struct error *err);
/* How many processes of it the OOM killer has ended, or -1 when that cannot be told. */
int placement_oom_kills(const struct placement *placement);
void placement_free(struct placement *placement);

#endif
