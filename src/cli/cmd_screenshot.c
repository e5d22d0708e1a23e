/* screenshot. */
#include "cli/command.h"
#include "cli/output.h"
#include "ops/verbs.h"

int cmd_screenshot(struct invocation *invocation, struct error *err)
{
	const char *name, *file = invocation->args[1];

	if (invocation_name(invocation, &name, err) < 0 || op_screenshot(invocation->context, name, file, err) < 0)
		return -1;
	if (invocation->globals.json) {
		struct json *document = json_new_object();
		json_put_string(document, "name", name);
		json_put_string(document, "file", file);
		output_json_take(document);
	}
	return 0;
}
