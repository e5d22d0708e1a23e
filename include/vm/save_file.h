/* The file of a saved guest: what it was, its memory as QEMU streams it, what its disks were when it ended.
 *
 * All numbers are little-endian.
 *
 *      0  head: magic, version, length and checksum of the header; its own checksum in the last 8 bytes
 *    512  marker: "unused" or "used", when; its own checksum. The only part that is ever rewritten
 *   1024  header: JSON, an object
 *         frames: 32 bytes (magic, kind, raw and stored length, checksum of what is stored, chain), then what is stored
 *         the closing frame: JSON, an object, with the totals. The file ends with it
 *
 * Checksums are XXH3. Each frame's chain is the checksum of its first 24 bytes with the chain before it as the
 * seed, the first one with that of the head: so the last one is over all, and no frame can be missing, twice or elsewhere.
 * A byte that is flipped, in what place soever, is noticed. They protect from accidents, not from people. */
#ifndef KVMCTL_VM_SAVE_FILE_H
#define KVMCTL_VM_SAVE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

#define SAVE_FILE_VERSION 1
#define SAVE_FRAME_MAX (1024 * 1024) /* of what goes into a frame */

enum save_compression { SAVE_PLAIN, SAVE_ZSTD, SAVE_COMPRESSION_MAX };
const char *save_compression_to_string(enum save_compression compression); /* "none", "zstd" */
int save_compression_from_string(const char *s, enum save_compression *ret);

/* Checksums and compression, loaded when they are first used. ERROR_HOST: kvmctl-save.so or its libraries are not there. */
struct save_codec;
int save_codec_load(const struct save_codec **ret, struct error *err);

/* --- writing --- */
struct save_writer;
#define _cleanup_save_writer_ _cleanup_(save_writer_free_ptr)

/* Writes head, marker and header at the beginning of fd, which stays the caller's, as does the codec. `name` is for the errors. ERROR_HOST. */
int save_writer_new(int fd, const char *name, const struct save_codec *codec, enum save_compression compression,
		    const struct json *header, struct save_writer **ret, struct error *err);
/* Where the next bytes of the stream may be put, at least one of *ret_size; then how many were. */
uint8_t *save_writer_room(struct save_writer *writer, size_t *ret_size);
int save_writer_filled(struct save_writer *writer, size_t length, struct error *err);
/* The last frames, and all of it on the disk. The totals are put into closing ("bytes", "frames"). */
int save_writer_finish(struct save_writer *writer, struct json *closing, struct error *err);
/* So far: of the stream, and in the file. */
uint64_t save_writer_bytes(const struct save_writer *writer);
uint64_t save_writer_stored(const struct save_writer *writer);
void save_writer_free(struct save_writer *writer);
void save_writer_free_ptr(struct save_writer **writer);

/* --- reading --- */
struct save_reader;
#define _cleanup_save_reader_ _cleanup_(save_reader_free_ptr)

/* Reads up to the first frame. ERROR_HOST: cannot be read; ERROR_SPEC: no such file, damaged, cut short; ERROR_UNKNOWN: of a newer kvmctl. */
int save_reader_new(int fd, const char *name, const struct save_codec *codec, struct save_reader **ret,
		    struct error *err);
const struct json *save_reader_header(const struct save_reader *reader);
bool save_reader_used(const struct save_reader *reader);
/* All frames to the end of the file, without unpacking; then it stands at the first one again. Errors as above. */
int save_reader_verify(struct save_reader *reader, struct error *err);
/* After save_reader_verify. */
const struct json *save_reader_closing(const struct save_reader *reader);
/* The next piece of the stream, valid until the next call: 1; 0: that was all; -1. Verified again: it may have changed since. */
int save_reader_next(struct save_reader *reader, const uint8_t **ret_data, size_t *ret_length, struct error *err);
void save_reader_free(struct save_reader *reader);
void save_reader_free_ptr(struct save_reader **reader);

/* Rewrites the marker, durably. fd is open for writing. */
int save_file_mark(int fd, const char *name, const struct save_codec *codec, bool used, struct error *err);

#endif
