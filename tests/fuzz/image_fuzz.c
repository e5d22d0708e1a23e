/* Image headers come from guests: no bytes whatever may do harm. */
#include "host/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct image_header header = { 0 };

	if (image_parse_header(data, size, "fuzz", &header, &err) == 0)
		image_header_free(&header);
	error_clear(&err);
	return 0;
}
