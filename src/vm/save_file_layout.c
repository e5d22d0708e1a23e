/* Head, marker and frame heads of a saved guest's file, as bytes. Pure. */
#include "save_file_layout.h"

#include <endian.h>
#include <string.h>

#include "base/text.h"

#define DIGEST_AT (SAVE_BLOCK - 8)
#define FRAME_MAGIC 0x4d41524bu /* "KRAM" */

static const char magic[8] = "KVMSAVE\n";
static const char *const marks[] = { "unused", "used" };

static void put32(uint8_t *at, uint32_t value)
{
	value = htole32(value);
	memcpy(at, &value, sizeof(value));
}

static void put64(uint8_t *at, uint64_t value)
{
	value = htole64(value);
	memcpy(at, &value, sizeof(value));
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static uint64_t get64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

static int damaged(const char *name, const char *what, struct error *err)
{
	return error_set(err, ERROR_SPEC, "\"%s\" is damaged: %s", name, what);
}

void save_head_encode(const struct save_codec *codec, struct save_head *head, uint8_t out[SAVE_BLOCK])
{
	memset(out, 0, SAVE_BLOCK);
	memcpy(out, magic, sizeof(magic));
	put32(out + 8, SAVE_FILE_VERSION);
	put64(out + 16, head->header_length);
	put64(out + 24, head->header_digest);
	head->chain = codec->digest(out, DIGEST_AT, 0);
	put64(out + DIGEST_AT, head->chain);
}

/* The checksum before the version: a flipped bit there is damage, not a newer kvmctl. */
int save_head_decode(const struct save_codec *codec, const uint8_t in[SAVE_BLOCK], const char *name,
		     struct save_head *ret, struct error *err)
{
	uint32_t version = get32(in + 8);
	struct save_head head = { .header_length = get64(in + 16),
				  .header_digest = get64(in + 24),
				  .chain = get64(in + DIGEST_AT) };

	if (memcmp(in, magic, sizeof(magic)) != 0)
		return error_set(err, ERROR_SPEC, "\"%s\" is no saved guest of kvmctl, or is damaged", name);
	if (codec->digest(in, DIGEST_AT, 0) != head.chain)
		return damaged(name, "the checksum of its head is wrong", err);
	if (version > SAVE_FILE_VERSION) {
		error_set(err, ERROR_UNKNOWN,
			  "\"%s\" was written by a newer kvmctl (format %u; this one reads up to %d)", name, version,
			  SAVE_FILE_VERSION);
		return error_hint(err, "use the newer kvmctl for it; nothing was touched");
	}
	if (version == 0 || head.header_length == 0 || head.header_length > SAVE_HEADER_MAX)
		return damaged(name, "its head makes no sense", err);
	*ret = head;
	return 0;
}

void save_marker_encode(const struct save_codec *codec, bool used, int64_t when_ms, uint8_t out[SAVE_BLOCK])
{
	memset(out, 0, SAVE_BLOCK);
	memcpy(out, marks[used], strlen(marks[used]));
	put64(out + 16, (uint64_t)when_ms);
	put64(out + DIGEST_AT, codec->digest(out, DIGEST_AT, 0));
}

int save_marker_decode(const struct save_codec *codec, const uint8_t in[SAVE_BLOCK], const char *name, bool *ret_used,
		       struct error *err)
{
	if (codec->digest(in, DIGEST_AT, 0) != get64(in + DIGEST_AT))
		return damaged(name, "the checksum of its marker is wrong", err);
	for (size_t i = 0; i < ELEMENTS(marks); i++)
		if (memcmp(in, marks[i], strlen(marks[i]) + 1) == 0) {
			*ret_used = i == 1;
			return 0;
		}
	return damaged(name, "its marker makes no sense", err);
}

void save_frame_encode(const struct save_codec *codec, struct save_frame *frame, uint64_t before,
		       uint8_t out[SAVE_FRAME_HEAD])
{
	put32(out, FRAME_MAGIC);
	put32(out + 4, frame->kind);
	put32(out + 8, frame->raw);
	put32(out + 12, frame->stored);
	put64(out + 16, frame->digest);
	frame->chain = codec->digest(out, 24, before);
	put64(out + 24, frame->chain);
}

/* Lengths that cannot be are refused here, before anybody makes room for them. */
static bool makes_sense(const struct save_frame *frame)
{
	switch (frame->kind) {
	case SAVE_FRAME_PLAIN:
		return frame->raw > 0 && frame->raw <= SAVE_FRAME_MAX && frame->stored == frame->raw;
	case SAVE_FRAME_ZSTD:
		return frame->raw > 0 && frame->raw <= SAVE_FRAME_MAX && frame->stored > 0 &&
		       frame->stored < frame->raw;
	case SAVE_FRAME_CLOSING:
		return frame->raw > 0 && frame->raw <= SAVE_CLOSING_MAX && frame->stored == frame->raw;
	default:
		return false;
	}
}

const char *save_frame_decode(const struct save_codec *codec, const uint8_t in[SAVE_FRAME_HEAD], uint64_t before,
			      struct save_frame *ret)
{
	struct save_frame frame = { .kind = get32(in + 4),
				    .raw = get32(in + 8),
				    .stored = get32(in + 12),
				    .digest = get64(in + 16),
				    .chain = get64(in + 24) };

	if (get32(in) != FRAME_MAGIC)
		return "there is no frame";
	if (codec->digest(in, 24, before) != frame.chain)
		return "the checksum of the frame's head is wrong";
	if (!makes_sense(&frame))
		return "the frame's head makes no sense";
	*ret = frame;
	return NULL;
}
