/* The file of a saved guest may come from anywhere: no bytes whatever may do harm. Checksums are all 0 here (a fuzzer
 * finds no right ones), and nothing is really packed: what is behind them is to be reached. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vm/save_file.h"
#include "vm/save_module.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t digest(const void *data, size_t length, uint64_t seed)
{
	(void)data, (void)length, (void)seed;
	return 0;
}

static void *unpack_new(void)
{
	return (void *)1;
}

static void unpack_free(void *unpack)
{
	(void)unpack;
}

static int unpack(void *state, void *out, size_t out_size, const void *in, size_t length)
{
	(void)state;
	memset(out, 0, out_size);
	memcpy(out, in, length < out_size ? length : out_size);
	return 0;
}

static const struct save_codec codec = { .version = SAVE_MODULE_VERSION,
					 .digest = digest,
					 .unpack_new = unpack_new,
					 .unpack_free = unpack_free,
					 .unpack = unpack };

static void read_all(int fd)
{
	struct error err = ERROR_INIT;
	struct save_reader *reader = NULL;
	const uint8_t *piece;
	size_t length;

	if (save_reader_new(fd, "fuzz", &codec, &reader, &err) == 0) {
		(void)save_reader_verify(reader, &err);
		error_clear(&err);
		while (save_reader_next(reader, &piece, &length, &err) == 1)
			if (length == 0)
				__builtin_trap();
	}
	save_reader_free(reader);
	error_clear(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, data, size) == (ssize_t)size)
		read_all(fd);
	close(fd);
	return 0;
}
