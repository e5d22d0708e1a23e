/* wait, events: commands that may take as long as the guest does. */
#include <stdio.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "ops/verbs.h"

int cmd_wait(struct invocation *invocation, struct error *err)
{
	const char *name, *what = invocation_option(invocation, "for");

	if (!what) {
		error_set(err, ERROR_USAGE, "wait for what?");
		return error_hint(err, "say --for running or --for stopped");
	}
	if (invocation_name(invocation, &name, err) < 0 ||
	    op_wait(invocation->context, name, streq(what, "running"), err) < 0)
		return -1;
	if (!invocation->globals.json)
		return 0;
	struct json *document = json_new_object();
	json_put_string(document, "name", name);
	json_put_string(document, "reached", what);
	output_json_take(document);
	return 0;
}

/* Each line at once: a follower reads them as they come. A reader that went away ends it, without an error. */
static int print_event(const char *line, void *arg)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	bool *gone = arg;

	puts(line);
	if (output_flush(gone, &err) < 0)
		return -1;
	return *gone ? -1 : 0;
}

int cmd_events(struct invocation *invocation, struct error *err)
{
	const char *name = NULL;
	bool gone = false;

	if (invocation->n_args && invocation_name(invocation, &name, err) < 0)
		return -1;
	int result =
		op_events(invocation->context, name, invocation_has(invocation, "follow"), print_event, &gone, err);
	return gone ? 0 : result;
}
