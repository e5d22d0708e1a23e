/* kvmctl-png.so: the part of kvmctl that links libpng (png(3): libpng(3), "Writing PNG files"). */
#include "png_module.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <unistd.h>

struct sink {
	int fd;
	int errnum;
	char *message;
	size_t message_size;
};

/* libpng wants a callback that does not return. */
static void failed(png_structp png, png_const_charp words)
{
	struct sink *sink = png_get_error_ptr(png);

	snprintf(sink->message, sink->message_size, "%s", words);
	png_longjmp(png, 1);
}

static void warned(png_structp png, png_const_charp words)
{
	(void)png;
	(void)words;
}

static void write_bytes(png_structp png, png_bytep data, png_size_t length)
{
	struct sink *sink = png_get_io_ptr(png);

	while (length > 0) {
		ssize_t n = write(sink->fd, data, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			sink->errnum = n < 0 ? errno : ENOSPC;
			png_error(png, "cannot write");
		}
		data += n;
		length -= (size_t)n;
	}
}

static void flush_nothing(png_structp png)
{
	(void)png;
}

/* In a function of its own: what setjmp comes back to has no variable that changed meanwhile. */
static int write_picture(png_structp png, png_infop info, uint32_t width, uint32_t height, const uint8_t *rgb)
{
	if (setjmp(png_jmpbuf(png)))
		return -1;
	png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
		     PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, info);
	for (uint32_t y = 0; y < height; y++)
		png_write_row(png, rgb + (size_t)y * width * 3);
	png_write_end(png, info);
	return 0;
}

static int write_png(int fd, uint32_t width, uint32_t height, const uint8_t *rgb, char *message, size_t message_size,
		     int *errnum)
{
	struct sink sink = { .fd = fd, .message = message, .message_size = message_size };
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &sink, failed, warned);
	png_infop info = png ? png_create_info_struct(png) : NULL;
	int result = -1;

	snprintf(message, message_size, "libpng cannot be used");
	if (info) {
		png_set_write_fn(png, &sink, write_bytes, flush_nothing);
		result = write_picture(png, info, width, height, rgb);
	}
	png_destroy_write_struct(&png, &info);
	*errnum = sink.errnum;
	return result;
}

extern const struct png_module png_module;
const struct png_module png_module = { PNG_MODULE_VERSION, write_png };
