/* Kernel locks on files (flock): gone with their holder, the file stays and says in text who holds it. */
#ifndef KVMCTL_BASE_LOCK_H
#define KVMCTL_BASE_LOCK_H

#include "base/deadline.h"
#include "base/error.h"

/* Opens or makes dirfd/name (0640, CLOEXEC) and locks it exclusively. When it is held: waits until the
 * deadline, then ERROR_BUSY with the holder's text in the message. `holder` is written into the file
 * ("pid 123, start, since 2026-..."). *ret_fd is the lock: closing it lets go; a fork shares it. */
int lock_take(int dirfd, const char *name, const char *holder, struct deadline deadline, int *ret_fd,
	      struct error *err);
/* Another text in a lock that is held: a child that stays with it. */
void lock_note(int fd, const char *holder);
/* The text of the present or last holder, never NULL; owned by the caller. */
char *lock_holder(int dirfd, const char *name);

#endif
