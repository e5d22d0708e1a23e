/* A screenshot is written by QEMU, which a guest may have taken over: what is accepted has exactly the pixels that it says it has. */
#include "qemu/ppm.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct ppm ppm;

	if (ppm_parse(data, size, &ppm, &err) == 0) {
		if (ppm.width == 0 || ppm.height == 0 || ppm.pixels + (size_t)ppm.width * ppm.height * 3 != data + size)
			abort();
	} else if (err.kind != ERROR_QEMU || !err.message) {
		abort();
	}
	error_clear(&err);
	return 0;
}
