/* What writers and readers of saved guests share: the door to kvmctl-save.so, the marker. */
#include "vm/save_file.h"

#include <unistd.h>

#include "base/deadline.h"
#include "base/module.h"
#include "base/text.h"
#include "save_file_layout.h"

static const char *const compressions[SAVE_COMPRESSION_MAX] = { [SAVE_PLAIN] = "none", [SAVE_ZSTD] = "zstd" };

const char *save_compression_to_string(enum save_compression compression)
{
	return compressions[compression];
}

int save_compression_from_string(const char *s, enum save_compression *ret)
{
	for (enum save_compression i = 0; i < SAVE_COMPRESSION_MAX; i++)
		if (streq(s, compressions[i])) {
			*ret = i;
			return 0;
		}
	return -1;
}

int save_codec_load(const struct save_codec **ret, struct error *err)
{
	const struct save_codec *codec;
	const void *symbol;

	if (module_load("save", "save_codec", &symbol, err) < 0)
		return -1;
	codec = symbol;
	if (codec->version != SAVE_MODULE_VERSION)
		return error_set(err, ERROR_HOST, "\"kvmctl-save.so\" belongs to another version of kvmctl");
	*ret = codec;
	return 0;
}

int save_file_mark(int fd, const char *name, const struct save_codec *codec, bool used, struct error *err)
{
	uint8_t block[SAVE_BLOCK];

	save_marker_encode(codec, used, clock_realtime_ms(), block);
	if (pwrite(fd, block, sizeof(block), SAVE_BLOCK) != (ssize_t)sizeof(block) || fdatasync(fd) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot mark \"%s\" as %s", name, used ? "used" : "unused");
	return 0;
}
