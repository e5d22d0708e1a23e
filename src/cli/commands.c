/* The table of commands, and what can be asked of a row. The rows themselves: commands.def. */
#include "cli/command.h"

#include <stdio.h>

#include "base/strv.h"
#include "base/text.h"
#include "cli/output.h"
#include "vm/spec.h"

/* A list of rows with an empty one at its end, so that it is never NULL. */
#define OPTIONS(...) ((const struct option_row[]){ __VA_ARGS__, { 0 } })
#define NO_OPTIONS ((const struct option_row[]){ { 0 } })

const struct command command_rows[] = {
#define COMMAND(id, name, group, arguments, min, max, needs, options, doc, more) \
	{ name, group, arguments, min, max, needs, options, doc, more, cmd_##id },
#include "cli/commands.def"
#undef COMMAND
};
const size_t command_n_rows = ELEMENTS(command_rows);

const struct option_row global_options[] = {
	{ "config", "FILE", "read the host-wide settings from FILE instead of /etc/kvmctl/kvmctl.json", 0 },
	{ "run-dir", "DIR", "keep all state of running instances under DIR instead of /run/kvmctl", 0 },
	{ "json", NULL, "print one JSON document on standard output, errors too", 0 },
	{ "timeout", "SECONDS", "the time for the whole command; units s, m and h are understood", 0 },
	{ "wait", "SECONDS", "how long to wait for an instance that another kvmctl is busy with (default 5)", 0 },
	{ "quiet", NULL, "no warnings and notices, only the error", 'q' },
	{ "verbose", NULL, "say what is done; twice: in every detail", 'v' },
	{ "help", NULL, "show the help of the command, or of kvmctl", 'h' },
	{ "version", NULL, "print the version", 0 },
	{ 0 }
};

const char *command_group_title(enum command_group group)
{
	static const char *const titles[COMMAND_GROUP_MAX] = {
		[GROUP_LIFE] = "Start and stop",
		[GROUP_LIVE] = "Change a running instance",
		[GROUP_MOVE] = "Move and save",
		[GROUP_LOOK] = "Look",
		[GROUP_PLAN] = "Check and plan",
		[GROUP_REPAIR] = "Repair",
		[GROUP_FILTER] = "Network filters",
		[GROUP_HOST] = "The host",
		[GROUP_HELP] = "Help",
	};
	return titles[group];
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < command_n_rows; i++)
		if (streq(command_rows[i].name, name))
			return &command_rows[i];
	return NULL;
}

/* Made of the row, so that the usage in an error can never be another than the help's. */
char *command_usage(const struct command *command)
{
	char *text = NULL;
	size_t length;
	_cleanup_fclose_ FILE *out = open_memstream(&text, &length);

	fprintf(out, "kvmctl %s", command->name);
	if (*command->arguments)
		fprintf(out, " %s", command->arguments);
	for (const struct option_row *row = command->options; row->name; row++) {
		if (!row->doc)
			continue;
		fprintf(out, row->argument ? " [--%s %s]" : " [--%s]", row->name, row->argument);
	}
	fclose(take_ptr(out));
	return text;
}

static size_t option_index(const struct invocation *invocation, const char *name)
{
	const struct option_row *rows = invocation->command->options;
	for (size_t i = 0; rows[i].name; i++)
		if (streq(rows[i].name, name))
			return i;
	abort(); /* a run function asks for an option that its row does not have: a slip of ours, met by its first test */
}

const char *invocation_option(const struct invocation *invocation, const char *name)
{
	return invocation->values[option_index(invocation, name)];
}

char **invocation_options(const struct invocation *invocation, const char *name)
{
	char **values = NULL;

	for (size_t i = 0; i < invocation->n_repeats; i++)
		if (streq(invocation->repeats[i].name, name))
			strv_add(&values, invocation->repeats[i].value);
	return values;
}

bool invocation_has(const struct invocation *invocation, const char *name)
{
	return invocation_option(invocation, name) != NULL;
}

int invocation_name(const struct invocation *invocation, const char **ret, struct error *err)
{
	if (instance_name_check(invocation->args[0], err) < 0)
		return -1;
	*ret = invocation->args[0];
	return 0;
}

int invocation_done(const struct invocation *invocation, const char *name)
{
	struct json *document;

	if (!invocation->globals.json)
		return 0;
	document = json_new_object();
	json_put_string(document, "name", name);
	json_put_string(document, "done", invocation->command->name);
	output_json_take(document);
	return 0;
}
