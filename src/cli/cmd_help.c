/* help, version, completion: what kvmctl says of itself. None of them reads a file. */
#include <stdio.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/output.h"

/* "help host info" has its two words as two arguments. */
static int find_named(const struct invocation *invocation, const struct command **ret, struct error *err)
{
	_cleanup_free_ char *name = invocation->n_args == 2 ? xprintf("%s %s", invocation->args[0], invocation->args[1])
							    : xstrdup(invocation->args[0]);
	_cleanup_free_ char *shown = text_printable(name, strlen(name), 60);

	*ret = command_find(name);
	if (*ret)
		return 0;
	error_set(err, ERROR_USAGE, "no command \"%s\"", shown);
	return error_hint(err, "\"kvmctl help\" lists all commands");
}

int cmd_help(struct invocation *invocation, struct error *err)
{
	const struct command *command = invocation->command;

	if (command && command->run == cmd_help && !invocation->globals.help) {
		if (invocation_has(invocation, "fragment"))
			return manual_fragment(invocation_option(invocation, "fragment"), stdout, err);
		command = NULL;
		if (invocation->n_args == 1 && help_topic(invocation->args[0], stdout))
			return 0;
		if (invocation->n_args && find_named(invocation, &command, err) < 0)
			return -1;
	} else if (!command && invocation->n_args) { /* "migration --help" */
		help_topic(invocation->args[0], stdout);
		return 0;
	}
	if (command)
		help_command(command, stdout);
	else
		help_overview(stdout);
	return 0;
}

int cmd_version(struct invocation *invocation, struct error *err)
{
	(void)err;
	if (!invocation->globals.json) {
		puts("kvmctl " KVMCTL_VERSION);
		return 0;
	}
	struct json *document = json_new_object();
	json_put_string(document, "version", KVMCTL_VERSION);
	output_json_take(document);
	return 0;
}

int cmd_completion(struct invocation *invocation, struct error *err)
{
	if (!streq(invocation->args[0], "bash"))
		return error_set(err, ERROR_USAGE, "no completion for \"%s\": there is one for bash",
				 invocation->args[0]);
	completion_bash(stdout);
	return 0;
}
