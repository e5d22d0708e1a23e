/* Filters as XML: whatever is read does no harm; what is valid comes back the same, as XML and as JSON, and can be checked. */
#include <stdint.h>

#include "base/text.h"
#include "vm/filter_check.h"
#include "vm/filter_json.h"
#include "vm/filter_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void comes_back(const struct filter *filter)
{
	_cleanup_filter_ struct filter *from_xml = NULL, *from_json = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *xml = filter_to_xml(filter);
	_cleanup_json_ struct json *document = filter_to_json(filter);
	_cleanup_free_ char *json = json_to_text(document);

	if (filter_from_xml(xml, strlen(xml), "xml", &from_xml, &err) < 0 || !filter_equal(filter, from_xml))
		abort();
	if (filter_from_json(json, strlen(json), "json", &from_json, &err) < 0 || !filter_equal(filter, from_json))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_problems_ struct problems warnings = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_filter_ struct filter *filter = NULL;

	if (filter_from_xml((const char *)data, size, "input", &filter, &err) < 0) {
		if (err.kind != ERROR_SPEC || !err.message)
			abort();
		return 0;
	}
	filter_check(filter, &warnings);
	comes_back(filter);
	return 0;
}
