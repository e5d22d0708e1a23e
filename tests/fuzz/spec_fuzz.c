/* Specs: whatever is read does no harm, and what is valid is written and read again as the same. The settings' reader gets the same bytes. */
#include <stdint.h>

#include "base/text.h"
#include "vm/settings.h"
#include "vm/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void settings(const char *text, size_t size)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_settings_ struct settings *read = NULL;
	if (settings_parse(text, size, "settings", true, &read, &err) < 0 && !err.message)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_spec_ struct spec *spec = NULL, *again = NULL;
	const char *text = (const char *)data;
	settings(text, size);
	if (spec_parse(text, size, "spec", NULL, NULL, &spec, &err) < 0)
		return err.message ? 0 : (abort(), 0);
	_cleanup_json_ struct json *first = spec_to_json(spec);
	if (spec_from_json(first, "again", spec->name, NULL, &again, &err) < 0)
		abort();
	_cleanup_json_ struct json *second = spec_to_json(again);
	if (!json_equal(first, second))
		abort();
	return 0;
}
