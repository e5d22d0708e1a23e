/* Is the instance there already? What an ended one left is torn down. */
#include "ops/act_absent.h"

#include "base/text.h"
#include "vm/instance.h"
#include "vm/move.h"
#include "vm/orphan.h"
#include "vm/saved.h"

/* A guest of that name that runs without its record must not get a twin. */
static int refuse_orphan(struct context *context, const char *name, struct error *err)
{
	struct process_id orphan;
	int found = orphan_of(&context->rundir, &context->here, name, &orphan, err);

	if (found <= 0)
		return found;
	error_set(err, ERROR_STATE, "instance \"%s\" runs already, without its record (orphaned, pid %d)", name,
		  orphan.pid);
	return error_hint(err, "end it with \"kvmctl stop %s --force\", then start it", name);
}

static int cannot_tell(const struct instance *instance, struct error *err)
{
	const char *name = instance->name;

	error_set(err, ERROR_UNKNOWN, "whether instance \"%s\" runs cannot be verified: %s", name, instance->reason);
	if (!instance->has_status)
		return error_hint(err,
				  "nothing was touched; \"kvmctl stop %s --force\" ends its QEMU, if there is one, and "
				  "removes the rest",
				  name);
	if (streq(instance->reason, MOVE_HANDED_OVER))
		return error_hint(
			err,
			"it may run on the host that it was handed over to: \"kvmctl cleanup %s\" asks there, or "
			"says what is to be done; "
			"nothing was touched",
			name);
	return error_hint(err, "look at it with \"kvmctl info %s\"; nothing was touched", name);
}

static int is_there(const struct instance *instance, pid_t *ret_pid, struct error *err)
{
	*ret_pid = instance->status.qemu.pid;
	error_set(err, ERROR_STATE, "instance \"%s\" is %s already (pid %d)", instance->name,
		  instance_state_to_string(instance->state), *ret_pid);
	return 1;
}

/* Asked last: a save that was cut short may have been finished by the teardown. */
static int is_saved(struct context *context, const char *name, struct error *err)
{
	_cleanup_free_ char *file = NULL;
	int found = saved_file(&context->rundir, name, &file, err);

	if (found <= 0)
		return found;
	error_set(err, ERROR_STATE, "instance \"%s\" is saved in \"%s\"", name, file);
	error_hint(err, "\"kvmctl start %s\" restores it, \"kvmctl start %s --discard-saved\" starts it from its disks",
		   name, name);
	return 2;
}

int act_absent(struct context *context, const char *name, enum teardown_scope scope, pid_t *ret_pid, struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };

	if (instance_look(&context->rundir, name, &context->here, &instance, err) < 0)
		return -1;
	switch (instance.state) {
	case INSTANCE_RUNNING:
	case INSTANCE_PAUSED:
	case INSTANCE_INCOMING:
	case INSTANCE_OUTGOING:
	case INSTANCE_UNRESPONSIVE:
	case INSTANCE_ORPHANED:
		return is_there(&instance, ret_pid, err);
	case INSTANCE_UNKNOWN:
		return cannot_tell(&instance, err);
	case INSTANCE_STOPPED:
	case INSTANCE_SAVED:
	case INSTANCE_STALE:
	case INSTANCE_STATE_MAX:
		break;
	}
	if (refuse_orphan(context, name, err) < 0 || act_teardown(context, name, scope, err) < 0)
		return -1;
	return is_saved(context, name, err);
}
