/* pause, resume, reset, powerdown, nmi, balloon, pin, password: changes of a running instance. */
#include <stdio.h>

#include "base/parse.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "ops/verbs.h"

typedef int simple_fn(struct context *context, const char *name, struct error *err);

/* The verbs that have a name and nothing else: they differ in what they call. */
static int simple(struct invocation *invocation, simple_fn *fn, struct error *err)
{
	const char *name;

	if (invocation_name(invocation, &name, err) < 0 || fn(invocation->context, name, err) < 0)
		return -1;
	return invocation_done(invocation, name);
}

int cmd_pause(struct invocation *invocation, struct error *err)
{
	return simple(invocation, op_pause, err);
}

int cmd_resume(struct invocation *invocation, struct error *err)
{
	return simple(invocation, op_resume, err);
}

int cmd_reset(struct invocation *invocation, struct error *err)
{
	return simple(invocation, op_reset, err);
}

int cmd_powerdown(struct invocation *invocation, struct error *err)
{
	return simple(invocation, op_powerdown, err);
}

int cmd_nmi(struct invocation *invocation, struct error *err)
{
	return simple(invocation, op_nmi, err);
}

/* A guest that is not there yet must not look as one that is. */
static void print_balloon(const struct invocation *invocation, const char *name, int64_t target, int64_t actual)
{
	_cleanup_free_ char *has = text_of_mib(actual), *wanted = text_of_mib(target);

	if (invocation->globals.json) {
		struct json *document = json_new_object();
		json_put_string(document, "name", name);
		json_put_int(document, "target", target);
		json_put_int(document, "actual", actual);
		output_json_take(document);
	} else if (invocation->globals.quiet) {
		return;
	} else if (actual == target) {
		printf("%s: %s\n", name, has);
	} else {
		printf("%s: %s, on the way to %s\n", name, has, wanted);
	}
}

int cmd_balloon(struct invocation *invocation, struct error *err)
{
	const char *name;
	int64_t mib, actual = 0;

	if (invocation_name(invocation, &name, err) < 0)
		return -1;
	if (parse_int(invocation->args[1], "MIB", 1, INT64_C(1) << 40, &mib, err) < 0) {
		err->kind = ERROR_USAGE;
		return -1;
	}
	if (op_balloon(invocation->context, name, mib, &actual, err) < 0)
		return -1;
	print_balloon(invocation, name, mib, actual);
	return 0;
}

int cmd_pin(struct invocation *invocation, struct error *err)
{
	const char *name;

	if (invocation_name(invocation, &name, err) < 0 ||
	    op_pin(invocation->context, name, invocation->args[1], err) < 0)
		return -1;
	return invocation_done(invocation, name);
}

int cmd_password(struct invocation *invocation, struct error *err)
{
	const char *name, *which = invocation->args[1], *file = invocation_option(invocation, "file");

	if (!streq(which, "vnc") && !streq(which, "spice"))
		return error_set(err, ERROR_USAGE, "the password of vnc or of spice, not of \"%s\"", which);
	if (invocation_name(invocation, &name, err) < 0 ||
	    op_password(invocation->context, name, which, file ? file : "-", err) < 0)
		return -1;
	return invocation_done(invocation, name);
}
