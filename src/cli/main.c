/* kvmctl: understands the command line, gives the command what it needs, prints the one error, and exits
 * with its kind. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/text.h"
#include "cli/options.h"
#include "cli/output.h"

/* What a caller may have left us that would change what we do: closed standard descriptors (the next open
 * would become stdout), an ignored SIGCHLD (waitpid would fail), blocked signals (nobody could stop us),
 * a umask. SIGPIPE becomes EPIPE: `kvmctl list | head` is no error. */
static void normalise_process(void)
{
	sigset_t none;

	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0)
			_exit(ERROR_OTHER);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(0027);
}

static void set_log_level(const struct globals *globals)
{
	if (globals->quiet)
		log_set_level(LOG_LEVEL_QUIET);
	else if (globals->verbose)
		log_set_level(globals->verbose > 1 ? LOG_LEVEL_DEBUG : LOG_LEVEL_VERBOSE);
}

static void context_clear(struct context *context)
{
	rundir_close(&context->rundir);
	settings_free(context->settings);
}

/* Everything that the command's row asks for; commands that ask for nothing (version, help) start without
 * reading a file. */
static int make_context(struct invocation *invocation, struct context *context, struct error *err)
{
	const struct globals *globals = &invocation->globals;
	unsigned needs = invocation->command->needs;

	if (!(needs & NEEDS_SETTINGS))
		return 0;
	context->deadline = globals->timeout_ms < 0 ? DEADLINE_NEVER : deadline_in(globals->timeout_ms);
	context->wait = deadline_earlier(deadline_in(globals->wait_ms), context->deadline);
	if (settings_load(globals->config, globals->run_dir, &context->settings, err) < 0)
		return -1;
	if (needs & ONLY_WITH_HOST && !invocation_has(invocation, "host"))
		needs &= ~(unsigned)NEEDS_RUNDIR;
	if (needs & (NEEDS_RUNDIR | NEEDS_LOCK) &&
	    (settings_require_run_dir(context->settings, err) < 0 || process_here(&context->here, err) < 0 ||
	     rundir_open(context->settings->run_dir, needs & NEEDS_LOCK, &context->rundir, err) < 0))
		return -1;
	rundir_set_saved(&context->rundir, context->settings->state_dir);
	invocation->context = context;
	return 0;
}

static int check_root(const struct command *command, struct error *err)
{
	if (!(command->needs & NEEDS_ROOT) || geteuid() == 0)
		return 0;
	error_set(err, ERROR_HOST, "\"%s\" needs root", command->name);
	return error_hint(err, "run it as root");
}

static int run_command(struct invocation *invocation, struct error *err)
{
	_cleanup_(context_clear) struct context context = { .rundir = RUNDIR_INIT };

	if (check_root(invocation->command, err) < 0 || make_context(invocation, &context, err) < 0)
		return -1;
	int result = invocation->command->run(invocation, err);
	invocation->context = NULL;
	return result;
}

/* --help and --version stand for the commands of that name. */
static int run(struct invocation *invocation, struct error *err)
{
	set_log_level(&invocation->globals);
	if (invocation->globals.version)
		return cmd_version(invocation, err);
	if (invocation->globals.help)
		return cmd_help(invocation, err);
	return run_command(invocation, err);
}

/* Where the line was not understood: was --json among what we did not get to? */
static bool wants_json(int argc, char *const *argv)
{
	for (int i = 1; i < argc && !streq(argv[i], "--"); i++)
		if (streq(argv[i], "--json"))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	static char buffer[256 * 1024]; /* pages that are not written to cost nothing */
	_cleanup_(invocation_clear) struct invocation invocation = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT, write_error = ERROR_INIT;
	int status;

	normalise_process();
	output_buffer(buffer, sizeof(buffer));
	if (options_parse(argc, (const char *const *)argv, &invocation, &err) < 0) {
		status = err.kind;
		output_error(&err, wants_json(argc, argv));
	} else if (run(&invocation, &err) < 0) {
		status = err.kind ? err.kind : ERROR_OTHER;
		output_error(&err, invocation.globals.json);
	} else {
		status = invocation.status;
	}
	if (output_flush(NULL, &write_error) < 0) {
		output_error(&write_error, false);
		status = status ? status : ERROR_OTHER;
	}
	return status;
}
