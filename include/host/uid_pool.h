/* The host-wide pool of uids: one lock file per uid in a directory of its own; QEMU inherits the locked
 * descriptor, so a uid is taken exactly as long as its QEMU lives. A uid that any process in /proc has
 * (real, effective, saved, fs) is in use as well. */
#ifndef KVMCTL_HOST_UID_POOL_H
#define KVMCTL_HOST_UID_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* *ret_fd: the locked descriptor, to be inherited by QEMU (the caller clears CLOEXEC in the child through
 * child_fd) and then closed. ERROR_HOST when the pool is used up (with its size), or `dir` cannot be
 * used. `owner` is written into the file. */
int uid_pool_take(const char *dir, uid_t first, uid_t last, const char *owner, uid_t *ret_uid, int *ret_fd,
		  struct error *err);
/* True when the lock is held by somebody. */
bool uid_pool_held(const char *dir, uid_t uid);
/* The four uids of the text of a /proc/PID/status (proc(5): real, effective, saved, fs). -1: it has no
 * such line. For the fuzzer. */
int uid_pool_status_uids(const char *status, uid_t ret[4]);

#endif
