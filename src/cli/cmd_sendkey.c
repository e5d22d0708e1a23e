/* sendkey. */
#include "cli/command.h"
#include "ops/verbs.h"

int cmd_sendkey(struct invocation *invocation, struct error *err)
{
	const char *name;

	if (invocation_name(invocation, &name, err) < 0 ||
	    op_sendkey(invocation->context, name, (char *const *)(invocation->args + 1), err) < 0)
		return -1;
	return invocation_done(invocation, name);
}
