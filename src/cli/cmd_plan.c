/* check, argv: what a spec is worth, and what start would make of it. */
#include <fcntl.h>
#include <stdio.h>

#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "ops/verbs.h"

static struct spec_source source_of(const struct invocation *invocation)
{
	return (struct spec_source){ .name = invocation->args[0], .file = invocation_option(invocation, "spec") };
}

int cmd_check(struct invocation *invocation, struct error *err)
{
	struct spec_source source = source_of(invocation);
	_cleanup_spec_ struct spec *spec = NULL;

	if (op_check(invocation->context, &source, invocation_has(invocation, "host"), &spec, err) < 0)
		return -1;
	if (invocation->globals.json)
		output_json_take(spec_to_json(spec));
	else if (!invocation->globals.quiet)
		printf("%s: ok\n", spec->name);
	return 0;
}

/* What is behind each number of the command line: without it, "fd=10" says nothing to anybody. */
static struct json *fd_document(const struct plan_fd *fd)
{
	struct json *document = json_new_object();

	json_put_int(document, "number", fd->number);
	json_put_string(document, "kind", plan_fd_kind_to_string(fd->kind));
	json_put(document, "fdset", fd->fdset < 0 ? NULL : json_new_int(fd->fdset));
	json_put_string(document, "path", fd->path);
	json_put_bool(document, "writable", fd->kind == PLAN_FD_FILE && (fd->flags & O_ACCMODE) != O_RDONLY);
	return document;
}

static struct json *argv_document(const struct plan *plan)
{
	struct json *document = json_new_object(), *argv = json_new_array(), *fds = json_new_array();
	struct json *commands = json_new_array();

	for (char **word = plan->argv; word && *word; word++)
		json_append_string(argv, *word);
	for (size_t i = 0; i < plan->n_fds; i++)
		json_append(fds, fd_document(&plan->fds[i]));
	for (size_t i = 0; i < plan->n_commands; i++) {
		struct json *command = json_new_object();
		json_put_string(command, "execute", plan->commands[i].execute);
		json_put(command, "arguments", json_copy(plan->commands[i].arguments));
		json_append(commands, command);
	}
	json_put_string(document, "machine", plan->hardware.machine);
	json_put_string(document, "accelerator", plan->kvm ? "kvm" : "tcg");
	json_put(document, "argv", argv);
	json_put(document, "fds", fds);
	json_put(document, "commands", commands);
	return document;
}

/* A newline inside an argument would make two of it: such an argument is printed as a shell would have to quote it. */
int cmd_argv(struct invocation *invocation, struct error *err)
{
	struct spec_source source = source_of(invocation);
	_cleanup_plan_ struct plan *plan = NULL;

	if (op_argv(invocation->context, &source, invocation_has(invocation, "allow-unsafe-cache"), &plan, err) < 0)
		return -1;
	for (char **warning = plan->warnings; warning && *warning; warning++)
		log_warning("%s", *warning);
	if (invocation->globals.json) {
		output_json_take(argv_document(plan));
		return 0;
	}
	for (char **word = plan->argv; *word; word++) {
		_cleanup_free_ char *quoted = strchr(*word, '\n') ? text_quote_shell(*word) : NULL;
		puts(quoted ? quoted : *word);
	}
	return 0;
}
