/* Where a guest lives among the control groups: a systemd scope, a cgroup of its own (v2, v1), or
 * nowhere, and then it is said.
 *
 * SCOPE    kvmctl-NAME.scope in kvmctl.slice, made by systemd (root, /run/systemd/system, busctl).
 * CGROUP2  BASE/kvmctl/NAME: BASE is the root of /sys/fs/cgroup where we may write there, else our own
 *          cgroup (delegated to a user).
 * CGROUP1  /sys/fs/cgroup/memory/kvmctl/NAME, and beside it the same in pids, systemd and unified where
 *          these are: the hierarchies through which a caller's group is limited or killed. `path` is the
 *          first of them that can be used.
 * A scope is entered by the supervisor, too; a plain cgroup by QEMU alone. Who removes a cgroup and is in
 * it moves itself to BASE first. */
#ifndef KVMCTL_HOST_PLACEMENT_H
#define KVMCTL_HOST_PLACEMENT_H

#include <sys/types.h>

#include "base/deadline.h"
#include "base/error.h"

enum placement_kind { PLACEMENT_NONE, PLACEMENT_SCOPE, PLACEMENT_CGROUP2, PLACEMENT_CGROUP1, PLACEMENT_KIND_MAX };
/* "none", "scope", "cgroup2", "cgroup1". */
const char *placement_kind_to_string(enum placement_kind kind);

struct placement {
	enum placement_kind kind;
	char *path; /* the scope's unit name, or the cgroup's directory */
	char *why;  /* PLACEMENT_NONE: the reason, for people */
};

/* What will be used here for `name`; nothing is made yet (its path is recorded first). A name that is in
 * use there already (by an instance of another run directory) gets a number: NAME~1. Always 0: where
 * nothing works the kind is PLACEMENT_NONE. */
int placement_choose(const char *name, struct placement *ret, struct error *err);
/* Makes it and moves the pids into it, with all their threads. A failure is ERROR_HOST: the caller goes on
 * without and says so. */
int placement_enter(const struct placement *placement, const pid_t *pids, size_t n, struct deadline deadline,
		    struct error *err);
/* Removes it; one that is not there is no error. A cgroup that still has processes (but the caller):
 * ERROR_HOST. Only kind and path are looked at. A scope goes by itself with its last process. */
int placement_remove(const struct placement *placement, struct error *err);
/* The same for a plain cgroup of either version, by its path. */
int placement_remove_cgroup(const char *path, struct error *err);
void placement_free(struct placement *placement);
/* Where a living process of `name` is, for one whose record is lost: kind NONE when it is in no cgroup of
 * ours. A scope is none: it goes by itself. */
void placement_of(pid_t pid, const char *name, struct placement *ret);

/* The scope through another busctl than the system's (tests). */
int placement_enter_scope(const char *busctl, const char *unit, const pid_t *pids, size_t n, struct deadline deadline,
			  struct error *err);

#endif
