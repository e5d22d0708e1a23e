/* Image headers. The bytes come from guests and strangers: every offset is checked against what was read,
 * nothing is believed.
 *
 * The header (big-endian): magic, version, offset and size of the backing file's name, cluster size, ...;
 * version 3 adds feature bits and its own length; after it extensions (type, length, data padded to 8
 * bytes) up to type 0, the name of the backing file, or the end of the first cluster. */
#include "host/image.h"

#include <endian.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"

#define QCOW2_MAGIC 0x514649fbU
#define QCOW2_V2_LENGTH 72
#define QCOW2_V3_LENGTH 104
#define QCOW2_MIN_CLUSTER_BITS 9
#define QCOW2_MAX_CLUSTER_BITS 21
#define QCOW2_NAME_MAX 1023
#define EXTENSION_BACKING_FORMAT 0xe2792acaU
#define EXTENSION_DATA_FILE 0x44415441U
#define INCOMPATIBLE_DATA_FILE (1U << 2)

/* The bytes that were read, and how errors call them. */
struct bytes {
	const uint8_t *data;
	size_t size;
	const char *name;
};

static uint32_t get32(const struct bytes *bytes, size_t offset)
{
	uint32_t value;

	memcpy(&value, bytes->data + offset, sizeof(value));
	return be32toh(value);
}

static uint64_t get64(const struct bytes *bytes, size_t offset)
{
	uint64_t value;

	memcpy(&value, bytes->data + offset, sizeof(value));
	return be64toh(value);
}

static int no_sense(const struct bytes *bytes, const char *what, struct error *err)
{
	error_set(err, ERROR_SPEC, "the qcow2 header of \"%s\" makes no sense: %s", bytes->name, what);
	return error_hint(err, "qemu-img check \"%s\"; a raw disk must have the format \"raw\"", bytes->name);
}

/* A name inside the bytes; one with a NUL in it would be another name for C. */
static int get_name(const struct bytes *bytes, uint64_t offset, uint32_t length, const char *what, char **ret,
		    struct error *err)
{
	if (length == 0 || length > QCOW2_NAME_MAX || offset > bytes->size || length > bytes->size - offset)
		return no_sense(bytes, what, err);
	if (memchr(bytes->data + offset, '\0', length))
		return no_sense(bytes, what, err);
	free(*ret);
	*ret = xstrndup((const char *)bytes->data + offset, length);
	return 0;
}

static int read_extension(const struct bytes *bytes, uint32_t type, size_t offset, uint32_t length,
			  struct image_header *header, struct error *err)
{
	if (type == EXTENSION_BACKING_FORMAT)
		return get_name(bytes, offset, length, "the backing format", &header->backing_format, err);
	if (type == EXTENSION_DATA_FILE)
		return get_name(bytes, offset, length, "the data file's name", &header->data_file, err);
	return 0;
}

static int read_extensions(const struct bytes *bytes, size_t offset, size_t end, struct image_header *header,
			   struct error *err)
{
	while (offset + 8 <= end) {
		uint32_t type = get32(bytes, offset), length = get32(bytes, offset + 4);

		offset += 8;
		if (type == 0)
			return 0;
		if (length > end - offset)
			return no_sense(bytes, "a header extension is longer than its room", err);
		if (read_extension(bytes, type, offset, length, header, err) < 0)
			return -1;
		offset += (length + 7) / 8 * 8;
	}
	return 0;
}

/* Where the fixed part ends; version 3 says so itself. */
static int fixed_length(const struct bytes *bytes, uint32_t version, size_t *ret, struct error *err)
{
	*ret = QCOW2_V2_LENGTH;
	if (version == 2)
		return 0;
	if (bytes->size < QCOW2_V3_LENGTH)
		return no_sense(bytes, "it is cut short", err);
	*ret = get32(bytes, 100);
	if (*ret < QCOW2_V3_LENGTH || *ret > bytes->size)
		return no_sense(bytes, "its length", err);
	return 0;
}

static int parse(const struct bytes *bytes, struct image_header *header, struct error *err)
{
	size_t length;

	if (bytes->size < QCOW2_V2_LENGTH)
		return no_sense(bytes, "it is cut short", err);
	header->version = get32(bytes, 4);
	if (header->version != 2 && header->version != 3)
		return no_sense(bytes, "its version is neither 2 nor 3", err);
	uint32_t cluster_bits = get32(bytes, 20);
	if (cluster_bits < QCOW2_MIN_CLUSTER_BITS || cluster_bits > QCOW2_MAX_CLUSTER_BITS)
		return no_sense(bytes, "its cluster size", err);
	if (fixed_length(bytes, header->version, &length, err) < 0)
		return -1;
	header->virtual_size = get64(bytes, 24);
	if (header->virtual_size > INT64_MAX)
		return no_sense(bytes, "its size", err);
	header->encrypted = get32(bytes, 32) != 0;
	header->has_data_file = header->version == 3 && (get64(bytes, 72) & INCOMPATIBLE_DATA_FILE);

	/* All of it lies in the first cluster. */
	struct bytes cluster = *bytes;
	if (cluster.size > (size_t)1 << cluster_bits)
		cluster.size = (size_t)1 << cluster_bits;
	uint64_t name = get64(bytes, 8);
	if (name && get_name(&cluster, name, get32(bytes, 16), "the backing file's name", &header->backing, err) < 0)
		return -1;
	size_t end = name && name < cluster.size ? (size_t)name : cluster.size;
	return length <= end ? read_extensions(&cluster, length, end, header, err) : 0;
}

int image_parse_header(const uint8_t *data, size_t size, const char *name, struct image_header *ret, struct error *err)
{
	const struct bytes bytes = { data, size, name };
	_cleanup_image_ struct image_header header = { 0 };

	header.qcow2 = size >= 4 && get32(&bytes, 0) == QCOW2_MAGIC;
	if (header.qcow2 && parse(&bytes, &header, err) < 0)
		return -1;
	*ret = header;
	header = (struct image_header){ 0 };
	return 0;
}

void image_header_free(struct image_header *header)
{
	free(header->backing);
	free(header->backing_format);
	free(header->data_file);
	*header = (struct image_header){ 0 };
}

/* O_NONBLOCK: the open of a FIFO must not wait for a writer; for files and block devices it changes nothing. */
static int open_image(const char *path, struct stat *ret_st, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, ret_st) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s\"", path);
	if (!S_ISREG(ret_st->st_mode) && !S_ISBLK(ret_st->st_mode))
		return error_set(err, ERROR_HOST, "\"%s\" is neither a file nor a block device", path);
	return take_fd(&fd);
}

/* Reads up to `size` bytes from the beginning; less at the end of the file. */
static int read_start(int fd, const char *path, uint8_t *data, size_t size, size_t *ret, struct error *err)
{
	size_t n = 0;

	while (n < size) {
		ssize_t got = pread(fd, data + n, size - n, (off_t)n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, ERROR_HOST, errno, "cannot read \"%s\"", path);
		if (got == 0)
			break;
		n += (size_t)got;
	}
	*ret = n;
	return 0;
}

int image_read_header(const char *path, struct image_header *ret, struct error *err)
{
	struct stat st;
	_cleanup_close_ int fd = open_image(path, &st, err);
	_cleanup_free_ uint8_t *data = NULL;
	size_t size = 512;

	if (fd < 0)
		return -1;
	data = xcalloc(size, 1);
	if (read_start(fd, path, data, size, &size, err) < 0)
		return -1;
	struct bytes bytes = { data, size, path };
	uint32_t cluster_bits = size >= QCOW2_V2_LENGTH && get32(&bytes, 0) == QCOW2_MAGIC ? get32(&bytes, 20) : 0;
	if (cluster_bits > QCOW2_MIN_CLUSTER_BITS && cluster_bits <= QCOW2_MAX_CLUSTER_BITS) {
		size = (size_t)1 << cluster_bits;
		data = xrealloc(data, size, 1);
		if (read_start(fd, path, data, size, &size, err) < 0)
			return -1;
	}
	return image_parse_header(data, size, path, ret, err);
}

int image_look(const char *path, struct image_place *ret, struct error *err)
{
	struct stat st;
	_cleanup_close_ int fd = open_image(path, &st, err);
	struct image_place place = { 0 };
	const char *fs;
	int read_only = 0;

	if (fd < 0)
		return -1;
	if (S_ISREG(st.st_mode)) {
		place.dev = st.st_dev;
		place.ino = st.st_ino;
		place.size = (uint64_t)st.st_size;
		if (file_is_network_fs(fd, &place.network_fs, &fs, err) < 0)
			return -1;
	} else {
		place.block_device = true;
		place.dev = st.st_rdev;
		if (ioctl(fd, BLKGETSIZE64, &place.size) < 0 || ioctl(fd, BLKROGET, &read_only) < 0)
			return error_errno(err, ERROR_HOST, errno, "cannot ask the block device \"%s\" for its size",
					   path);
		place.read_only = read_only;
	}
	*ret = place;
	return 0;
}
