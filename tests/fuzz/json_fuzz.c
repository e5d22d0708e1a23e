/* The strict JSON door: whatever is let in is written out and let in again as the same. */
#include "base/json.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_json_ struct json *first = NULL, *second = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *text = NULL;

	if (json_parse((const char *)data, size, 65536, 32, "input", &first, &err) < 0) {
		if (err.kind != ERROR_SPEC || !err.message)
			abort();
		return 0;
	}
	text = json_to_text(first);
	if (json_parse(text, strlen(text), 1000000, 32, "output", &second, &err) < 0 || !json_equal(first, second))
		abort();
	return 0;
}
