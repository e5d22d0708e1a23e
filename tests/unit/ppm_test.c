/* A PPM is read strictly, and becomes a PNG that libpng reads back as the same pixels. */
/* LDFLAGS: -Wl,--no-as-needed -lpng16 -Wl,--as-needed */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <png.h>
#include <sys/mman.h>

#include "base/text.h"
#include "qemu/png.h"
#include "qemu/ppm.h"

#define PIXELS "\xff\0\0\0\xff\0\0\0\xff\1\2\3\4\5\6\7\10\11"

static void what_qemu_writes(void **state)
{
	static const char text[] = "P6\n3 2\n255\n" PIXELS;
	_cleanup_error_ struct error err = ERROR_INIT;
	struct ppm ppm;

	(void)state;
	assert_int_equal(ppm_parse(text, sizeof(text) - 1, &ppm, &err), 0);
	assert_int_equal(ppm.width, 3);
	assert_int_equal(ppm.height, 2);
	assert_memory_equal(ppm.pixels, PIXELS, 18);
}

/* Comments are of the format; a first pixel that looks like white space is not skipped. */
static void odd_but_right(void **state)
{
	static const char text[] = "P6 # made by hand\n1\t1 255\n\n\n\n";
	_cleanup_error_ struct error err = ERROR_INIT;
	struct ppm ppm;

	(void)state;
	assert_int_equal(ppm_parse(text, sizeof(text) - 1, &ppm, &err), 0);
	assert_memory_equal(ppm.pixels, "\n\n\n", 3);
}

static void refused(void **state)
{
	static const struct {
		const char *text;
		size_t length;
	} cases[] = {
#define CASE(text) { text, sizeof(text) - 1 }
		CASE(""),
		CASE("P"),
		CASE("P6"),
		CASE("P5\n1 1\n255\nxxx"),
		CASE("P61 1 255 xxx"),
		CASE("P6\n1 1\n255"),
		CASE("P6\n1 1\n255\nxx"),
		CASE("P6\n1 1\n255\nxxxx"),
		CASE("P6\n0 1\n255\n"),
		CASE("P6\n1 0\n255\n"),
		CASE("P6\n-1 1\n255\nxxx"),
		CASE("P6\n1 1\n254\nxxx"),
		CASE("P6\n1 1\n65535\nxxxxxx"),
		CASE("P6\n16385 1\n255\nx"),
		CASE("P6\n99999999999999999999 1\n255\nx"),
		CASE("P6\n1 1\n255xxxx"),
		CASE("P6\n# a comment without an end"),
		CASE("\x89PNG\r\n\x1a\n"),
#undef CASE
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		struct ppm ppm;

		if (ppm_parse(cases[i].text, cases[i].length, &ppm, &err) == 0)
			fail_msg("accepted: %s", cases[i].text);
		assert_int_equal(err.kind, ERROR_QEMU);
	}
}

static void to_png_and_back(void **state)
{
	enum { WIDTH = 321, HEIGHT = 123 };
	_cleanup_free_ uint8_t *pixels = xcalloc(WIDTH * HEIGHT, 3);
	_cleanup_free_ uint8_t *back = xcalloc(WIDTH * HEIGHT, 3);
	_cleanup_error_ struct error err = ERROR_INIT;
	struct ppm ppm = { WIDTH, HEIGHT, pixels };
	png_image image = { .version = PNG_IMAGE_VERSION };
	int fd = memfd_create("png", MFD_CLOEXEC);

	(void)state;
	for (size_t i = 0; i < (size_t)WIDTH * HEIGHT * 3; i++)
		pixels[i] = (uint8_t)(i * 7 + i / 5);
	if (png_write(fd, &ppm, &err) < 0)
		fail_msg("%s", err.message);

	lseek(fd, 0, SEEK_SET);
	FILE *f = fdopen(fd, "rb");
	assert_int_equal(png_image_begin_read_from_stdio(&image, f), 1);
	assert_int_equal(image.width, WIDTH);
	assert_int_equal(image.height, HEIGHT);
	image.format = PNG_FORMAT_RGB;
	assert_int_equal(png_image_finish_read(&image, NULL, back, 0, NULL), 1);
	assert_memory_equal(pixels, back, (size_t)WIDTH * HEIGHT * 3);
	fclose(f);
}

static void a_full_disk(void **state)
{
	_cleanup_free_ uint8_t *pixels = xcalloc(100 * 100, 3);
	_cleanup_error_ struct error err = ERROR_INIT;
	struct ppm ppm = { 100, 100, pixels };
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(png_write(fd, &ppm, &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_int_equal(err.errnum, ENOSPC);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_qemu_writes), cmocka_unit_test(odd_but_right), cmocka_unit_test(refused),
		cmocka_unit_test(to_png_and_back),  cmocka_unit_test(a_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
