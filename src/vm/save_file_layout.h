/* How head, marker and frames lie in the file: shared by those who write and who read it. See vm/save_file.h. */
#ifndef KVMCTL_VM_SAVE_FILE_LAYOUT_H
#define KVMCTL_VM_SAVE_FILE_LAYOUT_H

#include "save_module.h"
#include "vm/save_file.h"

#define SAVE_BLOCK 512 /* head and marker: a sector each, so that a marker is written whole or not */
#define SAVE_PREFIX (2 * SAVE_BLOCK)
#define SAVE_HEADER_MAX (16 * 1024 * 1024)
#define SAVE_CLOSING_MAX (1024 * 1024)
#define SAVE_FRAME_HEAD 32
#define SAVE_JSON_DEPTH 96

struct save_head {
	uint64_t header_length, header_digest;
	uint64_t chain; /* its own checksum */
};

enum save_frame_kind { SAVE_FRAME_PLAIN = 1, SAVE_FRAME_ZSTD = 2, SAVE_FRAME_CLOSING = 3 };
struct save_frame {
	uint32_t kind, raw, stored;
	uint64_t digest, chain;
};

/* Fills in head->chain. */
void save_head_encode(const struct save_codec *codec, struct save_head *head, uint8_t out[SAVE_BLOCK]);
/* ERROR_SPEC, ERROR_UNKNOWN. */
int save_head_decode(const struct save_codec *codec, const uint8_t in[SAVE_BLOCK], const char *name,
		     struct save_head *ret, struct error *err);
void save_marker_encode(const struct save_codec *codec, bool used, int64_t when_ms, uint8_t out[SAVE_BLOCK]);
int save_marker_decode(const struct save_codec *codec, const uint8_t in[SAVE_BLOCK], const char *name, bool *ret_used,
		       struct error *err);
/* Fills in frame->chain; before: the chain before it. */
void save_frame_encode(const struct save_codec *codec, struct save_frame *frame, uint64_t before,
		       uint8_t out[SAVE_FRAME_HEAD]);
/* What is wrong with it, or NULL. */
const char *save_frame_decode(const struct save_codec *codec, const uint8_t in[SAVE_FRAME_HEAD], uint64_t before,
			      struct save_frame *ret);

#endif
