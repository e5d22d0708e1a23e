/* migrate, and the hidden migration serve. */
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/document.h"
#include "cli/migration_options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "host/interrupt.h"
#include "ops/verbs.h"

static struct json *number_or_null(int64_t value)
{
	return value < 0 ? json_new_string(NULL) : json_new_int(value);
}

static struct json *result_document(const struct migrate_request *request, const struct migrate_result *result)
{
	struct json *document = json_new_object();

	json_put_string(document, "name", request->name);
	json_put_string(document, "host", request->host);
	json_put(document, "seconds", json_new_double((double)result->took_ms / 1000));
	json_put(document, "downtime_ms", number_or_null(result->downtime_ms));
	json_put(document, "passes", number_or_null(result->passes));
	json_put(document, "ram_transferred", number_or_null(result->ram_transferred));
	json_put_bool(document, "post_copy", result->post_copy);
	json_put_bool(document, "paused", result->paused);
	json_put_bool(document, "offline", result->offline);
	json_put_bool(document, "changed", result->changed);
	return document;
}

static void print_result(const struct migrate_request *request, const struct migrate_result *result)
{
	if (result->offline) {
		printf("%s: %s on host %s\n", request->name, result->changed ? "defined" : "was defined already",
		       request->host);
		return;
	}
	printf("%s: %s on host %s, after %.1f s", request->name, result->paused ? "is, paused," : "runs", request->host,
	       (double)result->took_ms / 1000);
	if (result->downtime_ms >= 0)
		printf(", stood still for %lld ms", (long long)result->downtime_ms);
	puts(result->post_copy ? " (post-copy)" : "");
}

static int read_request(const struct invocation *invocation, struct migration_options *options,
			struct migrate_request *ret, struct error *err)
{
	struct migrate_request request = {
		.host = invocation->args[1],
		.shell = invocation_option(invocation, "shell"),
		.address = invocation_option(invocation, "address"),
		.program = invocation_option(invocation, "far-kvmctl"),
		.options = options,
		.paused = invocation_has(invocation, "paused"),
		.offline = invocation_has(invocation, "offline"),
		.force = invocation_has(invocation, "force"),
	};

	if (invocation_name(invocation, &request.name, err) < 0 || migration_options_read(invocation, options, err) < 0)
		return -1;
	/* It becomes a word of the remote shell's command line. */
	if (is_empty(request.host) || *request.host == '-')
		return error_set(err, ERROR_USAGE, "\"%s\" is no host", request.host);
	if (request.force && !request.offline)
		return error_set(err, ERROR_USAGE, "--force is for --offline");
	*ret = request;
	return 0;
}

int cmd_migrate(struct invocation *invocation, struct error *err)
{
	struct migration_options options;
	struct migrate_request request;
	struct migrate_result result;
	struct progress progress = progress_begin(&invocation->globals);
	int done;

	if (read_request(invocation, &options, &request, err) < 0)
		return -1;
	request.interrupted = interrupt_catch();
	if (progress_is_wanted(&progress)) {
		request.show = progress_show_outgoing;
		request.arg = &progress;
	}
	done = op_migrate(invocation->context, &request, &result, err);
	progress_end(&progress);
	if (done < 0)
		return -1;
	if (invocation->globals.json)
		output_json_take(result_document(&request, &result));
	else if (!invocation->globals.quiet)
		print_result(&request, &result);
	return 0;
}

int cmd_migration_serve(struct invocation *invocation, struct error *err)
{
	const char *name;

	if (invocation_name(invocation, &name, err) < 0)
		return -1;
	return op_migration_serve(invocation->context, name, STDIN_FILENO, STDOUT_FILENO, err);
}
