/* What image files say of themselves: the backing chain of a qcow2 (QEMU: docs/interop/qcow2.txt), never
 * by probing raw data. */
#ifndef KVMCTL_HOST_IMAGE_H
#define KVMCTL_HOST_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct image_header {
	bool qcow2; /* it begins with the magic; all else is unset when it does not */
	uint32_t version;
	uint64_t virtual_size; /* bytes */
	char *backing;         /* as written in the header; NULL: none */
	char *backing_format;  /* header extension; NULL: not written */
	bool has_data_file;    /* external data file */
	char *data_file;       /* NULL: not written */
	bool encrypted;
};

#define _cleanup_image_ _cleanup_(image_header_free)

/* Reads at most the first cluster. ERROR_HOST: cannot be read, or is neither a file nor a block device (a
 * FIFO is not waited for); ERROR_SPEC: a qcow2 whose header makes no sense. */
int image_read_header(const char *path, struct image_header *ret, struct error *err);
/* The same from the first `size` bytes of an image. `name` is for the errors. Pure: for fuzzing. ERROR_SPEC. */
int image_parse_header(const uint8_t *data, size_t size, const char *name, struct image_header *ret, struct error *err);
void image_header_free(struct image_header *header);

/* What lies at a path. */
struct image_place {
	bool block_device;
	bool read_only;  /* a block device that the kernel has as such */
	bool network_fs; /* a file that other hosts may have open */
	dev_t dev;       /* of the file, or of the block device itself: with ino its identity, whatever its path */
	ino_t ino;       /* 0 of a block device */
	uint64_t size;   /* bytes */
};
/* ERROR_HOST: not there, not readable, neither a file nor a block device. */
int image_look(const char *path, struct image_place *ret, struct error *err);

#endif
