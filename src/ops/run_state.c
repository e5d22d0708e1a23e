/* The verbs that are one QMP command: pause, resume, reset, powerdown, nmi. */
#include "ops/verbs.h"

#include <stdio.h>

#include "ops/act_control.h"

static void note_paused(struct status *status, void *arg)
{
	const bool *paused = arg;

	status->paused = *paused;
	snprintf(status->reason, sizeof(status->reason), "%s", *paused ? "user" : "");
}

/* Noted at once, besides what the supervisor hears: the next `list` must say it, and there may be no
 * supervisor. */
static int set_paused(struct context *context, const char *name, bool paused, struct error *err)
{
	_cleanup_control_ struct control control = CONTROL_INIT;

	if (control_open(context, name, paused ? "pause" : "resume", &control, err) < 0 ||
	    control_execute(&control, paused ? "stop" : "cont", NULL, err) < 0)
		return -1;
	control_note(&control, note_paused, &paused);
	return 0;
}

int op_pause(struct context *context, const char *name, struct error *err)
{
	return set_paused(context, name, true, err);
}

int op_resume(struct context *context, const char *name, struct error *err)
{
	return set_paused(context, name, false, err);
}

int op_reset(struct context *context, const char *name, struct error *err)
{
	return control_once(context, name, "reset", "system_reset", NULL, err);
}

int op_powerdown(struct context *context, const char *name, struct error *err)
{
	return control_once(context, name, "powerdown", "system_powerdown", NULL, err);
}

int op_nmi(struct context *context, const char *name, struct error *err)
{
	return control_once(context, name, "nmi", "inject-nmi", NULL, err);
}
