/* NIC scripts and hooks: the administrator's own programs, run with nothing of the caller's environment. */
#include "host/nic_script.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "base/strv.h"
#include "base/text.h"
#include "host/child.h"

struct script {
	const char *what; /* "NIC script", "hook" */
	const char *path;
	const char *action;   /* its first argument */
	const char *instance; /* its second, or NULL */
	const char *manual;
};

static int script_failed(const struct script *script, int status, const char *output, struct error *err)
{
	_cleanup_free_ char *how = child_status_text(status);
	_cleanup_free_ char *said = text_trim(output);

	error_set(err, ERROR_HOST, "the %s \"%s\" %s failed: %s%s%s", script->what, script->path, script->action, how,
		  is_empty(said) ? "" : ": ", said);
	return error_hint(err, "what it gets and what it must do: %s", script->manual);
}

/* environment: PATH is added. */
static int run(const struct script *script, char ***environment, struct deadline deadline, struct error *err)
{
	char *const argv[] = { (char *)script->path, (char *)script->action, (char *)script->instance, NULL };
	_cleanup_free_ char *output = NULL;
	struct child child = CHILD_INIT;
	int status;

	if (script->path[0] != '/')
		return error_set(err, ERROR_HOST, "the %s \"%s\" is no absolute path", script->what, script->path);
	strv_add(environment, CHILD_PATH);
	child.path = script->path;
	child.argv = argv;
	child.env = *environment;
	child.umask = 0022;
	if (child_run(&child, deadline, &status, &output, err) < 0)
		return error_prefix(err, "%s \"%s\" %s", script->what, script->path, script->action);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return script_failed(script, status, output, err);
}

int nic_script_run(const char *script, const char *action, char *const *env, struct deadline deadline,
		   struct error *err)
{
	const struct script nic_script = { "NIC script", script, action, NULL, "kvm-vif-bridge(7)" };
	_cleanup_strv_ char **environment = strv_copy(env);

	return run(&nic_script, &environment, deadline, err);
}

int hook_run(const char *path, const char *event, const char *instance, struct deadline deadline, struct error *err)
{
	const struct script hook = { "hook", path, event, instance, "kvmctl.json(5)" };
	_cleanup_strv_ char **environment = NULL;

	strv_addf(&environment, "INSTANCE=%s", instance);
	return run(&hook, &environment, deadline, err);
}
