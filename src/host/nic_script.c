/* NIC scripts: the administrator's own program that connects a TAP, run with nothing of the caller's environment. */
#include "host/nic_script.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "base/strv.h"
#include "base/text.h"
#include "host/child.h"


static int script_failed(const char *script, const char *action, int status, const char *output, struct error *err)
{
	_cleanup_free_ char *how = child_status_text(status);
	_cleanup_free_ char *said = text_trim(output);

	error_set(err, ERROR_HOST, "the NIC script \"%s\" %s failed: %s%s%s", script, action, how, is_empty(said) ? "" : ": ", said);
	return error_hint(err, "its environment and what it must do: kvm-vif-bridge(7)");
}

int nic_script_run(const char *script, const char *action, char *const *env, struct deadline deadline, struct error *err)
{
	char *const argv[] = { (char *)script, (char *)action, NULL };
	_cleanup_strv_ char **environment = strv_copy(env);
	_cleanup_free_ char *output = NULL;
	struct child child = CHILD_INIT;
	int status;

	if (script[0] != '/')
		return error_set(err, ERROR_HOST, "the NIC script \"%s\" is no absolute path", script);
	strv_add(&environment, CHILD_PATH);
	child.path = script;
	child.argv = argv;
	child.env = environment;
	child.umask = 0022;
	if (child_run(&child, deadline, &status, &output, err) < 0)
		return error_prefix(err, "NIC script \"%s\" %s", script, action);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return script_failed(script, action, status, output, err);
}
