/* Sealed memory copies of small files (memfd_create(2)): readable by a process that may not read the original. */
#ifndef KVMCTL_HOST_MEMFILE_H
#define KVMCTL_HOST_MEMFILE_H

#include <stddef.h>

#include "base/error.h"

/* A copy of the file (at most max bytes), sealed, CLOEXEC. */
int memfile_copy(const char *path, size_t max, int *ret_fd, struct error *err);
int memfile_from(const char *name, const void *data, size_t length, int *ret_fd, struct error *err);

#endif
