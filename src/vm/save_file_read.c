/* Reading the file of a saved guest: nothing of it is believed before its checksum was right. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "save_file_layout.h"

struct save_reader {
	int fd;
	char *name;
	const struct save_codec *codec;
	void *unpack;
	uint8_t *stored, *raw; /* SAVE_FRAME_MAX each */
	struct json *header, *closing;
	bool used;
	struct save_head head;
	off_t at; /* of the next frame */
	uint64_t chain, bytes, frames;
};

void save_reader_free(struct save_reader *reader)
{
	if (!reader)
		return;
	if (reader->unpack)
		reader->codec->unpack_free(reader->unpack);
	json_free(reader->header);
	json_free(reader->closing);
	free(reader->stored);
	free(reader->raw);
	free(reader->name);
	free(reader);
}

void save_reader_free_ptr(struct save_reader **reader)
{
	save_reader_free(*reader);
}

const struct json *save_reader_header(const struct save_reader *reader)
{
	return reader->header;
}

const struct json *save_reader_closing(const struct save_reader *reader)
{
	return reader->closing;
}

bool save_reader_used(const struct save_reader *reader)
{
	return reader->used;
}

/* Exactly so many bytes: fewer are a file that was cut short. */
static int read_at(struct save_reader *reader, off_t at, void *out, size_t length, struct error *err)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = pread(reader->fd, (uint8_t *)out + done, length - done, at + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, ERROR_HOST, errno, "cannot read \"%s\"", reader->name);
		if (n == 0)
			return error_set(err, ERROR_SPEC, "\"%s\" is damaged: it was cut short", reader->name);
		done += (size_t)n;
	}
	return 0;
}

static int parse(struct save_reader *reader, const void *text, size_t length, const char *what, struct json **ret,
		 struct error *err)
{
	_cleanup_json_ struct json *document = NULL;

	if (json_parse(text, length, SAVE_HEADER_MAX, SAVE_JSON_DEPTH, what, &document, err) < 0)
		return error_prefix(err, "\"%s\" is damaged", reader->name);
	if (json_type_of(document) != JSON_OBJECT)
		return error_set(err, ERROR_SPEC, "\"%s\" is damaged: its %s is no object", reader->name, what);
	json_free(*ret);
	*ret = take_ptr(document);
	return 0;
}

static void rewind_frames(struct save_reader *reader)
{
	reader->at = SAVE_PREFIX + (off_t)reader->head.header_length;
	reader->chain = reader->head.chain;
	reader->bytes = reader->frames = 0;
}

static int read_prefix(struct save_reader *reader, struct error *err)
{
	uint8_t prefix[SAVE_PREFIX];
	_cleanup_free_ char *text = NULL;
	size_t length;

	if (read_at(reader, 0, prefix, sizeof(prefix), err) < 0 ||
	    save_head_decode(reader->codec, prefix, reader->name, &reader->head, err) < 0 ||
	    save_marker_decode(reader->codec, prefix + SAVE_BLOCK, reader->name, &reader->used, err) < 0)
		return -1;
	length = reader->head.header_length;
	text = xcalloc(1, length + 1);
	if (read_at(reader, SAVE_PREFIX, text, length, err) < 0)
		return -1;
	if (reader->codec->digest(text, length, 0) != reader->head.header_digest)
		return error_set(err, ERROR_SPEC, "\"%s\" is damaged: the checksum of its header is wrong",
				 reader->name);
	return parse(reader, text, length, "header", &reader->header, err);
}

int save_reader_new(int fd, const char *name, const struct save_codec *codec, struct save_reader **ret,
		    struct error *err)
{
	_cleanup_save_reader_ struct save_reader *reader = xcalloc(1, sizeof(*reader));

	reader->fd = fd;
	reader->name = xstrdup(name);
	reader->codec = codec;
	reader->stored = xcalloc(1, SAVE_FRAME_MAX);
	reader->raw = xcalloc(1, SAVE_FRAME_MAX);
	if (read_prefix(reader, err) < 0)
		return -1;
	rewind_frames(reader);
	*ret = take_ptr(reader);
	return 0;
}

static int frame_damaged(const struct save_reader *reader, const char *why, struct error *err)
{
	return error_set(err, ERROR_SPEC, "\"%s\" is damaged: at byte %jd %s", reader->name, (intmax_t)reader->at, why);
}

/* Head and body of the next frame, both right; what is stored is in reader->stored. */
static int read_frame(struct save_reader *reader, struct save_frame *ret, struct error *err)
{
	uint8_t head[SAVE_FRAME_HEAD];
	const char *wrong;

	if (read_at(reader, reader->at, head, sizeof(head), err) < 0)
		return -1;
	wrong = save_frame_decode(reader->codec, head, reader->chain, ret);
	if (wrong)
		return frame_damaged(reader, wrong, err);
	if (read_at(reader, reader->at + SAVE_FRAME_HEAD, reader->stored, ret->stored, err) < 0)
		return -1;
	if (reader->codec->digest(reader->stored, ret->stored, 0) != ret->digest)
		return frame_damaged(reader, "the checksum of a frame is wrong", err);
	reader->chain = ret->chain;
	reader->at += SAVE_FRAME_HEAD + (off_t)ret->stored;
	return 0;
}

/* The totals agree, and nothing follows. */
static int read_closing(struct save_reader *reader, const struct save_frame *frame, struct error *err)
{
	uint8_t more;
	ssize_t n;

	if (parse(reader, reader->stored, frame->stored, "end", &reader->closing, err) < 0)
		return -1;
	if ((uint64_t)json_get_int(reader->closing, "bytes", -1) != reader->bytes ||
	    (uint64_t)json_get_int(reader->closing, "frames", -1) != reader->frames)
		return frame_damaged(reader, "the totals do not agree with what there is", err);
	n = pread(reader->fd, &more, 1, reader->at);
	if (n < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot read \"%s\"", reader->name);
	return n > 0 ? frame_damaged(reader, "something follows its end", err) : 0;
}

/* 1 a frame of the stream, 0 the end. */
static int next_frame(struct save_reader *reader, struct save_frame *ret, struct error *err)
{
	if (read_frame(reader, ret, err) < 0)
		return -1;
	if (ret->kind == SAVE_FRAME_CLOSING)
		return read_closing(reader, ret, err);
	reader->bytes += ret->raw;
	reader->frames++;
	return 1;
}

int save_reader_verify(struct save_reader *reader, struct error *err)
{
	struct save_frame frame;
	int result;

	rewind_frames(reader);
	while ((result = next_frame(reader, &frame, err)) > 0)
		;
	rewind_frames(reader);
	return result;
}

static int unpack(struct save_reader *reader, const struct save_frame *frame, struct error *err)
{
	if (!reader->unpack)
		reader->unpack = reader->codec->unpack_new();
	if (!reader->unpack)
		return error_errno(err, ERROR_HOST, ENOMEM, "cannot begin to decompress");
	if (reader->codec->unpack(reader->unpack, reader->raw, frame->raw, reader->stored, frame->stored) < 0)
		return frame_damaged(reader, "a frame cannot be decompressed", err);
	return 0;
}

int save_reader_next(struct save_reader *reader, const uint8_t **ret_data, size_t *ret_length, struct error *err)
{
	struct save_frame frame = { 0 };
	int result = next_frame(reader, &frame, err);

	if (result <= 0)
		return result;
	if (frame.kind == SAVE_FRAME_ZSTD && unpack(reader, &frame, err) < 0)
		return -1;
	*ret_data = frame.kind == SAVE_FRAME_ZSTD ? reader->raw : reader->stored;
	*ret_length = frame.raw;
	return 1;
}
