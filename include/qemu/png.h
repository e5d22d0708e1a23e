/* Writing a PNG picture. libpng is loaded on first use (kvmctl-png.so): only screenshots of a QEMU before
 * 7.1 need it. */
#ifndef KVMCTL_QEMU_PNG_H
#define KVMCTL_QEMU_PNG_H

#include "qemu/ppm.h"

/* Writes the picture to fd, where it stands. ERROR_HOST: the module or libpng is missing, or the file
 * cannot be written. */
int png_write(int fd, const struct ppm *picture, struct error *err);

#endif
