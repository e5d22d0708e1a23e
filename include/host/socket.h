/* UNIX sockets under directories whose path may be longer than sun_path (108 bytes: unix(7)). */
#ifndef KVMCTL_HOST_SOCKET_H
#define KVMCTL_HOST_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* A listening stream socket dirfd/name, 0660 or as given: bound under a short temporary name in `dirfd`
 * (through /proc/self/fd) and renamed. CLOEXEC. */
int socket_listen_at(int dirfd, const char *name, mode_t mode, int backlog, int *ret_fd, struct error *err);
/* Looks for temporary names that were left by who was killed before the renaming. With `remove` they are
 * taken away; one that is just at work begins anew. True when there were some. */
bool socket_sweep_at(int dirfd, bool remove);
/* Connects without waiting (EAGAIN from a full backlog: ERROR_BUSY; ECONNREFUSED, ENOENT: ERROR_QEMU with
 * errnum). Non-blocking, CLOEXEC. */
int socket_connect_at(int dirfd, const char *name, int *ret_fd, struct error *err);

#endif
