/* host powercycle. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/output.h"
#include "ops/verbs.h"

int cmd_host_powercycle(struct invocation *invocation, struct error *err)
{
	bool dry_run = invocation_has(invocation, "dry-run");

	if (!dry_run && !invocation_has(invocation, "yes")) {
		error_set(err, ERROR_USAGE,
			  "this reboots the host at once, without stopping guests or writing out disks");
		return error_hint(err, "say --yes, or try --dry-run");
	}
	if (op_host_powercycle(invocation->context, dry_run, err) < 0)
		return -1;
	if (!invocation->globals.json) {
		puts("the host could be power-cycled");
		return 0;
	}
	struct json *document = json_new_object();
	json_put_bool(document, "dry_run", true);
	output_json_take(document);
	return 0;
}
