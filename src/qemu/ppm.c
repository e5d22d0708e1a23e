/* Reading a P6 PPM: "P6", width, height, 255, one white space, then the pixels and nothing else. */
#include "qemu/ppm.h"

#include <stdbool.h>

struct reader {
	const uint8_t *at, *end;
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* White space and "# ..." lines, of which there must be some. */
static bool skip_blanks(struct reader *r)
{
	const uint8_t *from = r->at;

	while (r->at < r->end && (is_blank(*r->at) || *r->at == '#')) {
		if (*r->at == '#')
			while (r->at < r->end && *r->at != '\n')
				r->at++;
		else
			r->at++;
	}
	return r->at > from;
}

/* A number of at most max, without a sign. */
static bool read_number(struct reader *r, uint32_t max, uint32_t *ret)
{
	const uint8_t *from = r->at;
	uint32_t value = 0;

	while (r->at < r->end && *r->at >= '0' && *r->at <= '9') {
		value = value * 10 + (uint32_t)(*r->at++ - '0');
		if (value > max)
			return false;
	}
	*ret = value;
	return r->at > from;
}

int ppm_parse(const void *data, size_t length, struct ppm *ret, struct error *err)
{
	struct reader r = { data, (const uint8_t *)data + length };
	uint32_t width, height, maximum;

	if (length < 2 || r.at[0] != 'P' || r.at[1] != '6')
		return error_set(err, ERROR_QEMU, "the screenshot is no PPM picture (%zu bytes)", length);
	r.at += 2;
	if (!skip_blanks(&r) || !read_number(&r, PPM_MAX_SIDE, &width) || !skip_blanks(&r) ||
	    !read_number(&r, PPM_MAX_SIDE, &height) || !skip_blanks(&r) || !read_number(&r, 65535, &maximum) ||
	    r.at == r.end || !is_blank(*r.at))
		return error_set(err, ERROR_QEMU, "the screenshot's PPM header is damaged");
	r.at++;
	if (width == 0 || height == 0 || maximum != 255)
		return error_set(err, ERROR_QEMU,
				 "the screenshot is a PPM of %ux%u with a maximum of %u, which is no screen", width,
				 height, maximum);

	size_t expected = (size_t)width * height * 3;
	if ((size_t)(r.end - r.at) != expected)
		return error_set(err, ERROR_QEMU, "the screenshot has %zu bytes of pixels, not %zu (%ux%u)",
				 (size_t)(r.end - r.at), expected, width, height);
	*ret = (struct ppm){ width, height, r.at };
	return 0;
}
