/* The commands: one table (src/cli/commands.def), from which parsing, help, the manual, the completion
 * and the table tests come. */
#ifndef KVMCTL_CLI_COMMAND_H
#define KVMCTL_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "ops/context.h"

/* Of a command; of all commands: global_options. */
struct option_row {
	const char *name; /* without the dashes */
	const char *
		argument; /* "FILE"; words with '|' between are the allowed values; NULL: a flag. "VALUE...": may be given several
				 * times, see invocation_options() */
	const char *doc; /* one sentence for help and manual; NULL: hidden */
	char letter;     /* -q; 0: none */
};

enum command_group {
	GROUP_LIFE,
	GROUP_LIVE,
	GROUP_MOVE,
	GROUP_LOOK,
	GROUP_PLAN,
	GROUP_REPAIR,
	GROUP_FILTER,
	GROUP_HOST,
	GROUP_HELP,
	COMMAND_GROUP_MAX
};
const char *command_group_title(enum command_group group); /* "Start and stop", ... */

/* What a command needs. The directories and root are seen to by main before it runs; that it reads a
 * spec, or asks a running QEMU, is its op's own business and stands here for help and manual. */
enum command_needs {
	NEEDS_SETTINGS = 1 << 0, /* the settings are read */
	NEEDS_RUNDIR = 1 << 1,   /* the run directory is opened for looking: one that is not there is empty */
	NEEDS_SPEC = 1 << 2,     /* reads an instance spec */
	NEEDS_LOCK = 1 << 3,     /* takes the instance's lock: the run directory is made where it is missing */
	NEEDS_RUNNING = 1 << 4,  /* the instance must be running: its QEMU is asked */
	NEEDS_ROOT = 1 << 5,
	ONLY_WITH_HOST = 1 << 7, /* NEEDS_RUNDIR with the option --host only */
	HIDDEN = 1 << 6,         /* for kvmctl itself and its supervisor: not in help, manual, completion */
};

struct invocation;
typedef int command_fn(struct invocation *invocation, struct error *err);

struct command {
	const char *name; /* one word, or two: "host info" */
	enum command_group group;
	const char *arguments;            /* "NAME", "[NAME]", "NAME KEYS..."; "" = none */
	int min, max;                     /* how many; max -1: any number */
	unsigned needs;                   /* enum command_needs */
	const struct option_row *options; /* ends with a row without a name; never NULL */
	const char *doc;                  /* half a sentence */
	const char *more;                 /* paragraphs with empty lines between, or "" */
	command_fn *run;
};
extern const struct command command_rows[];
extern const size_t command_n_rows;
extern const struct option_row global_options[]; /* ends with a row without a name */

/* Settings that stand before or after the command, and the same for all. */
struct globals {
	const char *config, *run_dir; /* NULL: not given */
	int64_t timeout_ms;           /* -1: not given */
	int64_t wait_ms;
	bool json, help, version;
	int quiet, verbose; /* how often */
};

/* One command line, understood. Strings are borrowed from argv. */
struct invocation {
	const struct command *command; /* NULL: none was given */
	struct globals globals;
	const char **args; /* ended by NULL */
	size_t n_args;
	const char **values; /* one per row of command->options: NULL when not given, "" for a flag */
	struct invocation_repeat {
		const char *name, *value;
	} * repeats; /* options that may be given several times, as they came */
	size_t n_repeats;
	struct context *context; /* where the command needs settings or more; else NULL */
	int status;              /* the exit status of a success; 0 unless the command says otherwise */
};

/* The value of an option of the command (NULL: not given), and whether it was given. `name` must be one
 * of its rows: else abort. */
const char *invocation_option(const struct invocation *invocation, const char *name);
/* All values of an option that may be given several times (strv), owned by the caller. */
char **invocation_options(const struct invocation *invocation, const char *name);
bool invocation_has(const struct invocation *invocation, const char *name);
/* The instance's name: args[0], checked. ERROR_USAGE. */
int invocation_name(const struct invocation *invocation, const char **ret, struct error *err);
/* For commands that have nothing to tell but that they are done: {"name", "done": COMMAND} with --json;
 * people see nothing. Always 0. */
int invocation_done(const struct invocation *invocation, const char *name);

/* NULL when there is none of that name. Hidden ones are found as well. */
const struct command *command_find(const char *name);
/* "kvmctl start [NAME] [--spec FILE] …". Owned by the caller. */
char *command_usage(const struct command *command);

command_fn cmd_start, cmd_stop, cmd_reboot, cmd_save, cmd_restore;
command_fn cmd_pause, cmd_resume, cmd_reset, cmd_powerdown, cmd_nmi, cmd_sendkey;
command_fn cmd_balloon, cmd_pin, cmd_nic_set, cmd_password;
command_fn cmd_console, cmd_monitor, cmd_qmp, cmd_screenshot;
command_fn cmd_migration_info, cmd_migration_start, cmd_migration_status, cmd_migration_cancel;
/* cmd_migration_target.c */
command_fn cmd_migration_check, cmd_migration_accept, cmd_migration_finalize;
command_fn cmd_list, cmd_info, cmd_state, cmd_wait, cmd_events, cmd_names;
command_fn cmd_migrate, cmd_migration_serve;
command_fn cmd_check, cmd_argv, cmd_params, cmd_schema;
command_fn cmd_cleanup, cmd_forget, cmd_teardown;
command_fn cmd_secgroup_list, cmd_secgroup_show, cmd_secgroup_define, cmd_secgroup_delete, cmd_secgroup_add,
	cmd_secgroup_remove;
command_fn cmd_filter_list, cmd_filter_show, cmd_filter_define, cmd_filter_edit, cmd_filter_undefine, cmd_filter_check;
command_fn cmd_filter_compile;
/* cmd_filter_bind.c */
command_fn cmd_filter_bind, cmd_filter_unbind, cmd_filter_bindings, cmd_filter_verify, cmd_filter_restore;
/* cmd_filter_learned.c */
command_fn cmd_filter_learned;
/* cmd_filter_look.c */
command_fn cmd_filter_explain, cmd_filter_stats, cmd_filter_trace;
command_fn cmd_host_info, cmd_host_verify, cmd_host_powercycle;
command_fn cmd_completion, cmd_help, cmd_version;

#endif
