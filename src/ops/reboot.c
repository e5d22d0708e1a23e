/* kvmctl reboot: the guest is given its shutdown time, QEMU ends, and the instance starts again on the
 * recorded hardware.
 *
 * From the first rung on the phase is "rebooting", in the state and the status line: one that is killed
 * half-way is finished by `cleanup`. */
#include "ops/verbs.h"

#include "base/text.h"
#include "ops/act_control.h"
#include "ops/act_recorded.h"
#include "ops/act_shutdown.h"
#include "ops/act_teardown.h"
#include "vm/state.h"

/* Both places say so before anything happens. */
static int mark_rebooting(struct context *context, const char *name, struct error *err)
{
	_cleanup_state_ struct state *state = NULL;
	int found = state_read(&context->rundir, name, &state, err);

	if (found < 0)
		return -1;
	if (!found) {
		error_set(err, ERROR_UNKNOWN, "instance \"%s\" runs, but nothing is recorded of it", name);
		return error_hint(err, "stop it and start it instead");
	}
	state->phase = PHASE_REBOOTING;
	return state_write(&context->rundir, state, err);
}

static int require_running(const struct context *context, const struct instance *instance, struct error *err)
{
	if (instance->state == INSTANCE_RUNNING || instance->state == INSTANCE_PAUSED)
		return control_refuse_saving(instance, err);
	return control_not_running(context, instance, err);
}

/* Nothing has happened yet. */
static int check_next_start(struct context *context, const char *name, struct error *err)
{
	if (act_check_recorded(context, name, err) == 0)
		return 0;
	error_prefix(err, "instance \"%s\" could not be started again, and runs on", name);
	return -1;
}

/* The record is kept by the teardown in the middle: it is what the second half starts from, be it ours
 * or cleanup's. */
static int reboot_locked(struct context *context, const struct instance *instance, pid_t *ret_pid, struct error *err)
{
	struct launch_request launch = { .paused = false };
	enum exit_reason how;

	if (check_next_start(context, instance->name, err) < 0 || mark_rebooting(context, instance->name, err) < 0 ||
	    act_shutdown(context, instance, PHASE_REBOOTING, &how, err) < 0 ||
	    act_settle_exit(context, instance, how, err) < 0 ||
	    act_teardown(context, instance->name, TEARDOWN_KEEP_RECORD, err) < 0)
		return -1;
	return act_launch_recorded(context, instance->name, &launch, ret_pid, err);
}

int op_reboot(struct context *context, const char *name, struct start_result *ret, struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };
	_cleanup_close_ int lock = -1;
	pid_t pid;

	if (instance_name_check(name, err) < 0 ||
	    rundir_lock(&context->rundir, name, "reboot", context->wait, &lock, err) < 0 ||
	    instance_look(&context->rundir, name, &context->here, &instance, err) < 0 ||
	    require_running(context, &instance, err) < 0 || reboot_locked(context, &instance, &pid, err) < 0)
		return -1;
	close_fd(&lock);
	lock = -1;
	act_await_supervisor(context, &instance);
	*ret = (struct start_result){ .pid = pid, .name = xstrdup(name) };
	return 0;
}
