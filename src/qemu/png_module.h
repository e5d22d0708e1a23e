/* What kvmctl-png.so exports: one const structure. The module knows nothing of kvmctl, so it speaks C types only. */
#ifndef KVMCTL_QEMU_PNG_MODULE_H
#define KVMCTL_QEMU_PNG_MODULE_H

#include <stddef.h>
#include <stdint.h>

#define PNG_MODULE_VERSION 1

struct png_module {
	int version;
	/* 8-bit RGB rows to fd. 0, or -1 with what went wrong in message and errno of the write in
	 * *errnum (0: none). */
	int (*write)(int fd, uint32_t width, uint32_t height, const uint8_t *rgb, char *message, size_t message_size,
		     int *errnum);
};

#endif
