/* Sleeping until something changes in a directory or file (inotify(7)), instead of looking again and again. */
#ifndef KVMCTL_HOST_WATCH_H
#define KVMCTL_HOST_WATCH_H

#include <stdint.h>

#include "base/deadline.h"
#include "base/error.h"

/* An inotify descriptor, non-blocking, CLOEXEC; where the host has none left, a timer that says several
 * times a second that something may have changed. */
int watch_open(int *ret_fd, struct error *err);
/* Files that come, go, are renamed or written in the directory (or the file itself). mask: IN_* of inotify(7). */
int watch_add(int fd, const char *path, uint32_t mask, struct error *err);
/* Waits for a change and forgets what it was. 1 changed, 0 time-out, -1 error. */
int watch_wait(int fd, struct deadline deadline, struct error *err);
/* Forgets the changes so far. */
void watch_drain(int fd);

#endif
