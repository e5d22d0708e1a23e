/* kvmctl-save.so: checksums by libxxhash, compression by libzstd. */
#include "save_module.h"

#include <xxhash.h>
#include <zstd.h>

/* The quickest of zstd's usual levels: what is saved is to be written as fast as the disk takes it. */
#define LEVEL 1

static uint64_t digest(const void *data, size_t length, uint64_t seed)
{
	return XXH3_64bits_withSeed(data, length, seed);
}

static void *pack_new(void)
{
	return ZSTD_createCCtx();
}

static void pack_free(void *pack)
{
	ZSTD_freeCCtx(pack);
}

static size_t pack_frame(void *pack, void *out, size_t out_size, const void *in, size_t length)
{
	size_t packed = ZSTD_compressCCtx(pack, out, out_size, in, length, LEVEL);

	return ZSTD_isError(packed) ? 0 : packed;
}

static void *unpack_new(void)
{
	return ZSTD_createDCtx();
}

static void unpack_free(void *unpack)
{
	ZSTD_freeDCtx(unpack);
}

static int unpack_frame(void *unpack, void *out, size_t out_size, const void *in, size_t length)
{
	return ZSTD_decompressDCtx(unpack, out, out_size, in, length) == out_size ? 0 : -1;
}

extern const struct save_codec save_codec;
const struct save_codec save_codec = {
	.version = SAVE_MODULE_VERSION,
	.digest = digest,
	.pack_new = pack_new,
	.pack_free = pack_free,
	.pack = pack_frame,
	.unpack_new = unpack_new,
	.unpack_free = unpack_free,
	.unpack = unpack_frame,
};
