/* monitor, qmp: talking with QEMU itself. */
#include <stdio.h>

#include "base/strv.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "ops/verbs.h"

/* The human monitor answers in words, and an error of it is words as well: what is printed is all that
 * can be known. */
static int monitor_line(struct invocation *invocation, const char *name, const char *line, struct error *err)
{
	_cleanup_free_ char *output = NULL;

	if (op_monitor(invocation->context, name, line, &output, err) < 0)
		return -1;
	if (invocation->globals.json) {
		struct json *document = json_new_object();
		json_put_string(document, "name", name);
		json_put_string(document, "output", output);
		output_json_take(document);
	} else {
		fputs(output, stdout);
	}
	return output_flush(NULL, err);
}

/* Line by line until the end of standard input; a command that QEMU refuses is said and does not end it. */
static int monitor_session(struct invocation *invocation, const char *name, struct error *err)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	bool prompt = isatty(STDIN_FILENO) && !invocation->globals.json;
	_cleanup_json_ struct json *status = NULL;

	/* Before anybody types: is there somebody to talk to? */
	if (op_qmp(invocation->context, name, "query-status", NULL, &status, err) < 0)
		return -1;
	for (;;) {
		if (prompt) {
			printf("(%s) ", name);
			fflush(stdout);
		}
		ssize_t length = getline(&line, &size, stdin);
		if (length < 0)
			return 0;
		_cleanup_free_ char *trimmed = text_trim(line);
		if (!*trimmed || monitor_line(invocation, name, trimmed, err) == 0)
			continue;
		if (!prompt || err->kind != ERROR_QEMU)
			return -1;
		output_error(err, false);
		error_clear(err);
	}
}

int cmd_monitor(struct invocation *invocation, struct error *err)
{
	const char *name;

	if (invocation_name(invocation, &name, err) < 0)
		return -1;
	if (invocation->n_args == 1)
		return monitor_session(invocation, name, err);
	_cleanup_free_ char *line = strv_join((char *const *)(invocation->args + 1), " ");
	return monitor_line(invocation, name, line, err);
}

int cmd_qmp(struct invocation *invocation, struct error *err)
{
	_cleanup_json_ struct json *arguments = NULL;
	_cleanup_json_ struct json *answer = NULL;
	const char *name, *text = invocation->n_args > 2 ? invocation->args[2] : NULL;

	if (invocation_name(invocation, &name, err) < 0)
		return -1;
	if (text && json_parse(text, strlen(text), JSON_SPEC_MAX_BYTES, JSON_SPEC_MAX_DEPTH, "the command's arguments",
			       &arguments, err) < 0) {
		err->kind = ERROR_USAGE;
		return -1;
	}
	if (op_qmp(invocation->context, name, invocation->args[1], take_ptr(arguments), &answer, err) < 0)
		return -1;
	output_json(answer);
	return 0;
}
