/* Image headers: what the documents say, and what liars write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <endian.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "host/image.h"

#define CLUSTER 512

struct image {
	uint8_t data[CLUSTER];
};

static void put32(struct image *image, size_t offset, uint32_t value)
{
	value = htobe32(value);
	memcpy(image->data + offset, &value, sizeof(value));
}

static void put64(struct image *image, size_t offset, uint64_t value)
{
	value = htobe64(value);
	memcpy(image->data + offset, &value, sizeof(value));
}

static size_t put_extension(struct image *image, size_t offset, uint32_t type, const char *text)
{
	put32(image, offset, type);
	put32(image, offset + 4, (uint32_t)strlen(text));
	memcpy(image->data + offset + 8, text, strlen(text));
	return offset + 8 + (strlen(text) + 7) / 8 * 8;
}

/* A sound header of 512-byte clusters over "base.qcow2". */
static struct image sound(uint32_t version)
{
	struct image image = { { 0 } };
	size_t end = version == 2 ? 72 : 104;

	put32(&image, 0, 0x514649fb);
	put32(&image, 4, version);
	put64(&image, 8, 300);
	put32(&image, 16, 10);
	put32(&image, 20, 9);
	put64(&image, 24, 1 << 20);
	if (version == 3)
		put32(&image, 100, 104);
	end = put_extension(&image, end, 0x6803f857, "a feature name table");
	put_extension(&image, end, 0xe2792aca, "qcow2");
	memcpy(image.data + 300, "base.qcow2", 10);
	return image;
}

static int parse(const struct image *image, size_t size, struct image_header *ret)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	int result = image_parse_header(image->data, size, "disk", ret, &err);

	if (result < 0) {
		assert_int_equal(err.kind, ERROR_SPEC);
		assert_non_null(strstr(err.message, "\"disk\""));
	}
	return result;
}

static void both_versions_are_read(void **state)
{
	(void)state;
	for (uint32_t version = 2; version <= 3; version++) {
		struct image image = sound(version);
		_cleanup_image_ struct image_header header = { 0 };

		assert_int_equal(parse(&image, CLUSTER, &header), 0);
		assert_true(header.qcow2);
		assert_int_equal(header.version, version);
		assert_int_equal(header.virtual_size, 1 << 20);
		assert_string_equal(header.backing, "base.qcow2");
		assert_string_equal(header.backing_format, "qcow2");
		assert_false(header.encrypted || header.has_data_file);
	}
}

static void other_data_is_no_qcow2(void **state)
{
	struct image image = { { 0 } };
	struct image_header header = { 0 };

	(void)state;
	for (size_t size = 0; size < 8; size++) {
		assert_int_equal(parse(&image, size, &header), 0);
		assert_false(header.qcow2);
	}
}

static void encryption_and_data_files_are_seen(void **state)
{
	struct image image = sound(3);
	_cleanup_image_ struct image_header header = { 0 };

	(void)state;
	put32(&image, 32, 2);
	put64(&image, 72, 4);
	put64(&image, put_extension(&image, 104, 0x44415441, "data.raw"), 0);
	assert_int_equal(parse(&image, CLUSTER, &header), 0);
	assert_true(header.encrypted);
	assert_true(header.has_data_file);
	assert_string_equal(header.data_file, "data.raw");
}

/* One field of a sound header, spoilt. */
static void liars_are_refused(void **state)
{
	static const struct {
		const char *what;
		size_t offset;
		int bytes;
		uint64_t value;
	} lies[] = {
		{ "version", 4, 4, 1 },
		{ "version", 4, 4, 4 },
		{ "cluster bits", 20, 4, 8 },
		{ "cluster bits", 20, 4, 64 },
		{ "size", 24, 8, UINT64_MAX },
		{ "header length", 100, 4, 0 },
		{ "header length", 100, 4, UINT32_MAX },
		{ "name beyond the cluster", 8, 8, 510 },
		{ "name at the end of all numbers", 8, 8, UINT64_MAX - 4 },
		{ "name of no length", 16, 4, 0 },
		{ "name too long", 16, 4, 1024 },
		{ "name with a NUL", 16, 4, 11 },
		{ "extension too long", 108, 4, UINT32_MAX },
		{ "extension too long", 108, 4, 400 },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(lies); i++) {
		struct image image = sound(3);
		struct image_header header = { 0 };

		if (lies[i].bytes == 4)
			put32(&image, lies[i].offset, (uint32_t)lies[i].value);
		else
			put64(&image, lies[i].offset, lies[i].value);
		if (parse(&image, CLUSTER, &header) == 0)
			fail_msg("taken: %s %llu", lies[i].what, (unsigned long long)lies[i].value);
	}
}

static void a_header_cut_short_is_refused(void **state)
{
	struct image image = sound(3);
	struct image_header header = { 0 };

	(void)state;
	for (size_t size = 4; size < 310; size++)
		assert_int_equal(parse(&image, size, &header), -1);
}

static void a_larger_cluster_is_read_whole(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_image_ struct image_header header = { 0 };
	char path[] = "/tmp/kvmctl-image-XXXXXX";
	int fd = mkstemp(path);
	struct image image = sound(3);
	struct image_place place;

	(void)state;
	assert_true(fd >= 0);
	put32(&image, 20, 16);
	put64(&image, 8, 60000);
	assert_int_equal(file_write_all(fd, image.data, CLUSTER), 0);
	assert_int_equal(pwrite(fd, "base.qcow2", 10, 60000), 10);
	assert_int_equal(image_read_header(path, &header, &err), 0);
	assert_string_equal(header.backing, "base.qcow2");
	assert_int_equal(image_look(path, &place, &err), 0);
	assert_int_equal(place.size, 60010);
	assert_false(place.block_device);
	close(fd);
	unlink(path);
}

static void a_fifo_is_not_waited_for(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	char dir[] = "/tmp/kvmctl-image-XXXXXX";
	struct image_header header;

	(void)state;
	assert_non_null(mkdtemp(dir));
	_cleanup_free_ char *path = xprintf("%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(image_read_header(path, &header, &err), -1);
	assert_non_null(strstr(err.message, "neither a file nor a block device"));
	unlink(path);
	assert_int_equal(image_read_header(path, &header, &err), -1);
	assert_int_equal(err.errnum, ENOENT);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_versions_are_read),
		cmocka_unit_test(other_data_is_no_qcow2),
		cmocka_unit_test(encryption_and_data_files_are_seen),
		cmocka_unit_test(liars_are_refused),
		cmocka_unit_test(a_header_cut_short_is_refused),
		cmocka_unit_test(a_larger_cluster_is_read_whole),
		cmocka_unit_test(a_fifo_is_not_waited_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
