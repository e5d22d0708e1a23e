/* Reading the info document of a migration. */
#include "ops/act_migration_document.h"

#include <unistd.h>

#include "base/text.h"
#include "ops/act_input.h"

#define MAX_BYTES (8 * 1024 * 1024)
#define MAX_DEPTH 80 /* a spec of 64 levels inside its own */

int act_migration_document(struct context *context, const char *name, const char *file, struct migration_info **ret,
			   struct error *err)
{
	_cleanup_migration_info_ struct migration_info *info = NULL;
	_cleanup_json_ struct json *document = NULL;
	_cleanup_free_ char *text = NULL, *what = NULL;
	_cleanup_close_ int opened = -1;
	size_t length = 0;
	bool standard = streq(file, "-");

	what = standard ? xstrdup("the migration document on standard input")
			: xprintf("migration document \"%s\"", file);
	if (!standard && input_open(file, what, MAX_BYTES, &opened, err) < 0)
		return -1;
	if (input_read(standard ? STDIN_FILENO : opened, what, MAX_BYTES,
		       context_step(context, context->settings->timeouts.start), &text, &length, err) < 0 ||
	    json_parse(text, length, MAX_BYTES, MAX_DEPTH, what, &document, err) < 0 ||
	    migration_info_from_json(document, &info, err) < 0)
		return -1;
	if (!streq(info->name, name))
		return error_set(err, ERROR_USAGE, "%s is about \"%s\", not \"%s\"", what, info->name, name);
	*ret = take_ptr(info);
	return 0;
}
