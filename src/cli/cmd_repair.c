/* cleanup, forget, and the hidden teardown. */
#include <stdio.h>

#include "base/parse.h"
#include "cli/command.h"
#include "cli/output.h"
#include "ops/verbs.h"

static struct json *cleanup_document(const struct cleanup_result *result, bool dry_run)
{
	struct json *document = json_new_object(), *lines = json_new_array();

	for (size_t i = 0; i < result->n; i++) {
		struct json *line = json_new_object();
		json_put_string(line, "name", result->lines[i].name);
		json_put_string(line, "what", result->lines[i].what);
		json_put_bool(line, "needs_person", result->lines[i].needs_person);
		json_append(lines, line);
	}
	json_put_bool(document, "clean", result->clean);
	json_put_bool(document, "dry_run", dry_run);
	json_put(document, "done", lines);
	return document;
}

/* Nothing done is nothing said: a cron job that is silent sends no mail. */
static void print_cleanup(const struct cleanup_result *result, bool dry_run, bool quiet)
{
	for (size_t i = 0; i < result->n; i++) {
		const struct cleanup_line *line = &result->lines[i];
		if (line->needs_person)
			printf("%s: needs a person: %s\n", line->name, line->what);
		else if (!quiet)
			printf("%s: %s%s\n", line->name, dry_run ? "would do: " : "", line->what);
	}
}

int cmd_cleanup(struct invocation *invocation, struct error *err)
{
	_cleanup_(cleanup_result_free) struct cleanup_result result = { 0 };
	const char *name = NULL, *age = invocation_option(invocation, "min-age");
	bool dry_run = invocation_has(invocation, "dry-run");
	int64_t min_age_ms = 0;

	if (invocation->n_args && invocation_name(invocation, &name, err) < 0)
		return -1;
	if (age && parse_seconds(age, "--min-age", &min_age_ms, err) < 0) {
		err->kind = ERROR_USAGE;
		return -1;
	}
	if (op_cleanup(invocation->context, name, dry_run, min_age_ms, &result, err) < 0)
		return -1;
	if (invocation->globals.json)
		output_json_take(cleanup_document(&result, dry_run));
	else
		print_cleanup(&result, dry_run, invocation->globals.quiet > 0);
	invocation->status = result.clean ? 0 : ERROR_OTHER;
	return 0;
}

int cmd_forget(struct invocation *invocation, struct error *err)
{
	const char *name;

	if (invocation_name(invocation, &name, err) < 0 || op_forget(invocation->context, name, err) < 0)
		return -1;
	return invocation_done(invocation, name);
}

int cmd_teardown(struct invocation *invocation, struct error *err)
{
	const char *name;

	if (invocation_name(invocation, &name, err) < 0)
		return -1;
	return op_teardown(invocation->context, name, err);
}
