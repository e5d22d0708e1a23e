/* Disk URIs come from spec files: any text is converted or refused, and a refusal says why. */
#include "qemu/uri.h"

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void convert(const char *uri, const char *secret_id)
{
	struct error err = ERROR_INIT;
	struct json *blockdev = NULL;

	if (uri_to_blockdev(uri, secret_id, &blockdev, &err) == 0) {
		/* What it became belongs to the driver that the checks are made for. */
		if (!uri_is(uri) || !uri_driver(uri) ||
		    !streq(uri_driver(uri), json_get_string(blockdev, "driver", "")))
			abort();
		free(json_to_text(blockdev));
		json_free(blockdev);
	} else if (err.kind != ERROR_SPEC || !err.message) {
		abort();
	}
	error_clear(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *uri = xstrndup((const char *)data, size);

	convert(uri, NULL);
	convert(uri, "sec0");
	free(uri);
	return 0;
}
