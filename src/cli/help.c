/* Help for people at a terminal: `kvmctl help`, `kvmctl help COMMAND`, `kvmctl COMMAND --help`. */
#include "cli/help.h"

#include "base/text.h"

#define HELP_COLUMN 26 /* where explanations begin */
#define HELP_WIDTH 100

/* Writes words, broken at `width`, each line after the first indented; `column` is where the first one begins. */
static void print_wrapped(FILE *out, const char *text, size_t indent, size_t column)
{
	bool first = true; /* of its line, or after what the caller has printed */

	while (*text) {
		size_t word = strcspn(text, " \n");
		if (!first && column + 1 + word > HELP_WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			fputc(' ', out);
			column++;
		}
		first = false;
		fwrite(text, 1, word, out);
		column += word;
		text += word;
		if (starts_with(text, "\n\n")) {
			fprintf(out, "\n\n%*s", (int)indent, "");
			column = indent;
			first = true;
		}
		text += strspn(text, " \n");
	}
	fputc('\n', out);
}

/* "  left    right": on the next line when left is too long. */
static void print_pair(FILE *out, const char *left, const char *right)
{
	int used = fprintf(out, "  %s", left);

	if (used + 2 > HELP_COLUMN)
		fprintf(out, "\n%*s", HELP_COLUMN, "");
	else
		fprintf(out, "%*s", HELP_COLUMN - used, "");
	print_wrapped(out, right, HELP_COLUMN, HELP_COLUMN);
}

static void print_options(FILE *out, const struct option_row *rows)
{
	for (; rows->name; rows++) {
		_cleanup_free_ char *left = NULL;
		if (!rows->doc)
			continue;
		if (rows->argument)
			left = xprintf("--%s %s", rows->name, rows->argument);
		else if (rows->letter)
			left = xprintf("-%c, --%s", rows->letter, rows->name);
		else
			left = xprintf("--%s", rows->name);
		print_pair(out, left, rows->doc);
	}
}

static void print_group(FILE *out, enum command_group group)
{
	bool first = true;

	for (size_t i = 0; i < command_n_rows; i++) {
		const struct command *command = &command_rows[i];
		if (command->group != group || (command->needs & HIDDEN))
			continue;
		if (first)
			fprintf(out, "\n%s:\n", command_group_title(group));
		first = false;
		_cleanup_free_ char *left = xprintf("%s %s", command->name, command->arguments);
		print_pair(out, left, command->doc);
	}
}

static bool is_of_topic(const struct command *command, const char *word)
{
	size_t length = strlen(word);

	return !(command->needs & HIDDEN) && starts_with(command->name, word) && command->name[length] == ' ';
}

bool help_topic(const char *word, FILE *out)
{
	bool any = false;

	for (size_t i = 0; i < command_n_rows; i++) {
		const struct command *command = &command_rows[i];
		if (!is_of_topic(command, word))
			continue;
		if (!any)
			fprintf(out, "usage: kvmctl %s COMMAND [NAME] [ARGUMENT...]\n\n", word);
		any = true;
		_cleanup_free_ char *left = xprintf("%s %s", command->name, command->arguments);
		print_pair(out, left, command->doc);
	}
	if (any)
		fprintf(out, "\n\"kvmctl help %s COMMAND\" tells all about one.\n", word);
	return any;
}

void help_overview(FILE *out)
{
	fputs("usage: kvmctl [OPTION...] COMMAND [NAME] [ARGUMENT...]\n\n"
	      "Runs QEMU/KVM virtual machines (\"instances\") on this host.\n",
	      out);
	for (int group = 0; group < COMMAND_GROUP_MAX; group++)
		print_group(out, (enum command_group)group);
	fputs("\nOptions, before or after the command:\n", out);
	print_options(out, global_options);
	fputs("\n\"kvmctl help COMMAND\" tells all about one; the manual: man 8 kvmctl, man 5 kvmctl.json.\n", out);
}

void help_command(const struct command *command, FILE *out)
{
	_cleanup_free_ char *usage = command_usage(command);
	bool has_options = false;

	for (const struct option_row *row = command->options; row->name; row++)
		has_options |= row->doc != NULL;
	fputs("usage: ", out);
	print_wrapped(out, usage, 7 + strlen("kvmctl "), 7);
	fputc('\n', out);
	print_wrapped(out, command->doc, 0, 0);
	if (*command->more) {
		fputc('\n', out);
		print_wrapped(out, command->more, 0, 0);
	}
	if (command->needs & NEEDS_RUNNING)
		fputs("\nThe instance must be running or paused.\n", out);
	if (command->needs & NEEDS_ROOT)
		fputs("\nIt needs root.\n", out);
	if (has_options)
		fputs("\nOptions:\n", out);
	print_options(out, command->options);
	fputs("\nThe options of all commands: kvmctl help\n", out);
}
