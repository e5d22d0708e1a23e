/* schema: the JSON Schema of a spec. */
#include <stdio.h>

#include "base/text.h"
#include "cli/command.h"
#include "vm/spec.h"

int cmd_schema(struct invocation *invocation, struct error *err)
{
	(void)invocation;
	(void)err;
	struct json *schema = spec_schema();
	_cleanup_free_ char *text = json_to_pretty(schema);
	puts(text);
	json_free(schema);
	return 0;
}
