/* New disk images. */
#ifndef KVMCTL_HOST_IMAGE_MAKE_H
#define KVMCTL_HOST_IMAGE_MAKE_H

#include <stdint.h>

#include "base/deadline.h"
#include "base/error.h"

struct image_order {
	const char *path;   /* a new file, or a block device that is there */
	const char *format; /* "raw", "qcow2" */
	int64_t size;       /* bytes that the guest sees */
	const char *
		backing; /* qcow2: absolute path of what it stands on, whose format is read from its header; "" = nothing */
};

/* An empty image. A file is mode 0600; one that is there already is an error, never written over; on failure none is left. A block device is
 * formatted. ERROR_HOST: also where qemu-img is missing (qcow2 needs it); ERROR_TIMEOUT. */
int image_make(const struct image_order *order, struct deadline deadline, struct error *err);
/* The qemu-img that makes qcow2 images. Owned by the caller. ERROR_HOST: it is not installed. */
int image_make_find(char **ret, struct error *err);

#endif
