/* kvmctl migration cancel: whoever drives the move, also while that one holds the lock.
 *
 * QEMU is told on the query monitor; the one that drives sees it, and keeps the guest. Where nobody drives any more, it is kept here. */
#include "ops/verbs.h"

#include "base/text.h"
#include "ops/act_control.h"
#include "ops/act_look.h"
#include "ops/act_mirror.h"
#include "ops/act_outgoing.h"
#include "vm/monitor.h"

#define DRIVER_MS 30000 /* for the one that drives: its cancelling, and its mirrors */

static int too_late(const char *name, enum migration_state state, struct error *err)
{
	if (state == MIGRATION_COMPLETED) {
		error_set(err, ERROR_STATE, "the memory of \"%s\" is on the target already: there is nothing to cancel",
			  name);
		return error_hint(err,
				  "finish it with \"kvmctl migration finalize %s\": --ok when the guest runs there, "
				  "--failed when it does not and will not",
				  name);
	}
	error_set(err, ERROR_STATE, "\"%s\" runs on the target already, and half of its memory is still here (%s)",
		  name, migration_state_to_string(state));
	return error_hint(err,
			  "post-copy cannot be cancelled, it must end; one that lost its connection can be taken up "
			  "again");
}

/* A driver that still copies disks has no stream: it is called off by the end of its jobs. */
static int tell_qemu(struct context *context, const char *name, struct error *err)
{
	_cleanup_close_ int lock = -1;
	_cleanup_qmp_ struct qmp *qmp = NULL;
	_cleanup_migration_progress_ struct migration_progress progress = { 0 };
	struct deadline deadline = context_step(context, context->settings->timeouts.command);

	if (rundir_lock_query(&context->rundir, name, deadline, &lock, err) < 0 ||
	    monitor_open(&context->rundir, name, MONITOR_QUERY, deadline, &qmp, err) < 0 ||
	    migration_query(qmp, deadline, &progress, err) < 0)
		return -1;
	if (progress.state == MIGRATION_COMPLETED || migration_state_is_post_copy(progress.state))
		return too_late(name, progress.state, err);
	if (!migration_state_is_final(progress.state))
		return qmp_execute(qmp, "migrate_cancel", NULL, deadline, NULL, err);
	return mirrors_sweep(qmp, err);
}

/* With the lock. The one that drove it may have kept the guest by now. */
static int keep(struct context *context, const char *name, struct error *err)
{
	_cleanup_qmp_ struct qmp *qmp = NULL;
	_cleanup_instance_ struct instance instance = { 0 };

	if (instance_look(&context->rundir, name, &context->here, &instance, err) < 0)
		return -1;
	if (!instance.has_status || instance.status.phase != PHASE_OUTGOING)
		return 0;
	if (!streq(instance.status.reason, MOVE_MIGRATING)) {
		error_set(err, ERROR_UNKNOWN, "\"%s\" was handed over: it may run on the target", name);
		return error_hint(err, "see whether it does; then \"kvmctl migration finalize\" on both sides");
	}
	if (monitor_open(&context->rundir, name, MONITOR_CONTROL,
			 context_step(context, context->settings->timeouts.command), &qmp, err) < 0)
		return -1;
	return act_outgoing_keep(context, name, qmp, err);
}

int op_migration_cancel(struct context *context, const char *name, bool *ret_was_going_on, struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };
	_cleanup_close_ int lock = -1;

	if (look_instance(context, name, &instance, err) < 0)
		return -1;
	if (!look_has_qemu(&instance))
		return control_not_running(context, &instance, err);
	*ret_was_going_on = instance.has_status && instance.status.phase == PHASE_OUTGOING;
	if (!*ret_was_going_on)
		return 0;
	if (tell_qemu(context, name, err) < 0 ||
	    rundir_lock(&context->rundir, name, "migration cancel",
			deadline_earlier(deadline_in(DRIVER_MS), context->deadline), &lock, err) < 0)
		return -1;
	return keep(context, name, err);
}
