/* What a child may do: its identity and its capabilities, given up between fork and exec
 * (capabilities(7), libcap-ng). */
#ifndef KVMCTL_HOST_PRIVILEGES_H
#define KVMCTL_HOST_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

enum privileges_kind {
	PRIVILEGES_KEEP,     /* the caller's identity and capabilities */
	PRIVILEGES_NO_CAPS,  /* the caller's identity; all capabilities dropped, bounding set empty; no-new-privs */
	PRIVILEGES_DROPPED,  /* uid, gid, exactly the given groups; no capabilities, bounding set empty; no-new-privs */
	PRIVILEGES_CHROOTER, /* stays root with bounding, permitted and effective = SETUID, SETGID, SYS_CHROOT: QEMU drops the rest itself; no-new-privs */
	PRIVILEGES_KIND_MAX
};

struct privileges {
	enum privileges_kind kind;
	uid_t uid;
	gid_t gid;
	gid_t groups[4];
	size_t n_groups;
};

/* In the child only. ERROR_HOST with the step. */
int privileges_apply(const struct privileges *privileges, struct error *err);

#endif
