/* Bash completion: everything that is known when it is made stands in the script; only instance names are
 * asked at the time.
 *
 * The script knows three tables: the commands, the options of each command, and what each option and each
 * argument of a command is: the words of "a|b", or one of the kinds that the placeholders name (NAME,
 * FILTER, GROUP, MEMBER, LINK, BRIDGE, FILE, DIR, PARAM, COMMAND). */
#include "cli/completion.h"

#include "base/text.h"
#include "cli/command.h"
#include "vm/params.h"

static const char *const head =
	"# bash completion of kvmctl; made by `kvmctl completion bash`\n"
	"_kvmctl_kind() {\n"
	"\tcase $1 in\n"
	"\tNAME | MEMBER) COMPREPLY=($(compgen -W \"$(\"${words[0]}\" \"${_kvmctl_where[@]}\" names "
	"2>/dev/null)\" -- \"$cur\")) ;;\n"
	"\tFILTER) COMPREPLY=($(compgen -W \"$(\"${words[0]}\" \"${_kvmctl_where[@]}\" names "
	"--filters 2>/dev/null)\" -- \"$cur\")) ;;\n"
	"\tGROUP) COMPREPLY=($(compgen -W \"$(\"${words[0]}\" \"${_kvmctl_where[@]}\" names "
	"--groups 2>/dev/null)\" -- \"$cur\")) ;;\n"
	"\tLINK | BRIDGE) COMPREPLY=($(compgen -W \"$(cd /sys/class/net && echo *)\" -- "
	"\"$cur\")) ;;\n"
	"\tFILE) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
	"\tDIR) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- \"$cur\")) ;;\n"
	"\tPARAM) COMPREPLY=($(compgen -W \"$_kvmctl_params\" -- \"$cur\")) ;;\n"
	"\tCOMMAND) COMPREPLY=($(compgen -W \"$_kvmctl_first\" -- \"$cur\")) ;;\n"
	"\t[a-z]*) COMPREPLY=($(compgen -W \"${1//|/ }\" -- \"$cur\")) ;;\n"
	"\tesac\n"
	"}\n";

static const char *const tail =
	"_kvmctl() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} command='' kind='' i word n=0\n"
	"\tlocal -a words=(\"${COMP_WORDS[@]}\") _kvmctl_where=()\n"
	"\tCOMPREPLY=()\n"
	"\t[[ $cur == = ]] && cur=''\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${words[i]}\n"
	"\t\tkind=$(_kvmctl_value \"$command\" \"$word\")\n"
	"\t\tif [[ -n $kind ]]; then\n"
	"\t\t\t[[ ${words[i + 1]-} == = ]] && ((i + 1 < COMP_CWORD)) && ((++i))   # readline splits --option=value\n"
	"\t\t\t((i + 1 < COMP_CWORD)) && case $word in --config | --run-dir) _kvmctl_where+=(\"$word\" \"${words[i + "
	"1]}\") ;; esac\n"
	"\t\t\t((++i < COMP_CWORD)) && { kind=''; continue; }\n"
	"\t\t\t_kvmctl_kind \"$kind\"\n"
	"\t\t\treturn\n"
	"\t\tfi\n"
	"\t\t[[ $word == -* ]] && continue\n"
	"\t\tif [[ -z $command || \" $_kvmctl_double \" == *\" $command \"* ]]; then\n"
	"\t\t\tcommand=${command:+$command }$word\n"
	"\t\telse\n"
	"\t\t\tn=$((n + 1))\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tif [[ $cur == -* ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$_kvmctl_options $(_kvmctl_own \"$command\")\" -- \"$cur\"))\n"
	"\telif [[ -z $command ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$_kvmctl_first\" -- \"$cur\"))\n"
	"\telif [[ \" $_kvmctl_double \" == *\" $command \"* ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$(_kvmctl_second \"$command\")\" -- \"$cur\"))\n"
	"\telse\n"
	"\t\t_kvmctl_kind \"$(_kvmctl_argument \"$command\" \"$n\")\"\n"
	"\tfi\n"
	"}\n"
	"complete -F _kvmctl kvmctl\n";

static bool visible(const struct command *command)
{
	return !(command->needs & HIDDEN);
}

/* First words; with `only_double` those that a second one follows. Neighbours in the table share their first word. */
static void print_first_words(FILE *out, bool only_double)
{
	const char *before = "";

	for (size_t i = 0; i < command_n_rows; i++) {
		const char *name = command_rows[i].name;
		size_t length = strcspn(name, " ");
		bool is_double = name[length] == ' ';
		if (!visible(&command_rows[i]) || (only_double && !is_double))
			continue;
		if (strncmp(before, name, length) == 0 && before[length] == ' ')
			continue;
		fprintf(out, "%.*s ", (int)length, name);
		before = name;
	}
}

static void print_second_words(FILE *out)
{
	fputs("_kvmctl_second() {\n\tcase $1 in\n", out);
	for (size_t i = 0; i < command_n_rows; i++) {
		const char *name = command_rows[i].name;
		const char *second = strchr(name, ' ');
		if (second && visible(&command_rows[i]))
			fprintf(out, "\t%.*s) echo %s ;;&\n", (int)(second - name), name, second + 1);
	}
	fputs("\tesac\n}\n", out);
}

static void print_option_names(FILE *out, const struct option_row *row)
{
	for (; row->name; row++)
		if (row->doc)
			fprintf(out, "--%s ", row->name);
}

static void print_own_options(FILE *out)
{
	fputs("_kvmctl_own() {\n\tcase $1 in\n", out);
	for (size_t i = 0; i < command_n_rows; i++) {
		if (!visible(&command_rows[i]) || !command_rows[i].options->name)
			continue;
		fprintf(out, "\t'%s') echo '", command_rows[i].name);
		print_option_names(out, command_rows[i].options);
		fputs("' ;;\n", out);
	}
	fputs("\tesac\n}\n", out);
}

static void print_values_of(FILE *out, const char *command, const struct option_row *row)
{
	for (; row->name; row++)
		if (row->doc && row->argument)
			fprintf(out, "\t'%s --%s') echo '%.*s' ;;\n", command, row->name,
				(int)strcspn(row->argument, "."), row->argument);
}

/* What the value of an option is: the cases are "COMMAND --option"; a global option is asked with an
 * empty command too. */
static void print_values(FILE *out)
{
	fputs("_kvmctl_value() {\n\tcase \"$1 $2\" in\n", out);
	for (size_t i = 0; i < command_n_rows; i++)
		if (visible(&command_rows[i]))
			print_values_of(out, command_rows[i].name, command_rows[i].options);
	for (const struct option_row *row = global_options; row->name; row++)
		if (row->argument)
			fprintf(out, "\t*' --%s') echo '%s' ;;\n", row->name, row->argument);
	fputs("\tesac\n}\n", out);
}

/* "NAME vnc|spice": case 'password 0' is NAME, 'password 1' is vnc|spice. Brackets and dots are left out. */
static void print_arguments(FILE *out)
{
	fputs("_kvmctl_argument() {\n\tcase \"$1 $2\" in\n", out);
	for (size_t i = 0; i < command_n_rows; i++) {
		const char *text = command_rows[i].arguments;
		if (!visible(&command_rows[i]))
			continue;
		for (int n = 0; *(text += strspn(text, " []")); n++) {
			size_t length = strcspn(text, " [].");
			fprintf(out, "\t'%s %d') echo '", command_rows[i].name, n);
			fwrite(text, 1, length, out);
			fputs("' ;;\n", out);
			text += strcspn(text, " ]");
		}
	}
	fputs("\tesac\n}\n", out);
}

void completion_bash(FILE *out)
{
	fputs(head, out);
	fputs("_kvmctl_first='", out);
	print_first_words(out, false);
	fputs("'\n_kvmctl_double='", out);
	print_first_words(out, true);
	fputs("'\n_kvmctl_options='", out);
	print_option_names(out, global_options);
	fputs("'\n_kvmctl_params='", out);
	for (size_t i = 0; i < HV_MAX; i++)
		fprintf(out, "%s ", param_rows[i].name);
	fputs("'\n", out);
	print_second_words(out);
	print_own_options(out);
	print_values(out);
	print_arguments(out);
	fputs(tail, out);
}
