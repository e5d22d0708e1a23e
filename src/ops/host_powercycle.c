/* host powercycle: for fencing; nothing is asked and nothing is shut down. */
#include "ops/verbs.h"

#include "host/machine.h"

int op_host_powercycle(struct context *context, bool dry_run, struct error *err)
{
	(void)context;
	return machine_powercycle(dry_run, err);
}
