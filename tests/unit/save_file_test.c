/* The file of a saved guest: what was written comes back, and no damaged byte goes unnoticed. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "vm/save_file.h"
#include "vm/save_module.h"

static const struct save_codec *codec;

static int load_codec(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	return save_codec_load(&codec, &err);
}

static int memory_file(void)
{
	int fd = memfd_create("save", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* A stream that compresses in part: zeros, and bytes that look random. */
static void fill(uint8_t *data, size_t length)
{
	uint32_t x = 1;

	for (size_t i = 0; i < length; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = i / 1000 % 2 ? 0 : (uint8_t)(x >> 24);
	}
}

static int write_file(size_t length, enum save_compression compression)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_save_writer_ struct save_writer *writer = NULL;
	_cleanup_json_ struct json *header = json_new_object(), *closing = json_new_object();
	_cleanup_free_ uint8_t *data = xcalloc(1, length + 1);
	int fd = memory_file();
	size_t done = 0, room;

	fill(data, length);
	json_put_string(header, "name", "web1");
	json_put_string(closing, "disks", "none");
	assert_int_equal(save_writer_new(fd, "f", codec, compression, header, &writer, &err), 0);
	while (done < length) {
		uint8_t *at = save_writer_room(writer, &room);
		size_t piece = length - done < room ? length - done : room;

		memcpy(at, data + done, piece);
		done += piece;
		assert_int_equal(save_writer_filled(writer, piece, &err), 0);
	}
	assert_int_equal(save_writer_finish(writer, closing, &err), 0);
	assert_int_equal(save_writer_bytes(writer), length);
	assert_int_equal(save_writer_stored(writer), lseek(fd, 0, SEEK_END));
	return fd;
}

static void read_back(int fd, size_t length)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_save_reader_ struct save_reader *reader = NULL;
	_cleanup_free_ uint8_t *data = xcalloc(1, length + 1);
	size_t done = 0, piece;
	const uint8_t *at;

	fill(data, length);
	assert_int_equal(save_reader_new(fd, "f", codec, &reader, &err), 0);
	assert_string_equal(json_get_string(save_reader_header(reader), "name", ""), "web1");
	assert_false(save_reader_used(reader));
	assert_int_equal(save_reader_verify(reader, &err), 0);
	assert_string_equal(json_get_string(save_reader_closing(reader), "disks", ""), "none");
	while (save_reader_next(reader, &at, &piece, &err) == 1) {
		assert_true(done + piece <= length);
		assert_memory_equal(at, data + done, piece);
		done += piece;
	}
	assert_int_equal(err.kind, ERROR_NONE);
	assert_int_equal(done, length);
}

static void test_comes_back(void **state)
{
	static const size_t lengths[] = { 0, 1, 1000, SAVE_FRAME_MAX - 1, SAVE_FRAME_MAX, 3 * SAVE_FRAME_MAX + 77 };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(lengths); i++)
		for (enum save_compression c = 0; c < SAVE_COMPRESSION_MAX; c++) {
			_cleanup_close_ int fd = write_file(lengths[i], c);

			read_back(fd, lengths[i]);
		}
}

static void test_compresses(void **state)
{
	_cleanup_close_ int plain = write_file(100000, SAVE_PLAIN), packed = write_file(100000, SAVE_ZSTD);

	(void)state;
	assert_true(lseek(packed, 0, SEEK_END) < lseek(plain, 0, SEEK_END) * 3 / 4);
}

/* 0: it passes for whole. */
static int look(int fd, struct error *err)
{
	_cleanup_save_reader_ struct save_reader *reader = NULL;

	return save_reader_new(fd, "f", codec, &reader, err) < 0 ? -1 : save_reader_verify(reader, err);
}

static void test_every_flipped_byte_is_noticed(void **state)
{
	(void)state;
	for (enum save_compression c = 0; c < SAVE_COMPRESSION_MAX; c++) {
		_cleanup_close_ int fd = write_file(5000, c);
		off_t size = lseek(fd, 0, SEEK_END);

		for (off_t at = 0; at < size; at++) {
			_cleanup_error_ struct error err = ERROR_INIT;
			uint8_t byte, other;

			assert_int_equal(pread(fd, &byte, 1, at), 1);
			other = (uint8_t)(byte ^ (1 << at % 8));
			assert_int_equal(pwrite(fd, &other, 1, at), 1);
			assert_int_equal(look(fd, &err), -1);
			assert_int_equal(err.kind, ERROR_SPEC);
			assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		}
		_cleanup_error_ struct error err = ERROR_INIT;
		assert_int_equal(look(fd, &err), 0);
	}
}

static void test_every_truncation_is_noticed(void **state)
{
	_cleanup_close_ int fd = write_file(5000, SAVE_PLAIN);

	(void)state;
	for (off_t size = lseek(fd, 0, SEEK_END) - 1; size >= 0; size--) {
		_cleanup_error_ struct error err = ERROR_INIT;

		assert_int_equal(ftruncate(fd, size), 0);
		assert_int_equal(look(fd, &err), -1);
		assert_int_equal(err.kind, ERROR_SPEC);
	}
}

static void test_what_follows_is_noticed(void **state)
{
	_cleanup_close_ int fd = write_file(5000, SAVE_PLAIN);
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(pwrite(fd, "", 1, lseek(fd, 0, SEEK_END)), 1);
	assert_int_equal(look(fd, &err), -1);
}

/* Two frames of the same length change places: each is right by itself. */
static void test_frames_in_another_order_are_noticed(void **state)
{
	_cleanup_close_ int fd = write_file(2 * SAVE_FRAME_MAX, SAVE_PLAIN);
	_cleanup_error_ struct error err = ERROR_INIT;
	const size_t frame = SAVE_FRAME_MAX + 32;
	_cleanup_free_ uint8_t *two = xcalloc(2, frame);
	const off_t first = 1024 + (off_t)strlen("{\"name\":\"web1\"}");

	(void)state;
	assert_int_equal(pread(fd, two, 2 * frame, first), 2 * frame);
	assert_int_equal(pwrite(fd, two + frame, frame, first), frame);
	assert_int_equal(pwrite(fd, two, frame, first + (off_t)frame), frame);
	assert_int_equal(look(fd, &err), -1);
	assert_int_equal(err.kind, ERROR_SPEC);
}

static void test_marker(void **state)
{
	_cleanup_close_ int fd = write_file(10, SAVE_PLAIN);
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	for (int used = 1; used >= 0; used--) {
		_cleanup_save_reader_ struct save_reader *reader = NULL;

		assert_int_equal(save_file_mark(fd, "f", codec, used, &err), 0);
		assert_int_equal(save_reader_new(fd, "f", codec, &reader, &err), 0);
		assert_int_equal(save_reader_used(reader), used);
		assert_int_equal(save_reader_verify(reader, &err), 0);
	}
}

/* Its checksum is right: so it is no damage. */
static void test_newer_format(void **state)
{
	_cleanup_close_ int fd = write_file(10, SAVE_PLAIN);
	_cleanup_error_ struct error err = ERROR_INIT;
	uint8_t head[512];
	uint64_t digest;

	(void)state;
	assert_int_equal(pread(fd, head, sizeof(head), 0), sizeof(head));
	head[8] = SAVE_FILE_VERSION + 1;

	digest = codec->digest(head, sizeof(head) - 8, 0);
	memcpy(head + sizeof(head) - 8, &digest, 8);
	assert_int_equal(pwrite(fd, head, sizeof(head), 0), sizeof(head));
	assert_int_equal(look(fd, &err), -1);
	assert_int_equal(err.kind, ERROR_UNKNOWN);
	assert_non_null(strstr(err.message, "newer kvmctl"));
}

static void test_a_full_disk_is_an_error(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_save_writer_ struct save_writer *writer = NULL;
	_cleanup_json_ struct json *header = json_new_object();
	_cleanup_close_ int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(save_writer_new(fd, "f", codec, SAVE_PLAIN, header, &writer, &err), -1);
	assert_int_equal(err.errnum, ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_back),
		cmocka_unit_test(test_compresses),
		cmocka_unit_test(test_every_flipped_byte_is_noticed),
		cmocka_unit_test(test_every_truncation_is_noticed),
		cmocka_unit_test(test_what_follows_is_noticed),
		cmocka_unit_test(test_frames_in_another_order_are_noticed),
		cmocka_unit_test(test_marker),
		cmocka_unit_test(test_newer_format),
		cmocka_unit_test(test_a_full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, load_codec, NULL);
}
