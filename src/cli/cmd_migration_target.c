/* migration check, migration accept, migration finalize. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/output.h"
#include "ops/act_incoming.h"
#include "ops/act_migration_check.h"
#include "ops/verbs.h"
#include "vm/migration_place.h"

static void print_accepted(const struct invocation *invocation, const char *name, const struct accept_result *result)
{
	_cleanup_free_ char *uri =
		migration_uri_write(result->uri, result->storage, result->nbd_host, result->nbd_port);
	struct json *document, *nbd = NULL;

	if (!invocation->globals.json) {
		printf("%s\n", uri);
		return;
	}
	if (result->nbd_port > 0) {
		nbd = json_new_object();
		json_put_string(nbd, "host", result->nbd_host);
		json_put_int(nbd, "port", result->nbd_port);
	}
	document = json_new_object();
	json_put_string(document, "name", name);
	json_put_string(document, "uri", uri);
	json_put(document, "nbd", nbd);
	json_put_int(document, "pid", result->pid);
	json_put_bool(document, "tls", result->tls);
	output_json_take(document);
}

static int no_document(const char *name, struct error *err)
{
	error_set(err, ERROR_USAGE, "which guest? --info is missing");
	return error_hint(err, "kvmctl migration info %s on the source prints it", name);
}

static void print_verdict(const char *name, const struct migration_verdict *verdict)
{
	for (char *const *warning = verdict->warnings; warning && *warning; warning++)
		printf("%s: %s\n", name, *warning);
	printf("%s can move to this host%s\n", name, verdict->tls ? ", with TLS" : "");
}

static int check(const struct invocation *invocation, const char *name, const char *info, struct error *err)
{
	_cleanup_(migration_verdict_clear) struct migration_verdict verdict = { 0 };
	struct json *document, *warnings;

	if (op_migration_check(invocation->context, name, info, invocation_option(invocation, "listen"), &verdict,
			       err) < 0)
		return -1;
	if (!invocation->globals.json) {
		print_verdict(name, &verdict);
		return 0;
	}
	document = json_new_object();
	warnings = json_new_array();
	for (char *const *warning = verdict.warnings; warning && *warning; warning++)
		json_append_string(warnings, *warning);
	json_put_string(document, "name", name);
	json_put_bool(document, "possible", true);
	json_put_bool(document, "tls", verdict.tls);
	json_put(document, "warnings", warnings);
	output_json_take(document);
	return 0;
}

int cmd_migration_check(struct invocation *invocation, struct error *err)
{
	const char *name, *info = invocation_option(invocation, "info");

	if (invocation_name(invocation, &name, err) < 0)
		return -1;
	return info ? check(invocation, name, info, err) : no_document(name, err);
}

static int recover(const struct invocation *invocation, const char *name, struct error *err)
{
	_cleanup_free_ char *uri = NULL;

	if (op_migration_recover(invocation->context, name, &uri, err) < 0)
		return -1;
	if (!invocation->globals.json) {
		printf("%s\n", uri);
		return 0;
	}
	struct json *document = json_new_object();

	json_put_string(document, "name", name);
	json_put_string(document, "uri", uri);
	output_json_take(document);
	return 0;
}

int cmd_migration_accept(struct invocation *invocation, struct error *err)
{
	_cleanup_(accept_result_clear) struct accept_result result = { 0 };
	const char *name, *info = invocation_option(invocation, "info");

	if (invocation_name(invocation, &name, err) < 0)
		return -1;
	if (invocation_has(invocation, "recover"))
		return recover(invocation, name, err);
	if (!info)
		return no_document(name, err);
	if (invocation_has(invocation, "check"))
		return check(invocation, name, info, err);
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
