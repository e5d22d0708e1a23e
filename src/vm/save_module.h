/* What kvmctl-save.so exports: one const structure. The module knows nothing of kvmctl, so it speaks C types only. */
#ifndef KVMCTL_VM_SAVE_MODULE_H
#define KVMCTL_VM_SAVE_MODULE_H

#include <stddef.h>
#include <stdint.h>

#define SAVE_MODULE_VERSION 1

struct save_codec {
	int version;
	/* XXH3, 64 bits. */
	uint64_t (*digest)(const void *data, size_t length, uint64_t seed);
	/* zstd, one frame at a time. NULL: no memory. */
	void *(*pack_new)(void);
	void (*pack_free)(void *pack);
	/* The packed length; 0: it does not get smaller than out_size. */
	size_t (*pack)(void *pack, void *out, size_t out_size, const void *in, size_t length);
	void *(*unpack_new)(void);
	void (*unpack_free)(void *unpack);
	/* 0: exactly out_size bytes came out of it; else -1. */
	int (*unpack)(void *unpack, void *out, size_t out_size, const void *in, size_t length);
};

#endif
