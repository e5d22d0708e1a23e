/* Filters as JSON: whatever is read does no harm; what is valid comes back the same, and can be written as XML that is read. */
#include <stdint.h>

#include "base/text.h"
#include "vm/filter_check.h"
#include "vm/filter_json.h"
#include "vm/filter_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_problems_ struct problems warnings = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_filter_ struct filter *filter = NULL, *from_json = NULL, *from_xml = NULL;

	if (filter_from_json((const char *)data, size, "input", &filter, &err) < 0) {
		if (err.kind != ERROR_SPEC || !err.message)
			abort();
		return 0;
	}
	_cleanup_json_ struct json *document = filter_to_json(filter);
	_cleanup_free_ char *json = json_to_text(document), *xml = filter_to_xml(filter);
	if (filter_from_json(json, strlen(json), "json", &from_json, &err) < 0 || !filter_equal(filter, from_json))
		abort();
	if (filter_from_xml(xml, strlen(xml), "xml", &from_xml, &err) < 0 || !filter_equal(filter, from_xml))
		abort();
	filter_check(filter, &warnings);
	return 0;
}
