/* stop, of one and of all. */
#include <stdio.h>

#include "base/parse.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "ops/verbs.h"

static int stop_one(struct invocation *invocation, bool force, struct error *err)
{
	struct stop_result result = { 0 };
	const char *name;

	if (invocation_name(invocation, &name, err) < 0 || op_stop(invocation->context, name, force, &result, err) < 0)
		return -1;
	if (invocation->globals.json) {
		struct json *document = json_new_object();
		json_put_string(document, "name", name);
		json_put_bool(document, "was_running", result.was_running);
		json_put_string(document, "how", result.was_running ? exit_reason_to_string(result.how) : NULL);
		json_put_bool(document, "saved", result.saved);
		output_json_take(document);
	} else if (!invocation->globals.quiet && result.was_running) {
		printf("%s: stopped (%s)\n", name, exit_reason_to_string(result.how));
	} else if (!invocation->globals.quiet) {
		printf(result.saved ? "%s: is saved, was not running\n" : "%s: was not running\n", name);
	}
	free(result.name);
	return 0;
}

/* What failed is said by the error, not here. */
static void print_stopped(const struct json *instances)
{
	for (size_t i = 0; i < json_length(instances); i++) {
		const struct json *one = json_at(instances, i);
		const char *how = json_get_string(one, "how", NULL);
		if (json_get(one, "error"))
			continue;
		if (how)
			printf("%s: stopped (%s)\n", json_get_string(one, "name", "?"), how);
		else
			printf("%s: was not running\n", json_get_string(one, "name", "?"));
	}
}

/* All failures as one error, a line each. */
static int report_failed(const struct json *instances, size_t failed, struct error *err)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	for (size_t i = 0; i < json_length(instances); i++) {
		const struct json *error = json_get(json_at(instances, i), "error");
		if (error)
			fprintf(out, "\n  %s: %s", json_get_string(json_at(instances, i), "name", "?"),
				json_get_string(error, "message", "failed"));
	}
	fclose(out);
	error_set(err, ERROR_OTHER, "%zu of %zu instances are not stopped:%s", failed, json_length(instances), text);
	free(text);
	return error_hint(err, "kvmctl stop NAME --force kills one at once");
}

/* With --json the errors stand in the document, one for each instance, and the status alone says that
 * there are some. */
static int stop_all(struct invocation *invocation, bool force, struct error *err)
{
	_cleanup_json_ struct json *document = NULL;
	const char *text = invocation_option(invocation, "parallel");
	int64_t parallel = 8;
	size_t failed = 0;

	if (text && parse_int(text, "--parallel", 1, 1000, &parallel, err) < 0) {
		err->kind = ERROR_USAGE;
		return -1;
	}
	if (op_stop_all(invocation->context, force, (int)parallel, &document, &failed, err) < 0)
		return -1;
	if (invocation->globals.json) {
		output_json(document);
		invocation->status = failed ? ERROR_OTHER : 0;
		return 0;
	}
	if (!invocation->globals.quiet)
		print_stopped(json_get(document, "instances"));
	return failed ? report_failed(json_get(document, "instances"), failed, err) : 0;
}

int cmd_stop(struct invocation *invocation, struct error *err)
{
	bool all = invocation_has(invocation, "all"), force = invocation_has(invocation, "force");

	if (all && invocation->n_args)
		return error_set(err, ERROR_USAGE, "stop \"%s\", or --all?", invocation->args[0]);
	if (!all && !invocation->n_args) {
		error_set(err, ERROR_USAGE, "stop which instance?");
		return error_hint(err, "give its name, or --all");
	}
	return all ? stop_all(invocation, force, err) : stop_one(invocation, force, err);
}
