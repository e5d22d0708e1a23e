/* Writing the file of a saved guest, frame by frame. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/file.h"
#include "base/text.h"
#include "save_file_layout.h"

struct save_writer {
	int fd;
	char *name;
	const struct save_codec *codec;
	void *pack;               /* NULL: plain */
	uint8_t *buffer, *packed; /* SAVE_FRAME_MAX each */
	size_t filled;
	uint64_t chain, bytes, stored, frames;
};

void save_writer_free(struct save_writer *writer)
{
	if (!writer)
		return;
	if (writer->pack)
		writer->codec->pack_free(writer->pack);
	free(writer->buffer);
	free(writer->packed);
	free(writer->name);
	free(writer);
}

void save_writer_free_ptr(struct save_writer **writer)
{
	save_writer_free(*writer);
}

uint64_t save_writer_bytes(const struct save_writer *writer)
{
	return writer->bytes + writer->filled;
}

uint64_t save_writer_stored(const struct save_writer *writer)
{
	return writer->stored;
}

/* Begins with head and marker; a frame's head and body go out in one call. */
static int write_two(struct save_writer *writer, const void *a, size_t a_length, const void *b, size_t b_length,
		     struct error *err)
{
	struct iovec parts[2] = { { (void *)a, a_length }, { (void *)b, b_length } };
	size_t left = a_length + b_length;
	ssize_t n;

	do
		n = writev(writer->fd, parts, 2);
	while (n < 0 && errno == EINTR);
	if (n >= 0 && (size_t)n < a_length) {
		/* A full disk may end anywhere; what comes now says so with its errno. */
		if (file_write_all(writer->fd, (const uint8_t *)a + n, a_length - (size_t)n) == 0)
			n = (ssize_t)a_length;
		else
			n = -1;
	}
	if (n >= 0 && (size_t)n < left &&
	    file_write_all(writer->fd, (const uint8_t *)b + ((size_t)n - a_length), left - (size_t)n) < 0)
		n = -1;
	if (n < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot write \"%s\"", writer->name);
	/* The disk begins at once, so that little is left for the sync at the end. */
	sync_file_range(writer->fd, (off64_t)writer->stored, (off64_t)left, SYNC_FILE_RANGE_WRITE);
	writer->stored += left;
	return 0;
}

static int write_frame(struct save_writer *writer, enum save_frame_kind kind, const void *data, size_t raw,
		       size_t stored, struct error *err)
{
	uint8_t head[SAVE_FRAME_HEAD];
	struct save_frame frame = { .kind = kind,
				    .raw = (uint32_t)raw,
				    .stored = (uint32_t)stored,
				    .digest = writer->codec->digest(data, stored, 0) };

	save_frame_encode(writer->codec, &frame, writer->chain, head);
	writer->chain = frame.chain;
	return write_two(writer, head, sizeof(head), data, stored, err);
}

static int flush_frame(struct save_writer *writer, struct error *err)
{
	size_t raw = writer->filled, packed = 0;

	if (raw == 0)
		return 0;
	if (writer->pack)
		packed = writer->codec->pack(writer->pack, writer->packed, raw - 1, writer->buffer, raw);
	writer->filled = 0;
	writer->bytes += raw;
	writer->frames++;
	if (packed > 0)
		return write_frame(writer, SAVE_FRAME_ZSTD, writer->packed, raw, packed, err);
	return write_frame(writer, SAVE_FRAME_PLAIN, writer->buffer, raw, raw, err);
}

static int write_prefix(struct save_writer *writer, const struct json *header, struct error *err)
{
	_cleanup_free_ char *text = json_to_text(header);
	uint8_t prefix[SAVE_PREFIX];
	struct save_head head = { .header_length = strlen(text),
				  .header_digest = writer->codec->digest(text, strlen(text), 0) };

	save_head_encode(writer->codec, &head, prefix);
	save_marker_encode(writer->codec, false, clock_realtime_ms(), prefix + SAVE_BLOCK);
	writer->chain = head.chain;
	return write_two(writer, prefix, sizeof(prefix), text, strlen(text), err);
}

int save_writer_new(int fd, const char *name, const struct save_codec *codec, enum save_compression compression,
		    const struct json *header, struct save_writer **ret, struct error *err)
{
	_cleanup_save_writer_ struct save_writer *writer = xcalloc(1, sizeof(*writer));

	writer->fd = fd;
	writer->name = xstrdup(name);
	writer->codec = codec;
	writer->buffer = xcalloc(1, SAVE_FRAME_MAX);
	if (compression == SAVE_ZSTD) {
		writer->packed = xcalloc(1, SAVE_FRAME_MAX);
		writer->pack = codec->pack_new();
		if (!writer->pack)
			return error_errno(err, ERROR_HOST, ENOMEM, "cannot begin to compress");
	}
	if (write_prefix(writer, header, err) < 0)
		return -1;
	*ret = take_ptr(writer);
	return 0;
}

uint8_t *save_writer_room(struct save_writer *writer, size_t *ret_size)
{
	*ret_size = SAVE_FRAME_MAX - writer->filled;
	return writer->buffer + writer->filled;
}

int save_writer_filled(struct save_writer *writer, size_t length, struct error *err)
{
	writer->filled += length;
	return writer->filled < SAVE_FRAME_MAX ? 0 : flush_frame(writer, err);
}

int save_writer_finish(struct save_writer *writer, struct json *closing, struct error *err)
{
	if (flush_frame(writer, err) < 0)
		return -1;
	json_put_int(closing, "bytes", (int64_t)writer->bytes);
	json_put_int(closing, "frames", (int64_t)writer->frames);
	_cleanup_free_ char *text = json_to_text(closing);
	if (write_frame(writer, SAVE_FRAME_CLOSING, text, strlen(text), strlen(text), err) < 0)
		return -1;
	if (fsync(writer->fd) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot write \"%s\" to the disk", writer->name);
	return 0;
}
