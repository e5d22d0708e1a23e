/* kvmctl stop: the rungs, then teardown, with the lock held; --force kills first and asks for the lock afterwards. */
#include "ops/verbs.h"

#include <signal.h>

#include "base/log.h"
#include "base/text.h"
#include "host/placement.h"
#include "ops/act_incoming.h"
#include "ops/act_save.h"
#include "ops/act_shutdown.h"
#include "ops/act_teardown.h"
#include "vm/move.h"
#include "vm/orphan.h"
#include "vm/saved.h"
#include "vm/state.h"

/* A supervisor that waits to start the guest again has nothing to wait for any more. */
static void cancel_restart(struct context *context, const struct instance *instance)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int pidfd = -1;
	struct process_id id = context->here;

	if (!instance->has_status || instance->status.phase != PHASE_REBOOTING || !instance->supervised)
		return;
	id.pid = instance->status.supervisor;
	id.start = instance->status.supervisor_start;
	if (process_open(&id, &pidfd, &err) == 0 && pidfd >= 0)
		process_signal(pidfd, SIGTERM, &err);
}

#define SUPERVISOR_COMM "kvmctl-supervis" /* the kernel keeps 15 bytes of a program's name */

/* The process that started QEMU, if it is a supervisor. */
static void find_supervisor(const struct process_id *qemu, struct status *status)
{
	struct process_stat child, parent;

	if (process_read_stat(qemu->pid, &child) < 0 || process_read_stat(child.ppid, &parent) < 0 ||
	    !streq(parent.comm, SUPERVISOR_COMM))
		return;
	status->supervisor = child.ppid;
	status->supervisor_start = parent.start;
}

/* An orphan gets a status line again, made from what /proc tells: so its supervisor knows who ended it,
 * and the rest goes the way of every other instance. */
static void record_again(struct context *context, const char *name, const struct process_id *qemu)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct status status = {
		.qemu = *qemu, .phase = PHASE_STOPPING, .since_ms = clock_realtime_ms(), .reason = "force"
	};

	find_supervisor(qemu, &status);
	if (status_write(rundir_part(&context->rundir, RUNDIR_PID), name, &status, &err) < 0)
		log_warning("%s, ignoring", err.message);
}

/* The control group of a guest whose record is lost; everything else of such a guest goes with it, or
 * carries its name. */
static void remove_placement(struct placement *placement)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (placement->kind != PLACEMENT_NONE && placement_remove(placement, &err) < 0)
		log_warning("%s", err.message);
	placement_free(placement);
}

static int end_orphan(struct context *context, const char *name, bool force, struct stop_result *result,
		      struct error *err)
{
	struct instance instance = { .name = (char *)name };
	struct placement placement;
	int found = orphan_of(&context->rundir, &context->here, name, &instance.status.qemu, err);

	if (found <= 0)
		return found;
	if (!force) {
		error_set(err, ERROR_UNKNOWN, "instance \"%s\" is orphaned: pid %d runs without a record", name,
			  instance.status.qemu.pid);
		return error_hint(err, "\"kvmctl stop %s --force\" kills it", name);
	}
	record_again(context, name, &instance.status.qemu);
	placement_of(instance.status.qemu.pid, name, &placement);
	if (act_kill(context, &instance, err) < 0) {
		placement_free(&placement);
		return -1;
	}
	remove_placement(&placement);
	result->was_running = true;
	result->how = EXIT_FORCED;
	return 0;
}

/* pid/NAME is there and says nothing: whether there is a QEMU must be found out elsewhere. */
static bool is_unreadable(const struct instance *instance)
{
	return instance->state == INSTANCE_UNKNOWN && !instance->has_status;
}

/* It may run on another host. */
static bool is_handed_over(const struct instance *instance)
{
	return instance->state == INSTANCE_UNKNOWN && streq(instance->reason, MOVE_HANDED_OVER);
}

/* A look that cannot tell is an error: "unknown" is never "not running". With --force a status line that
 * cannot be read is none. */
static int look(struct context *context, const char *name, bool force, struct instance *ret, struct error *err)
{
	if (instance_look(&context->rundir, name, &context->here, ret, err) < 0)
		return -1;
	if (ret->state != INSTANCE_UNKNOWN || (force && (is_unreadable(ret) || is_handed_over(ret))))
		return state_refuse_newer(&context->rundir, name, err);
	error_set(err, ERROR_UNKNOWN, "whether instance \"%s\" runs cannot be verified: %s", name, ret->reason);
	if (is_unreadable(ret))
		return error_hint(err,
				  "nothing was touched; \"kvmctl stop %s --force\" finds its QEMU by other means, "
				  "kills it, and removes the rest",
				  name);
	if (is_handed_over(ret))
		return error_hint(
			err,
			"it may run on the host that it was handed over to: \"kvmctl cleanup %s\" asks there, or "
			"says what is to be done; "
			"--force ends what is here of it all the same; nothing was touched",
			name);
	return error_hint(err, "nothing was touched");
}

/* With the lock held nobody starts it: who has the guest lock then is a QEMU, and one that /proc does not show us. */
static int refuse_hidden(struct context *context, const struct instance *instance, struct error *err)
{
	if (!is_unreadable(instance) || !guest_lock_held(&context->rundir, instance->name))
		return 0;
	error_set(err, ERROR_UNKNOWN,
		  "a QEMU of instance \"%s\" lives (it holds \"%s/lock/.%s.guest\"), but cannot be found in /proc",
		  instance->name, context->rundir.path, instance->name);
	return error_hint(err, "run this as root, and in the pid namespace in which it was started");
}

static bool is_alive(const struct instance *instance)
{
	return instance->has_status && instance->proc.start != 0;
}

/* --force: SIGKILL before anything else; whoever holds the lock sees its QEMU end. */
static int kill_first(struct context *context, const char *name, struct stop_result *result, struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };

	if (look(context, name, true, &instance, err) < 0)
		return -1;
	if (!is_alive(&instance))
		return end_orphan(context, name, true, result, err);
	result->was_running = true;
	result->how = EXIT_FORCED;
	return act_kill(context, &instance, err);
}

static bool is_waiting(const struct instance *instance)
{
	return instance->has_status && instance->status.phase == PHASE_INCOMING &&
	       streq(instance->status.reason, MOVE_WAITING);
}

/* There is no guest in it that could be asked. */
static int refuse_guest(struct context *context, const struct instance *instance, struct stop_result *result,
			struct error *err)
{
	result->was_running |= is_alive(instance);
	result->how = EXIT_INCOMING_FAILED;
	return act_refuse(context, instance->name, err);
}

static int stop_locked(struct context *context, const struct instance *instance, bool force, struct stop_result *result,
		       struct error *err)
{
	const char *name = instance->name;

	if (refuse_hidden(context, instance, err) < 0)
		return -1;
	if (is_waiting(instance))
		return refuse_guest(context, instance, result, err);
	cancel_restart(context, instance);
	if (is_alive(instance)) {
		result->was_running = true;
		if (act_shutdown(context, instance, PHASE_STOPPING, &result->how, err) < 0)
			return -1;
	} else if (!force && end_orphan(context, name, false, result, err) < 0) {
		return -1;
	}
	if (instance->has_status && instance->status.qemu.pid > 0 &&
	    act_settle_exit(context, instance, result->was_running ? result->how : EXIT_UNKNOWN, err) < 0)
		return -1;
	return act_teardown(context, name, TEARDOWN_ALL, err);
}

/* A save that was cut short: the guest that is still here is to shut down as always; one that is in its file by now is not running. */
static int resolve_save(struct context *context, struct instance *instance, struct error *err)
{
	_cleanup_error_ struct error undone = ERROR_INIT;
	_cleanup_free_ char *name = xstrdup(instance->name);

	if (!is_alive(instance) || instance->status.phase != PHASE_SAVING)
		return 0;
	if (streq(instance->status.reason, MOVE_SAVED)) {
		if (act_save_finish(context, instance, err) < 0)
			return -1;
	} else if (act_save_undo(context, instance, &undone) < 0) {
		log_warning("%s", undone.message);
	}
	instance_clear(instance);
	return instance_look(&context->rundir, name, &context->here, instance, err);
}

static bool is_saved(struct context *context, const char *name)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *file = NULL;

	return saved_file(&context->rundir, name, &file, &ignored) > 0;
}

int op_stop(struct context *context, const char *name, bool force, struct stop_result *ret, struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };
	_cleanup_close_ int lock = -1;
	struct stop_result result = { 0 };

	if (instance_name_check(name, err) < 0 || (force && kill_first(context, name, &result, err) < 0) ||
	    rundir_lock(&context->rundir, name, force ? "stop --force" : "stop", context->wait, &lock, err) < 0 ||
	    look(context, name, force, &instance, err) < 0 || resolve_save(context, &instance, err) < 0 ||
	    stop_locked(context, &instance, force, &result, err) < 0)
		return -1;
	close_fd(&lock);
	lock = -1;
	act_await_supervisor(context, &instance);
	result.name = xstrdup(name);
	result.saved = is_saved(context, name);
	*ret = result;
	return 0;
}
