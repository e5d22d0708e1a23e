/* start, reboot. */
#include <stdio.h>

#include "base/parse.h"
#include "cli/command.h"
#include "cli/output.h"
#include "ops/verbs.h"

/* Hidden: the supervisor's way to say how often in a row it has started it again (on_crash). */
static int restarts_of(const struct invocation *invocation, int *ret, struct error *err)
{
	const char *text = invocation_option(invocation, "restarts");
	int64_t n = 0;

	if (text && parse_int(text, "--restarts", 0, 1000000, &n, err) < 0) {
		err->kind = ERROR_USAGE;
		return -1;
	}
	if (text && !invocation->n_args)
		return error_set(err, ERROR_USAGE, "--restarts needs NAME");
	*ret = (int)n;
	return 0;
}

static void print_started(const struct invocation *invocation, const struct start_result *result, const char *done)
{
	struct json *document;

	if (!invocation->globals.json) {
		if (!invocation->globals.quiet)
			printf("%s: %s, pid %d\n", result->name, result->already ? "runs already" : done,
			       (int)result->pid);
		return;
	}
	document = json_new_object();
	json_put_string(document, "name", result->name);
	json_put_int(document, "pid", result->pid);
	json_put_bool(document, "already", result->already);
	json_put_bool(document, "restored", result->restored);
	output_json_take(document);
}

int cmd_start(struct invocation *invocation, struct error *err)
{
	struct start_request request = {
		.source = { .name = invocation->args[0], .file = invocation_option(invocation, "spec") },
		.paused = invocation_has(invocation, "paused"),
		.ensure = invocation_has(invocation, "ensure"),
		.foreground = invocation_has(invocation, "foreground"),
		.allow_unsafe_cache = invocation_has(invocation, "allow-unsafe-cache"),
		.discard_saved = invocation_has(invocation, "discard-saved"),
	};
	struct start_result result = { 0 };

	if (restarts_of(invocation, &request.restarts, err) < 0 ||
	    op_start(invocation->context, &request, &result, err) < 0)
		return -1;
	/* In the foreground this is the starter, a child: the supervisor does the talking. */
	if (!request.foreground || result.already)
		print_started(invocation, &result,
			      result.restored  ? "restored"
			      : request.paused ? "started, paused"
					       : "started");
	free(result.name);
	return 0;
}

int cmd_reboot(struct invocation *invocation, struct error *err)
{
	struct start_result result = { 0 };
	const char *name;

	if (invocation_name(invocation, &name, err) < 0 || op_reboot(invocation->context, name, &result, err) < 0)
		return -1;
	print_started(invocation, &result, "rebooted");
	free(result.name);
	return 0;
}
