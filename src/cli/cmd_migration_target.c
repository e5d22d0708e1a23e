/* migration accept, migration finalize. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/output.h"
#include "ops/act_incoming.h"
#include "ops/verbs.h"

static void print_accepted(const struct invocation *invocation, const char *name, const struct accept_result *result)
{
	struct json *document, *nbd = NULL;

	if (!invocation->globals.json) {
		printf("%s\n", result->uri);
		return;
	}
	if (result->nbd_port > 0) {
		nbd = json_new_object();
		json_put_string(nbd, "host", result->nbd_host);
		json_put_int(nbd, "port", result->nbd_port);
	}
	document = json_new_object();
	json_put_string(document, "name", name);
	json_put_string(document, "uri", result->uri);
	json_put(document, "nbd", nbd);
	json_put_int(document, "pid", result->pid);
	output_json_take(document);
}

int cmd_migration_accept(struct invocation *invocation, struct error *err)
{
	_cleanup_(accept_result_clear) struct accept_result result = { 0 };
	const char *name, *info = invocation_option(invocation, "info");

	if (invocation_name(invocation, &name, err) < 0)
		return -1;
	if (!info) {
		error_set(err, ERROR_USAGE, "which guest? --info is missing");
		return error_hint(err, "kvmctl migration info %s on the source prints it", name);
	}
	if (op_migration_accept(invocation->context, name, info, invocation_option(invocation, "listen"), &result,
				err) < 0)
		return -1;
	print_accepted(invocation, name, &result);
	return 0;
}

int cmd_migration_finalize(struct invocation *invocation, struct error *err)
{
	bool source = invocation_has(invocation, "source"), ok = invocation_has(invocation, "ok");
	const char *name;

	if (invocation_name(invocation, &name, err) < 0)
		return -1;
	if (source == invocation_has(invocation, "target"))
		return error_set(err, ERROR_USAGE, "on which side? --source or --target");
	if (ok == invocation_has(invocation, "failed"))
		return error_set(err, ERROR_USAGE, "what has come of it? --ok or --failed");
	if (op_migration_finalize(invocation->context, name, source, ok, err) < 0)
		return -1;
	return invocation_done(invocation, name);
}
