/* What image files say of themselves: the backing chain of a qcow2 (QEMU: docs/interop/qcow2.txt), never by probing raw data. */
#ifndef KVMCTL_HOST_IMAGE_H
#define KVMCTL_HOST_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct image_header {
	bool qcow2;              /* it begins with the magic */
	uint32_t version;
	uint64_t virtual_size;   /* bytes */
	char *backing;           /* as written in the header; NULL: none */
	char *backing_format;    /* header extension; NULL: not written */
	bool has_data_file;      /* external data file */
	char *data_file;         /* NULL: not written */
	bool encrypted;
};

/* Reads at most the first cluster. ERROR_HOST: cannot be read; ERROR_SPEC: a qcow2 whose header makes no sense. */
int image_read_header(const char *path, struct image_header *ret, struct error *err);
void image_header_free(struct image_header *header);
/* The size of a file or block device in bytes. */
int image_size(const char *path, uint64_t *ret, struct error *err);

#endif
