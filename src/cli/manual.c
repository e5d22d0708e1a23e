/* Fragments of the manual pages in man(7) macros, from the rows; man/…in says where each goes. */
#include "cli/help.h"

#include "base/text.h"
#include "cli/document.h"
#include "cli/manual_filters.h"
#include "vm/exit_record.h"
#include "vm/tables_doc.h"

/* Paragraphs are divided by an empty line. .IP and not .PP: a paragraph belongs to the command above it,
 * and stays indented. */
static void print_paragraphs(const char *text, FILE *out)
{
	while (*text) {
		const char *end = strstr(text, "\n\n");
		_cleanup_free_ char *paragraph = end ? xstrndup(text, (size_t)(end - text)) : xstrdup(text);
		tables_roff(paragraph, out);
		fputc('\n', out);
		text += strlen(paragraph);
		text += strspn(text, "\n");
		if (*text)
			fputs(".IP\n", out);
	}
}

/* Placeholders (words in capitals) are italic, all else is as typed. */
static void print_arguments(const char *text, FILE *out)
{
	while (*text) {
		bool placeholder = *text >= 'A' && *text <= 'Z';
		size_t length = placeholder ? strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
					    : strcspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		_cleanup_free_ char *part = xstrndup(text, length);
		fputs(placeholder ? "\\fI" : "\\fR", out);
		tables_roff(part, out);
		text += length;
	}
	fputs("\\fR", out);
}

/* A row's doc begins small, as in help: here it is a sentence. */
static void print_sentence(const char *doc, FILE *out)
{
	fputc('a' <= *doc && *doc <= 'z' ? *doc - 'a' + 'A' : *doc, out);
	tables_roff(doc + 1, out);
	fputs(".\n", out);
}

static void print_option_rows(const struct option_row *rows, FILE *out)
{
	for (; rows->name; rows++) {
		if (!rows->doc)
			continue;
		fputs(".TP\n", out);
		if (rows->letter)
			fprintf(out, "\\fB\\-%c\\fR, ", rows->letter);
		fputs("\\fB\\-\\-", out);
		tables_roff(rows->name, out);
		fputs("\\fR", out);
		if (rows->argument) {
			fputc(' ', out);
			print_arguments(rows->argument, out);
		}
		fputc('\n', out);
		print_sentence(rows->doc, out);
	}
}

static void print_command(const struct command *command, FILE *out)
{
	fputs(".TP\n\\fB", out);
	tables_roff(command->name, out);
	fputs("\\fR", out);
	if (*command->arguments) {
		fputc(' ', out);
		print_arguments(command->arguments, out);
	}
	fputc('\n', out);
	print_sentence(command->doc, out);
	print_paragraphs(command->more, out);
	/* Of the whole group it is said once. */
	if (command->needs & NEEDS_RUNNING && command->group != GROUP_LIVE)
		fputs("The instance must be running or paused.\n", out);
	if (command->needs & NEEDS_ROOT)
		fputs("It needs root.\n", out);
	if (command->options->name && command->options->doc) {
		fputs(".RS\n", out);
		print_option_rows(command->options, out);
		fputs(".RE\n", out);
	}
}

static void print_group(enum command_group group, FILE *out)
{
	for (size_t i = 0; i < command_n_rows; i++)
		if (command_rows[i].group == group && !(command_rows[i].needs & HIDDEN))
			print_command(&command_rows[i], out);
}

/* Filters have a page of their own. */
static void fragment_commands(FILE *out)
{
	for (int group = 0; group < COMMAND_GROUP_MAX; group++) {
		fprintf(out, ".SS %s\n%s", command_group_title((enum command_group)group),
			group == GROUP_LIVE ? "The instance must be running or paused.\n" : "");
		if (group == GROUP_FILTER)
			fputs("\\fBfilter\\fR ... and \\fBsecgroup\\fR ...: see\n.BR kvmctl\\-filter (8).\n", out);
		else
			print_group((enum command_group)group, out);
	}
}

static void fragment_options(FILE *out)
{
	print_option_rows(global_options, out);
}

static void fragment_keys(enum document document, FILE *out)
{
	for (size_t i = 0; i < key_n_rows; i++) {
		const struct key_row *row = &key_rows[i];
		if (row->document != document || row->kind == KEY_GROUP)
			continue;
		fputs(".TP\n\\fB", out);
		tables_roff(row->key, out);
		fprintf(out, "\\fR (%s)\n", key_kind_to_string(row->kind));
		print_sentence(row->doc, out);
	}
}

/* One for each reason: the compiler and a test see that none is left out. */
static const char *exit_reason_doc(enum exit_reason reason)
{
	static const char *const docs[EXIT_REASON_MAX] = {
		[EXIT_UNKNOWN] = "QEMU is gone, and nobody saw it end.",
		[EXIT_GUEST] = "The guest shut itself down.",
		[EXIT_GUEST_REBOOT] = "The guest rebooted, and reboot_behavior is exit.",
		[EXIT_ACPI] = "stop: the guest followed the power button.",
		[EXIT_QUIT] = "stop: QEMU followed the QMP command quit.",
		[EXIT_SIGTERM] = "stop, or somebody else, sent SIGTERM.",
		[EXIT_SIGKILL] = "stop: SIGKILL, after all else.",
		[EXIT_FORCED] = "stop --force.",
		[EXIT_CRASHED] = "A signal that kvmctl did not send ended QEMU.",
		[EXIT_FAILED] = "QEMU ended by itself with an error.",
		[EXIT_PANICKED] = "The guest panicked (pvpanic).",
		[EXIT_WATCHDOG] = "The guest's watchdog was not fed.",
		[EXIT_OOM] = "The OOM killer ended QEMU.",
		[EXIT_MIGRATED] = "The guest moved to another host.",
		[EXIT_SAVED] = "The guest was saved: its memory is in a file.",
		[EXIT_INCOMING_FAILED] = "The guest that QEMU waited for, from another host or a file, did not come.",
		[EXIT_HOST_REBOOTED] = "The host was rebooted under it.",
		[EXIT_START_FAILED] = "The start failed.",
	};
	return docs[reason];
}

static void fragment_exit_reasons(FILE *out)
{
	for (int reason = 0; reason < EXIT_REASON_MAX; reason++) {
		fputs(".TP\n.B ", out);
		tables_roff(exit_reason_to_string((enum exit_reason)reason), out);
		fputc('\n', out);
		tables_roff(exit_reason_doc((enum exit_reason)reason), out);
		fputc('\n', out);
	}
}

int manual_fragment(const char *name, FILE *out, struct error *err)
{
	if (streq(name, "commands")) {
		fragment_commands(out);
		return 0;
	}
	if (streq(name, "commands-filter")) {
		print_group(GROUP_FILTER, out);
		return 0;
	}
	if (streq(name, "options")) {
		fragment_options(out);
		return 0;
	}
	if (streq(name, "exit-reasons")) {
		fragment_exit_reasons(out);
		return 0;
	}
	if (streq(name, "filter-protocols")) {
		manual_filter_protocols(out);
		return 0;
	}
	if (streq(name, "filter-attributes")) {
		manual_filter_attributes(out);
		return 0;
	}
	if (streq(name, "filters"))
		return manual_shipped_filters(out, err);
	for (int document = 0; document < DOCUMENT_MAX; document++) {
		if (starts_with(name, "keys-") &&
		    streq(name + strlen("keys-"), document_to_string((enum document)document))) {
			fragment_keys((enum document)document, out);
			return 0;
		}
	}
	if (tables_fragment(name, out))
		return 0;
	return error_set(err, ERROR_USAGE, "no fragment \"%s\"", name);
}
