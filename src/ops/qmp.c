/* kvmctl qmp, kvmctl monitor: any command, for people. */
#include "ops/verbs.h"

#include "base/text.h"
#include "ops/act_control.h"

int op_qmp(struct context *context, const char *name, const char *command, struct json *arguments, struct json **ret,
	   struct error *err)
{
	_cleanup_control_ struct control control = CONTROL_INIT;

	if (control_open(context, name, "qmp", &control, err) < 0) {
		json_free(arguments);
		return -1;
	}
	return qmp_execute(control.qmp, command, arguments, control.deadline, ret, err);
}

int op_monitor(struct context *context, const char *name, const char *line, char **ret_output, struct error *err)
{
	_cleanup_json_ struct json *reply = NULL;
	struct json *arguments = json_new_object();

	json_put_string(arguments, "command-line", line);
	if (op_qmp(context, name, "human-monitor-command", arguments, &reply, err) < 0)
		return -1;
	*ret_output = xstrdup(json_string(reply, ""));
	return 0;
}
