/* host info, host verify. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/document.h"
#include "cli/output.h"
#include "ops/verbs.h"

int cmd_host_info(struct invocation *invocation, struct error *err)
{
	_cleanup_json_ struct json *document = NULL;

	if (op_host_info(invocation->context, &document, err) < 0)
		return -1;
	if (invocation->globals.json)
		output_json(document);
	else
		document_print(DOCUMENT_HOST, document, stdout, output_colour());
	return 0;
}

/* "ok    qemu   detail", and the cure under what is not well. */
static void print_check(const struct json *check, bool colour)
{
	bool ok = json_get_bool(check, "ok", false), needed = json_get_bool(check, "needed", true);
	const char *word = ok ? "ok" : needed ? "missing" : "advised";
	const char *begin = colour ? table_style_begin(ok ? STYLE_GOOD : needed ? STYLE_BAD : STYLE_WARN) : "";

	printf("%s%-7s%s  %-12s %s\n", begin, word, *begin ? "\033[0m" : "", json_get_string(check, "name", "?"),
	       json_get_string(check, "detail", ""));
	if (!ok)
		printf("%22s cure: %s\n", "", json_get_string(check, "cure", "unknown"));
}

int cmd_host_verify(struct invocation *invocation, struct error *err)
{
	_cleanup_json_ struct json *document = NULL;
	bool ok = false;

	if (op_host_verify(invocation->context, &document, &ok, err) < 0)
		return -1;
	invocation->status = ok ? 0 : ERROR_HOST;
	if (invocation->globals.json) {
		output_json(document);
		return 0;
	}
	const struct json *checks = json_get(document, "checks");
	for (size_t i = 0; i < json_length(checks); i++)
		print_check(json_at(checks, i), output_colour());
	return 0;
}
