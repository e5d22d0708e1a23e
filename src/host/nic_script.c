/* NIC scripts and hooks: the administrator's own programs, run with nothing of the caller's environment. */
#include "host/nic_script.h"

#include <sys/stat.h>

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

/* environment: PATH is added. */
static int run(const struct script *script, char ***environment, struct deadline deadline, struct error *err)
{
	char *const argv[] = { (char *)script->path, (char *)script->action, (char *)script->instance, NULL };
	struct child child = CHILD_INIT;

	if (script->path[0] != '/')
		return error_set(err, ERROR_HOST, "the %s \"%s\" is no absolute path", script->what, script->path);
	strv_add(environment, CHILD_PATH);
	child.path = script->path;
	child.argv = argv;
	child.env = *environment;
	child.umask = 0022;
	if (child_run_ok(&child, deadline, err) == 0)
		return 0;
	error_prefix(err, "the %s \"%s\" %s failed", script->what, script->path, script->action);
	/* One that is too slow has what it said in the hint already. */
	return err->hint ? -1 : error_hint(err, "what it gets and what it must do: %s", script->manual);
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
