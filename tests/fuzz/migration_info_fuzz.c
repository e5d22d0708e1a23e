/* Info documents come from other hosts: whatever is read does no harm, and what is taken is written and read again as the same. */
#include <stdint.h>

#include "vm/migration_info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *document = NULL, *first = NULL, *second = NULL;
	_cleanup_migration_info_ struct migration_info *info = NULL, *again = NULL;

	if (json_parse((const char *)data, size, JSON_SPEC_MAX_BYTES, JSON_SPEC_MAX_DEPTH, "fuzz", &document, &err) <
		    0 ||
	    migration_info_from_json(document, &info, &err) < 0)
		return err.message ? 0 : (abort(), 0);
	first = migration_info_to_json(info);
	if (migration_info_from_json(first, &again, &err) < 0)
		abort();
	second = migration_info_to_json(again);
	if (!json_equal(first, second))
		abort();
	return 0;
}
