/* migration start, status, cancel: the source's side for a manager. */
#include <stdio.h>

#include "base/text.h"
#include "cli/document.h"
#include "cli/migration_options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "host/interrupt.h"
#include "ops/verbs.h"
#include "vm/migration_place.h"

/* A person reads what is at work: these are 0 when nothing of the kind is. */
static void leave_out_zeros(struct json *document)
{
	static const char *const keys[] = { "throttle", "postcopy_requests", "disk_total", "disk_done" };

	for (size_t i = 0; i < ELEMENTS(keys); i++)
		if (json_get_int(document, keys[i], 0) == 0)
			json_put(document, keys[i], NULL);
}

static int print_status(struct invocation *invocation, const char *name, struct error *err)
{
	_cleanup_json_ struct json *document = NULL;

	if (op_migration_status(invocation->context, name, &document, err) < 0)
		return -1;
	if (invocation->globals.json) {
		output_json(document);
	} else {
		leave_out_zeros(document);
		document_print(DOCUMENT_MIGRATION, document, stdout, output_colour());
	}
	return 0;
}

static void print_started(const struct invocation *invocation, const struct migration_start_request *request,
			  const struct migration_start_result *result)
{
	struct json *document;

	if (!invocation->globals.json) {
		if (!invocation->globals.quiet)
			printf("%s: %s to %s\n", request->name, result->already ? "is on its way" : "on its way",
			       request->uri);
		return;
	}
	document = json_new_object();
	json_put_string(document, "name", request->name);
	json_put_string(document, "uri", request->uri);
	json_put_bool(document, "already", result->already);
	json_put(document, "driver", result->driver > 0 ? json_new_int(result->driver) : NULL);
	output_json_take(document);
}

/* The place says which disks are copied; the options may say the same once more. */
static int read_place(const struct invocation *invocation, struct migration_uri *uri, struct migration_options *options,
		      struct migration_start_request *request, struct error *err)
{
	if (migration_uri_read(invocation->args[1], uri, err) < 0)
		return -1;
	request->uri = uri->uri;
	if (!uri->nbd)
		return 0;
	if ((options->storage != STORAGE_NONE && options->storage != uri->storage) ||
	    (request->nbd && !streq(request->nbd, uri->nbd)))
		return error_set(err, ERROR_USAGE, "--copy-storage or --nbd say something else than \"%s\"",
				 invocation->args[1]);
	options->storage = uri->storage;
	request->nbd = uri->nbd;
	return 0;
}

int cmd_migration_start(struct invocation *invocation, struct error *err)
{
	_cleanup_migration_uri_ struct migration_uri uri = { 0 };
	struct progress progress = progress_begin(&invocation->globals);
	struct migration_options options;
	struct migration_start_request request = {
		.options = &options,
		.nbd = invocation_option(invocation, "nbd"),
		.tls_hostname = invocation_option(invocation, "tls-hostname"),
		.follow = invocation_has(invocation, "follow"),
		.show = progress_is_wanted(&progress) ? progress_show_outgoing : NULL,
		.arg = &progress,
	};
	struct migration_start_result result = { 0 };
	int status;

	if (invocation_name(invocation, &request.name, err) < 0 ||
	    migration_options_read(invocation, &options, err) < 0 ||
	    read_place(invocation, &uri, &options, &request, err) < 0)
		return -1;
	if (request.follow)
		request.interrupted = interrupt_catch();
	status = op_migration_start(invocation->context, &request, &result, err);
	progress_end(&progress);
	if (status < 0 || result.is_driver)
		return status;
	if (request.follow && (invocation->globals.json || !invocation->globals.quiet))
		return print_status(invocation, request.name, err);
	print_started(invocation, &request, &result);
	return 0;
}

int cmd_migration_status(struct invocation *invocation, struct error *err)
{
	const char *name;

	if (invocation_name(invocation, &name, err) < 0)
		return -1;
	return print_status(invocation, name, err);
}

int cmd_migration_cancel(struct invocation *invocation, struct error *err)
{
	const char *name;
	bool cancelled = false;

	if (invocation_name(invocation, &name, err) < 0 ||
	    op_migration_cancel(invocation->context, name, &cancelled, err) < 0)
		return -1;
	if (invocation->globals.json) {
		struct json *document = json_new_object();

		json_put_string(document, "name", name);
		json_put_bool(document, "cancelled", cancelled);
		output_json_take(document);
	} else if (!invocation->globals.quiet) {
		printf("%s: %s\n", name, cancelled ? "cancelled, it runs on here" : "was not on its way");
	}
	return 0;
}
