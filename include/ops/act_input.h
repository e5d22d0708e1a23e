/* Documents that are handed over as a file or on standard input. */
#ifndef KVMCTL_OPS_ACT_INPUT_H
#define KVMCTL_OPS_ACT_INPUT_H

#include <stddef.h>

#include "base/deadline.h"
#include "base/error.h"

/* `what` names it in errors. For reading, and never waiting for a writer. ERROR_SPEC: not there (errnum), a directory, larger than max (EFBIG). */
int input_open(const char *path, const char *what, size_t max, int *ret_fd, struct error *err);
/* To its end. ERROR_SPEC: larger than max (errnum EFBIG), unreadable; ERROR_TIMEOUT. */
int input_read(int fd, const char *what, size_t max, struct deadline deadline, char **ret, size_t *ret_length,
	       struct error *err);

#endif
