/* The picture that a QEMU before 7.1 makes of a screen: a binary PPM (netpbm's ppm(5), magic "P6"), read
 * strictly: QEMU writes exactly one form. */
#ifndef KVMCTL_QEMU_PPM_H
#define KVMCTL_QEMU_PPM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* No screen of QEMU is larger than this in either direction. */
#define PPM_MAX_SIDE 16384
/* The bytes of the largest file. */
#define PPM_MAX_BYTES ((size_t)PPM_MAX_SIDE * PPM_MAX_SIDE * 3 + 64)

struct ppm {
	uint32_t width, height;
	const uint8_t *pixels; /* width * height times red, green, blue; borrowed from the data */
};

/* ERROR_QEMU: no P6, a side of 0 or over PPM_MAX_SIDE, a maximum other than 255, fewer or more bytes than that. */
int ppm_parse(const void *data, size_t length, struct ppm *ret, struct error *err);

#endif
