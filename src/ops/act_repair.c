/* What was left half done is finished or undone: one instance. */
#include "ops/act_repair.h"

#include "base/text.h"
#include "ops/act_recorded.h"
#include "ops/act_shutdown.h"
#include "ops/act_supervise.h"
#include "ops/act_teardown.h"
#include "vm/leftovers.h"
#include "vm/move.h"
#include "vm/state.h"

void repair_say(struct repairs *repairs, const char *name, bool needs_person, const char *format, ...)
{
	struct cleanup_result *result = repairs->result;
	va_list ap;

	grow_array(result->lines, result->n);
	va_start(ap, format);
	result->lines[result->n++] = (struct cleanup_line){ xstrdup(name), xvprintf(format, ap), needs_person };
	va_end(ap);
	if (needs_person)
		result->clean = false;
}

/* A repair that failed is somebody's to look at. */
void repair_failed(struct repairs *repairs, const char *name, const struct error *err)
{
	repair_say(repairs, name, true, "%s", err->message);
}

static void teardown(struct repairs *repairs, const char *name, const char *why)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (!repairs->dry_run && act_teardown(repairs->context, name, TEARDOWN_ALL, &err) < 0)
		repair_failed(repairs, name, &err);
	else
		repair_say(repairs, name, false, "%s: %s", why, repairs->dry_run ? "would be removed" : "removed");
}

/* What the last run came to, if nobody saw it end. */
static enum exit_reason unseen_end(struct repairs *repairs, const struct instance *instance)
{
	const struct status *status = &instance->status;
	enum exit_reason reason = phase_is_move(status->phase) ? exit_reason_of_move(status->reason) : EXIT_UNKNOWN;

	if (reason != EXIT_UNKNOWN)
		return reason;
	return streq(status->qemu.boot_id, repairs->context->here.boot_id) ? EXIT_UNKNOWN : EXIT_HOST_REBOOTED;
}

static void finish_reboot(struct repairs *repairs, const struct instance *instance)
{
	struct context *context = repairs->context;
	_cleanup_error_ struct error err = ERROR_INIT;
	pid_t pid;

	if (repairs->dry_run)
		repair_say(repairs, instance->name, false, "a reboot stopped half-way: would be started again");
	else if (act_finish_reboot(context, instance->name, &pid, &err) < 0)
		repair_failed(repairs, instance->name, &err);
	else
		repair_say(repairs, instance->name, false, "a reboot stopped half-way: started again, pid %d", pid);
}

/* Its QEMU is gone. */
static void repair_stale(struct repairs *repairs, const struct instance *instance)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	const struct status *status = &instance->status;

	if (clock_realtime_ms() - status->since_ms < repairs->min_age_ms)
		return;
	if (!repairs->dry_run && status->qemu.pid > 0 &&
	    act_settle_exit(repairs->context, instance, unseen_end(repairs, instance), &err) < 0) {
		repair_failed(repairs, instance->name, &err);
		return;
	}
	if (status->phase == PHASE_REBOOTING)
		finish_reboot(repairs, instance);
	else
		teardown(repairs, instance->name,
			 status->qemu.pid > 0 ? "its QEMU is gone" : "a start was interrupted");
}

/* A start that died: its QEMU must not live on without anybody who knows it. */
static void undo_start(struct repairs *repairs, const struct instance *instance)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (!repairs->dry_run && (act_kill(repairs->context, instance, &err) < 0 ||
				  act_settle_exit(repairs->context, instance, EXIT_START_FAILED, &err) < 0))
		repair_failed(repairs, instance->name, &err);
	else
		teardown(repairs, instance->name, "a start was interrupted");
}

/* A stop or reboot that died half-way is carried on. */
static void finish_stop(struct repairs *repairs, const struct instance *instance)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	enum exit_reason how = EXIT_UNKNOWN;

	if (!repairs->dry_run && (act_shutdown(repairs->context, instance, instance->status.phase, &how, &err) < 0 ||
				  act_settle_exit(repairs->context, instance, how, &err) < 0)) {
		repair_failed(repairs, instance->name, &err);
		return;
	}
	if (instance->status.phase == PHASE_REBOOTING)
		finish_reboot(repairs, instance);
	else
		teardown(repairs, instance->name, "a stop was interrupted");
}

void repair_supervision(struct repairs *repairs, const struct instance *instance)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (!repairs->dry_run && act_attach_supervisor(repairs->context, instance, &err) < 0)
		repair_failed(repairs, instance->name, &err);
	else
		repair_say(repairs, instance->name, false, "its supervisor was gone: %s",
			   repairs->dry_run ? "would get a new one" : "a new one watches it");
}

/* The phase says what somebody was doing; that nobody does it any more is certain, since we hold the
 * lock. */
static void repair_alive(struct repairs *repairs, const struct instance *instance)
{
	switch (instance->status.phase) {
	case PHASE_STARTING:
		undo_start(repairs, instance);
		break;
	case PHASE_STOPPING:
	case PHASE_REBOOTING:
		finish_stop(repairs, instance);
		break;
	case PHASE_INCOMING:
	case PHASE_OUTGOING:
	case PHASE_SAVING:
		repair_move(repairs, instance);
		break;
	case PHASE_RUNNING:
	case PHASE_SAVED:
	case PHASE_MAX:
		if (!instance->supervised)
			repair_supervision(repairs, instance);
		break;
	}
}

void repair_instance(struct repairs *repairs, const struct instance *instance)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (state_refuse_newer(&repairs->context->rundir, instance->name, &err) < 0) {
		repair_failed(repairs, instance->name, &err);
		return;
	}
	switch (instance->state) {
	case INSTANCE_RUNNING:
	case INSTANCE_PAUSED:
	case INSTANCE_INCOMING:
	case INSTANCE_OUTGOING:
	case INSTANCE_UNRESPONSIVE:
		repair_alive(repairs, instance);
		break;
	case INSTANCE_STALE:
		repair_stale(repairs, instance);
		break;
	case INSTANCE_STOPPED:
		if (!instance->has_status && leftovers_exist(&repairs->context->rundir, instance->name))
			teardown(repairs, instance->name, "left over");
		break;
	case INSTANCE_UNKNOWN:
		if (streq(instance->reason, MOVE_HANDED_OVER))
			repair_move(repairs, instance);
		else if (instance->has_status)
			repair_say(repairs, instance->name, true, "cannot be verified: %s", instance->reason);
		else
			repair_say(repairs, instance->name, true,
				   "its status line cannot be read (%s); \"kvmctl stop %s --force\" ends its QEMU, if "
				   "there "
				   "is one, and removes the rest",
				   instance->reason, instance->name);
		break;
	case INSTANCE_ORPHANED:
	case INSTANCE_SAVED:
	case INSTANCE_STATE_MAX:
		break;
	}
}
