/* What real_qemu opens for the descriptors of a plan; the caller closes it. Where something is missing, the program ends. */
#ifndef GOLDEN_REAL_DESCRIPTORS_H
#define GOLDEN_REAL_DESCRIPTORS_H

#include "golden/golden_case.h"

/* One run of the real binary. */
struct real {
	const char *directory; /* the case's own */
	const struct golden_case *c;
	const struct plan *plan;
};

/* The same descriptor with a number that QEMU's do not reach. */
int real_high(int fd);
/* A UNIX socket that listens. */
int real_listen(const char *path);
/* What this descriptor is to be; -1: it cannot be opened (real_high() ends the program for it). */
int real_open(const struct real *real, const struct plan_fd *fd);

#endif
