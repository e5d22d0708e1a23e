/* console. */
#include "cli/command.h"
#include "ops/verbs.h"

int cmd_console(struct invocation *invocation, struct error *err)
{
	const char *name;

	if (invocation_name(invocation, &name, err) < 0)
		return -1;
	return op_console(invocation->context, name, invocation_has(invocation, "force"), err);
}
