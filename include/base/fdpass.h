/* Descriptors that go along with bytes over a UNIX socket: SCM_RIGHTS (unix(7)). */
#ifndef KVMCTL_BASE_FDPASS_H
#define KVMCTL_BASE_FDPASS_H

#include <stddef.h>
#include <sys/types.h>

/* The kernel takes SCM_MAX_FD descriptors in one message. */
#define FDPASS_MAX 253

/* send(2), the descriptors (may be none) with the first byte. Never SIGPIPE. Bytes sent, or -1 with errno. */
ssize_t fdpass_send(int socket, const void *data, size_t length, const int *fds, size_t n_fds, int flags);
/* recv(2), and at most one descriptor, CLOEXEC, which is the caller's; -1: none came along. */
ssize_t fdpass_receive(int socket, void *data, size_t size, int *ret_fd, int flags);

#endif
