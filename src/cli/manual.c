/* Fragments of the manual pages in man(7) macros, from the rows; man/…in says where each goes. */
#include "cli/help.h"

#include "base/text.h"
#include "cli/document.h"
#include "vm/params.h"

void manual_text(const char *text, FILE *out)
{
	bool line_start = true;

	for (; *text; text++) {
		/* A dot or quote at the start of a line would be a request. */
		if (line_start && (*text == '.' || *text == '\''))
			fputs("\\&", out);
		line_start = *text == '\n';
		if (*text == '-')
			fputs("\\-", out);
		else if (*text == '\\')
			fputs("\\e", out);
		else
			fputc(*text, out);
	}
}

/* Paragraphs are divided by an empty line. */
static void print_paragraphs(const char *text, FILE *out)
{
	while (*text) {
		const char *end = strstr(text, "\n\n");
		_cleanup_free_ char *paragraph = end ? xstrndup(text, (size_t)(end - text)) : xstrdup(text);
		manual_text(paragraph, out);
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
		size_t length = placeholder ? strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") : strcspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		_cleanup_free_ char *part = xstrndup(text, length);
		fputs(placeholder ? "\\fI" : "\\fR", out);
		manual_text(part, out);
		text += length;
	}
	fputs("\\fR", out);
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
		manual_text(rows->name, out);
		fputs("\\fR", out);
		if (rows->argument) {
			fputc(' ', out);
			print_arguments(rows->argument, out);
		}
		fputc('\n', out);
		manual_text(rows->doc, out);
		fputs(".\n", out);
	}
}

static void print_command(const struct command *command, FILE *out)
{
	fputs(".TP\n\\fB", out);
	manual_text(command->name, out);
	fputs("\\fR", out);
	if (*command->arguments) {
		fputc(' ', out);
		print_arguments(command->arguments, out);
	}
	/* The doc begins small, as in help: here it is a sentence. */
	fprintf(out, "\n%c", command->doc[0] - ('a' <= command->doc[0] && command->doc[0] <= 'z' ? 'a' - 'A' : 0));
	manual_text(command->doc + 1, out);
	fputs(".\n", out);
	print_paragraphs(command->more, out);
	if (command->needs & NEEDS_ROOT)
		fputs("It needs root.\n", out);
	if (command->options->name && command->options->doc) {
		fputs(".RS\n", out);
		print_option_rows(command->options, out);
		fputs(".RE\n", out);
	}
}

static void fragment_commands(FILE *out)
{
	for (int group = 0; group < COMMAND_GROUP_MAX; group++) {
		bool first = true;
		for (size_t i = 0; i < command_n_rows; i++) {
			const struct command *command = &command_rows[i];
			if (command->group != (enum command_group)group || (command->needs & HIDDEN))
				continue;
			if (first)
				fprintf(out, ".SS %s\n", command_group_title(command->group));
			first = false;
			print_command(command, out);
		}
	}
}

static void fragment_options(FILE *out)
{
	print_option_rows(global_options, out);
}

static void print_param_values(const struct param_row *row, FILE *out)
{
	static const char *const kinds[PARAM_KIND_MAX] = {
		[PARAM_BOOL] = "true or false", [PARAM_INT] = "number", [PARAM_TEXT] = "text", [PARAM_PATH] = "absolute path",
		[PARAM_CHOICE] = "one of",
	};

	fputs(kinds[row->kind], out);
	if (row->choices) {
		fputs(row->kind == PARAM_CHOICE ? " " : ", one of ", out);
		manual_text(row->choices, out);
	} else if (row->kind == PARAM_INT) {
		fprintf(out, ", %lld to %lld", (long long)row->min, (long long)row->max);
	}
}

static void fragment_params(FILE *out)
{
	for (size_t i = 0; i < HV_MAX; i++) {
		const struct param_row *row = &param_rows[i];
		fputs(".TP\n\\fB", out);
		manual_text(row->name, out);
		fputs("\\fR (", out);
		print_param_values(row, out);
		fputs("; default ", out);
		manual_text(*row->fallback ? row->fallback : "empty", out);
		fprintf(out, "; seen by the %s)\n", row->seen == SEEN_GUEST ? "guest" : "host");
		manual_text(row->doc, out);
		fputc('\n', out);
	}
}

static void fragment_keys(enum document document, FILE *out)
{
	for (size_t i = 0; i < key_n_rows; i++) {
		const struct key_row *row = &key_rows[i];
		if (row->document != document || row->kind == KEY_GROUP)
			continue;
		fputs(".TP\n\\fB", out);
		manual_text(row->key, out);
		fprintf(out, "\\fR (%s)\n", key_kind_to_string(row->kind));
		manual_text(row->doc, out);
		fputs(".\n", out);
	}
}

int manual_fragment(const char *name, FILE *out, struct error *err)
{
	if (streq(name, "commands")) {
		fragment_commands(out);
		return 0;
	}
	if (streq(name, "options")) {
		fragment_options(out);
		return 0;
	}
	if (streq(name, "params")) {
		fragment_params(out);
		return 0;
	}
	for (int document = 0; document < DOCUMENT_MAX; document++) {
		if (starts_with(name, "keys-") && streq(name + strlen("keys-"), document_to_string((enum document)document))) {
			fragment_keys((enum document)document, out);
			return 0;
		}
	}
	return error_set(err, ERROR_USAGE, "no fragment \"%s\"", name);
}
