/* Everything that the supervisor does not do itself is done by kvmctl: tear down, start again, stop. */
#include "supervisor/supervisor.h"

#include "base/strv.h"
#include "base/text.h"
#include "supervisor/report.h"

/* The same settings and run directory as ours, by path: our environment has neither. */
static char **kvmctl_argv(const struct supervisor *s, const char *verb, const char *const *extra)
{
	const struct options *o = s->options;
	char **argv = NULL;

	strv_add(&argv, o->kvmctl);
	strv_add(&argv, "--run-dir");
	strv_add(&argv, o->run_dir);
	if (o->config) {
		strv_add(&argv, "--config");
		strv_add(&argv, o->config);
	}
	strv_add(&argv, verb);
	strv_add(&argv, o->name);
	for (; extra && *extra; extra++)
		strv_add(&argv, *extra);
	return argv;
}

void kvmctl_become(const struct supervisor *s, const char *verb, const char *const *extra)
{
	_cleanup_strv_ char **argv = kvmctl_argv(s, verb, extra);

	signals_reset();
	execv(argv[0], argv);
	report(s->options, LOG_ERR, "cannot run \"%s\" to %s: %s; run `kvmctl cleanup %s`", argv[0], verb,
	       strerror(errno), s->options->name);
}

/* A plain fork: we have one thread, and all descriptors of ours are CLOEXEC. */
pid_t kvmctl_spawn(const struct supervisor *s, const char *verb, const char *const *extra)
{
	pid_t pid = fork();

	if (pid == 0) {
		kvmctl_become(s, verb, extra);
		_exit(127);
	}
	if (pid < 0)
		report(s->options, LOG_ERR, "cannot run kvmctl to %s: %s", verb, strerror(errno));
	return pid;
}
