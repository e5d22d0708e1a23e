/* From argv to an invocation: global options anywhere, the command's own after it, "did you mean" for the rest. */
#include "cli/options.h"

#include "base/parse.h"
#include "base/text.h"
#include "cli/foreign_words.h"

struct parser {
	struct invocation *invocation;
	const char *const *argv;
	int argc, at;
	const char *prefix;  /* first word of a two-word command, waiting for its second */
	char *full;          /* the two words, owned */
	bool only_arguments; /* after "--" */
};

static void parser_clear(struct parser *parser)
{
	free(parser->full);
}

static const struct option_row *find_row(const struct option_row *rows, const char *name, size_t length)
{
	for (; rows && rows->name; rows++)
		if (strlen(rows->name) == length && strncmp(rows->name, name, length) == 0)
			return rows;
	return NULL;
}

/* All that could have been meant, hidden ones left out. */
static size_t add_option_names(const struct option_row *rows, const char **names, size_t n)
{
	for (; rows && rows->name; rows++) {
		if (!rows->doc)
			continue;
		if (names)
			names[n] = rows->name;
		n++;
	}
	return n;
}

static int unknown_option(const struct parser *parser, const char *word, size_t length, struct error *err)
{
	const struct command *command = parser->invocation->command;
	const struct option_row *own = command ? command->options : NULL;
	size_t n = add_option_names(own, NULL, add_option_names(global_options, NULL, 0));
	_cleanup_free_ const char **names = xcalloc(n, sizeof(*names));
	_cleanup_free_ char *name = xstrndup(word, length);
	_cleanup_free_ char *shown = text_printable(word, length, 60);
	_cleanup_free_ char *usage = command ? command_usage(command) : NULL;

	add_option_names(own, names, add_option_names(global_options, names, 0));
	const char *nearest = text_nearest(name, names, n);

	error_set(err, ERROR_USAGE, "unknown option \"--%s\"", shown);
	if (nearest)
		return error_hint(err, "did you mean \"--%s\"?%s%s", nearest, usage ? " usage: " : "",
				  usage ? usage : "");
	if (usage)
		return error_hint(err, "usage: %s", usage);
	return error_hint(err, "see \"kvmctl help\"; a command's own options stand after its name");
}

static int unknown_command(const char *word, struct error *err)
{
	_cleanup_free_ const char **names = xcalloc(command_n_rows, sizeof(*names));
	_cleanup_free_ char *shown = text_printable(word, strlen(word), 60);
	size_t n = 0;

	for (size_t i = 0; i < command_n_rows; i++)
		if (!(command_rows[i].needs & HIDDEN))
			names[n++] = command_rows[i].name;
	const char *nearest = text_nearest(word, names, n);

	error_set(err, ERROR_USAGE, "unknown command \"%s\"", shown);
	const char *ours = foreign_word(word);
	if (ours)
		return error_hint(err, "here that is \"kvmctl %s\"", ours);
	if (nearest)
		return error_hint(err, "did you mean \"%s\"? \"kvmctl help\" lists all", nearest);
	return error_hint(err, "\"kvmctl help\" lists all commands");
}

static int set_seconds(const char *name, const char *value, int64_t *ret, struct error *err)
{
	_cleanup_free_ char *what = xprintf("--%s", name);

	if (parse_seconds(value, what, ret, err) < 0) {
		err->kind = ERROR_USAGE;
		return -1;
	}
	return 0;
}

/* value is "" for flags. */
static int set_global(struct globals *globals, const char *name, const char *value, struct error *err)
{
	if (streq(name, "config"))
		globals->config = value;
	else if (streq(name, "run-dir"))
		globals->run_dir = value;
	else if (streq(name, "timeout"))
		return set_seconds(name, value, &globals->timeout_ms, err);
	else if (streq(name, "wait"))
		return set_seconds(name, value, &globals->wait_ms, err);
	else if (streq(name, "json"))
		globals->json = true;
	else if (streq(name, "quiet"))
		globals->quiet++;
	else if (streq(name, "verbose"))
		globals->verbose++;
	else if (streq(name, "help"))
		globals->help = true;
	else if (streq(name, "version"))
		globals->version = true;
	return 0;
}

/* The words of "a|b|c" that an option takes; anything goes where there is no '|'. */
static int check_choice(const struct option_row *row, const char *value, struct error *err)
{
	size_t length = strlen(value);

	if (!row->argument || !strchr(row->argument, '|'))
		return 0;
	for (const char *word = row->argument; word; word = strchr(word, '|') ? strchr(word, '|') + 1 : NULL)
		if (strcspn(word, "|") == length && strncmp(word, value, length) == 0)
			return 0;
	return error_set(err, ERROR_USAGE, "--%s takes %s, not \"%s\"", row->name, row->argument, value);
}

/* word: what stands after "--". */
static int parse_long(struct parser *parser, const char *word, struct error *err)
{
	struct invocation *invocation = parser->invocation;
	size_t length = strcspn(word, "=");
	const char *value = word[length] ? word + length + 1 : NULL;
	const struct option_row *own =
		invocation->command ? find_row(invocation->command->options, word, length) : NULL;
	const struct option_row *row = own ? own : find_row(global_options, word, length);

	if (!row)
		return unknown_option(parser, word, length, err);
	if (!row->argument && value)
		return error_set(err, ERROR_USAGE, "--%s takes no value", row->name);
	if (row->argument && !value) {
		if (parser->at + 1 >= parser->argc)
			return error_set(err, ERROR_USAGE, "--%s needs a value: --%s %s", row->name, row->name,
					 row->argument);
		value = parser->argv[++parser->at];
	}
	if (row->argument && check_choice(row, value, err) < 0)
		return -1;
	if (!own)
		return set_global(&invocation->globals, row->name, value ? value : "", err);
	invocation->values[own - invocation->command->options] = value ? value : "";
	if (row->argument && ends_with(row->argument, "...")) {
		grow_array(invocation->repeats, invocation->n_repeats);
		invocation->repeats[invocation->n_repeats++] = (struct invocation_repeat){ row->name, value };
	}
	return 0;
}

/* letters: what stands after one dash. Letters are flags. */
static int parse_short(struct parser *parser, const char *letters, struct error *err)
{
	for (; *letters; letters++) {
		const struct option_row *row = global_options;
		while (row->name && row->letter != *letters)
			row++;
		if (!row->name) {
			_cleanup_free_ char *shown = text_printable(letters, 1, 1);
			error_set(err, ERROR_USAGE, "unknown option \"-%s\"", shown);
			return error_hint(err,
					  "see \"kvmctl help\"; put \"--\" before an argument that begins with a dash");
		}
		if (set_global(&parser->invocation->globals, row->name, "", err) < 0)
			return -1;
	}
	return 0;
}

static size_t option_rows_length(const struct option_row *rows)
{
	size_t n = 0;
	while (rows[n].name)
		n++;
	return n;
}

/* True when some command's first word of two is this. */
static bool is_prefix(const char *word)
{
	size_t length = strlen(word);
	for (size_t i = 0; i < command_n_rows; i++)
		if (strncmp(command_rows[i].name, word, length) == 0 && command_rows[i].name[length] == ' ')
			return true;
	return false;
}

static int take_command(struct parser *parser, const char *word, struct error *err)
{
	struct invocation *invocation = parser->invocation;

	if (!parser->prefix && is_prefix(word)) {
		parser->prefix = word;
		return 0;
	}
	if (parser->prefix) {
		parser->full = xprintf("%s %s", parser->prefix, word);
		word = parser->full;
		parser->prefix = NULL;
	}
	invocation->command = command_find(word);
	if (!invocation->command)
		return unknown_command(word, err);
	invocation->values = xcalloc(option_rows_length(invocation->command->options) + 1, sizeof(*invocation->values));
	return 0;
}

static int parse_word(struct parser *parser, const char *word, struct error *err)
{
	struct invocation *invocation = parser->invocation;

	if (!parser->only_arguments && streq(word, "--")) {
		parser->only_arguments = true;
		return 0;
	}
	if (!parser->only_arguments && starts_with(word, "--"))
		return parse_long(parser, word + 2, err);
	if (!parser->only_arguments && word[0] == '-' && word[1])
		return parse_short(parser, word + 1, err);
	if (!invocation->command)
		return take_command(parser, word, err);
	invocation->args[invocation->n_args++] = word;
	return 0;
}

/* "host" alone: which ones there are. */
static int incomplete(const char *prefix, struct error *err)
{
	_cleanup_free_ char *list = xstrdup("");
	size_t length = strlen(prefix);

	for (size_t i = 0; i < command_n_rows; i++) {
		const char *name = command_rows[i].name;
		if (strncmp(name, prefix, length) != 0 || name[length] != ' ' || (command_rows[i].needs & HIDDEN))
			continue;
		char *longer = xprintf("%s%s\"%s\"", list, *list ? ", " : "", name);
		free(list);
		list = longer;
	}
	error_set(err, ERROR_USAGE, "\"%s\" needs one more word", prefix);
	return error_hint(err, "there are %s", list);
}

static int check_counts(const struct invocation *invocation, struct error *err)
{
	const struct command *command = invocation->command;
	_cleanup_free_ char *usage = command_usage(command);

	if ((int)invocation->n_args < command->min)
		error_set(err, ERROR_USAGE, "\"%s\" needs %s", command->name, command->arguments);
	else if (command->max >= 0 && (int)invocation->n_args > command->max)
		error_set(err, ERROR_USAGE, "too many arguments for \"%s\": \"%s\"", command->name,
			  invocation->args[command->max]);
	else
		return 0;
	return error_hint(err, "usage: %s", usage);
}

int options_parse(int argc, const char *const *argv, struct invocation *ret, struct error *err)
{
	_cleanup_(parser_clear) struct parser parser = { .invocation = ret, .argv = argv, .argc = argc };

	*ret = (struct invocation){ .globals = { .timeout_ms = -1, .wait_ms = WAIT_DEFAULT_MS } };
	ret->args = xcalloc((size_t)argc + 1, sizeof(*ret->args));
	for (parser.at = 1; parser.at < argc; parser.at++)
		if (parse_word(&parser, argv[parser.at], err) < 0)
			return -1;
	if (ret->globals.help && parser.prefix)
		ret->args[ret->n_args++] = parser.prefix;
	if (ret->globals.version || ret->globals.help)
		return 0;
	if (parser.prefix)
		return incomplete(parser.prefix, err);
	if (!ret->command) {
		error_set(err, ERROR_USAGE, "which command?");
		return error_hint(err, "usage: kvmctl [OPTION...] COMMAND [NAME] [ARGUMENT...]; see \"kvmctl help\"");
	}
	return check_counts(ret, err);
}

void invocation_clear(struct invocation *invocation)
{
	free(invocation->args);
	free(invocation->values);
	free(invocation->repeats);
	invocation->repeats = NULL;
	invocation->args = NULL;
	invocation->values = NULL;
}
