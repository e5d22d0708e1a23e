/* Opening a running instance for a change. */
#include "ops/act_control.h"

#include "base/log.h"
#include "base/text.h"
#include "ops/act_look.h"
#include "vm/monitor.h"
#include "vm/spec.h"
#include "vm/state.h"

/* The monitor first, then the lock: who gets the lock next finds the monitor free. */
void control_close(struct control *control)
{
	qmp_free(control->qmp);
	control->qmp = NULL;
	instance_clear(&control->instance);
	close_fd(&control->lock);
	control->lock = -1;
}

/* Nobody is to be sent to "start": a guest that runs twice damages its disks. */
static int moved_away(const char *name, struct error *err)
{
	error_set(err, ERROR_STATE, "instance \"%s\" is stopped here: its guest moved to another host", name);
	return error_hint(err, "\"kvmctl info %s\" says where to", name);
}

static int never_came(const char *name, struct error *err)
{
	error_set(err, ERROR_STATE, "instance \"%s\" is stopped here: the guest that it waited for did not come", name);
	return error_hint(
		err,
		"it may run on the host that it was to come from; if it was to come from a file, or runs nowhere, "
		"\"kvmctl start %s\"",
		name);
}

/* Each state has another way out, and a person who reads "not running" would look for the wrong one. */
int control_not_running(const struct context *context, const struct instance *instance, struct error *err)
{
	const char *name = instance->name;

	switch (instance->state) {
	case INSTANCE_INCOMING:
		error_set(err, ERROR_STATE, "instance \"%s\" is incoming: its guest is not here yet", name);
		return error_hint(err, "\"kvmctl migration status %s\" shows how far it is", name);
	case INSTANCE_OUTGOING:
		error_set(err, ERROR_STATE, "instance \"%s\" is outgoing: it moves to another host", name);
		return error_hint(err, "\"kvmctl migration cancel %s\" keeps it here", name);
	case INSTANCE_SAVED:
		error_set(err, ERROR_STATE, "instance \"%s\" is saved: its memory is in a file", name);
		return error_hint(err, "\"kvmctl restore %s\" lets it run again", name);
	case INSTANCE_UNKNOWN:
		error_set(err, ERROR_UNKNOWN, "whether instance \"%s\" runs cannot be verified: %s", name,
			  instance->reason);
		return error_hint(err, "nothing was touched");
	case INSTANCE_STALE:
		error_set(err, ERROR_STATE, "instance \"%s\" is stale: its QEMU is gone", name);
		return error_hint(err, "\"kvmctl cleanup %s\" removes what is left of it", name);
	case INSTANCE_ORPHANED:
		error_set(err, ERROR_UNKNOWN, "instance \"%s\" is orphaned: it runs without a record", name);
		return error_hint(err, "\"kvmctl stop %s --force\" ends it", name);
	case INSTANCE_STOPPED:
		if (look_require_known(context, instance, err) < 0)
			return -1;
		if (streq(instance->reason, exit_reason_to_string(EXIT_MIGRATED)))
			return moved_away(name, err);
		if (streq(instance->reason, exit_reason_to_string(EXIT_INCOMING_FAILED)))
			return never_came(name, err);
		break;
	case INSTANCE_RUNNING:
	case INSTANCE_PAUSED:
	case INSTANCE_UNRESPONSIVE:
	case INSTANCE_STATE_MAX:
		break;
	}
	error_set(err, ERROR_STATE, "instance \"%s\" is %s", name, instance_state_to_string(instance->state));
	return error_hint(err, "start it with \"kvmctl start %s\"", name);
}

/* We hold the lock, so nobody is at it any more. A file may be whole by now: a guest that runs on would make it a lie. */
int control_refuse_saving(const struct instance *instance, struct error *err)
{
	if (!instance->has_status || instance->status.phase != PHASE_SAVING)
		return 0;
	error_set(err, ERROR_STATE, "instance \"%s\" was being saved by a kvmctl that is gone", instance->name);
	return error_hint(err, "\"kvmctl cleanup %s\" finishes that, or lets it run on", instance->name);
}

static int open_locked(struct control *control, struct error *err)
{
	struct context *context = control->context;
	const struct instance *instance = &control->instance;
	struct deadline deadline = context_step(context, context->settings->timeouts.command);

	if (instance->state != INSTANCE_RUNNING && instance->state != INSTANCE_PAUSED)
		return control_not_running(context, instance, err);
	if (control_refuse_saving(instance, err) < 0 || state_refuse_newer(&context->rundir, instance->name, err) < 0)
		return -1;
	control->deadline = deadline;
	if (monitor_open(&context->rundir, instance->name, MONITOR_CONTROL, deadline, &control->qmp, err) == 0)
		return 0;
	if (err->kind == ERROR_TIMEOUT) {
		error_set(err, ERROR_TIMEOUT,
			  "instance \"%s\" is unresponsive: QEMU (pid %d, state %c) does not answer on its control "
			  "monitor",
			  instance->name, instance->status.qemu.pid, instance->proc.state);
		return error_hint(err, "if it stays so, \"kvmctl stop %s --force\" ends it", instance->name);
	}
	return -1;
}

int control_open(struct context *context, const char *name, const char *verb, struct control *ret, struct error *err)
{
	_cleanup_control_ struct control control = CONTROL_INIT;

	control.context = context;
	if (instance_name_check(name, err) < 0 ||
	    rundir_lock(&context->rundir, name, verb, context->wait, &control.lock, err) < 0 ||
	    instance_look(&context->rundir, name, &context->here, &control.instance, err) < 0 ||
	    open_locked(&control, err) < 0)
		return -1;
	*ret = control;
	control = CONTROL_INIT;
	return 0;
}

/* A command's time begins with it: what the ones before took is not its fault. */
int control_execute(struct control *control, const char *command, struct json *arguments, struct error *err)
{
	control->deadline = context_step(control->context, control->context->settings->timeouts.command);
	return qmp_execute(control->qmp, command, arguments, control->deadline, NULL, err);
}

int control_once(struct context *context, const char *name, const char *verb, const char *command,
		 struct json *arguments, struct error *err)
{
	_cleanup_control_ struct control control = CONTROL_INIT;

	if (control_open(context, name, verb, &control, err) < 0) {
		json_free(arguments);
		return -1;
	}
	return control_execute(&control, command, arguments, err);
}

/* Best effort: the command is done, and the supervisor hears of it from QEMU as well. */
void control_note(struct control *control, status_change_fn change, void *arg)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct rundir *rundir = &control->context->rundir;

	if (instance_note(rundir, control->instance.name, change, arg, &err) < 0)
		log_debug("%s, ignoring", err.message);
}
