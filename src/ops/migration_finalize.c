/* kvmctl migration finalize: what a manager says has come of a move, on either side.
 *
 * What contradicts what is known here is refused: a guest that runs on is not ended, one that was let run elsewhere not kept. */
#include "ops/verbs.h"

#include "base/text.h"
#include "ops/act_incoming.h"
#include "ops/act_outgoing.h"
#include "ops/act_shutdown.h"
#include "ops/act_teardown.h"
#include "qemu/migration.h"
#include "vm/monitor.h"
#include "vm/state.h"

static struct deadline step(struct context *context)
{
	return context_step(context, context->settings->timeouts.command);
}

/* Nothing of it is on the way here any more: does that agree? */
static int source_is_done(struct context *context, const struct instance *instance, bool ok, struct error *err)
{
	_cleanup_(exit_record_free) struct exit_record record = { 0 };
	int dir = rundir_part(&context->rundir, RUNDIR_EXIT);
	bool here = instance->state == INSTANCE_RUNNING || instance->state == INSTANCE_PAUSED;
	bool gone = instance->state == INSTANCE_STOPPED && dir >= 0 &&
		    exit_record_read(dir, instance->name, &record, err) == 1 && record.reason == EXIT_MIGRATED;

	error_clear(err);
	if (ok ? gone : here)
		return 0;
	if (here)
		return error_set(err, ERROR_STATE, "instance \"%s\" is not on its way anywhere: it runs here",
				 instance->name);
	if (gone)
		return error_set(err, ERROR_STATE, "instance \"%s\" has moved away: it cannot be kept here",
				 instance->name);
	return error_set(err, ERROR_STATE, "instance \"%s\" is not on its way anywhere: it is %s%s%s", instance->name,
			 instance_state_to_string(instance->state), *instance->reason ? ", " : "", instance->reason);
}

/* All of it must be on the other side; a QEMU that is gone has at least no guest any more. */
static int require_sent(const struct instance *instance, struct qmp *qmp, struct deadline deadline, struct error *err)
{
	_cleanup_migration_progress_ struct migration_progress progress = { 0 };

	if (migration_query(qmp, deadline, &progress, err) < 0)
		return -1;
	if (progress.state == MIGRATION_COMPLETED)
		return 0;
	error_set(err, ERROR_STATE, "instance \"%s\" has not moved (QEMU: %s)", instance->name,
		  migration_state_to_string(progress.state));
	return error_hint(err, "\"kvmctl migration status %s\" shows how far it is", instance->name);
}

/* It did not move, and here its QEMU is gone as well: nothing of it is kept but its disks. */
static int lost(struct context *context, const struct instance *instance, struct error *err)
{
	if (act_settle_exit(context, instance, EXIT_UNKNOWN, err) < 0 ||
	    act_teardown(context, instance->name, TEARDOWN_ALL, err) < 0)
		return -1;
	error_set(err, ERROR_STATE,
		  "instance \"%s\" cannot be kept here: its QEMU is gone; what was left of it is taken down",
		  instance->name);
	return error_hint(err, "\"kvmctl start %s\" starts it from its disks", instance->name);
}

/* QEMU refuses, because its disks are in use: that is what a guest that was let run on the target looks like from here. */
static int not_kept(const struct instance *instance, struct error *err)
{
	error_prefix(err, "instance \"%s\" was not let run here", instance->name);
	if (err->hint)
		return -1;
	return error_hint(err,
			  "look on the target: where it runs there, \"kvmctl migration finalize %s --source --ok\"",
			  instance->name);
}

static int finish_source(struct context *context, const struct instance *instance, bool ok, struct error *err)
{
	_cleanup_qmp_ struct qmp *qmp = NULL;
	const char *name = instance->name;
	bool alive = instance->proc.start != 0;

	if (alive && monitor_open(&context->rundir, name, MONITOR_CONTROL, step(context), &qmp, err) < 0)
		return -1;
	if (!ok && !alive)
		return lost(context, instance, err);
	if (!ok && act_outgoing_keep(context, name, qmp, err) < 0)
		return not_kept(instance, err);
	if (!ok)
		return 0;
	if (alive && !streq(instance->status.reason, MOVE_MIGRATED) &&
	    require_sent(instance, qmp, step(context), err) < 0)
		return -1;
	return act_outgoing_gone(context, name, qmp, err);
}

static int source(struct context *context, const char *name, bool ok, struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };

	if (instance_look(&context->rundir, name, &context->here, &instance, err) < 0)
		return -1;
	if (!instance.has_status || instance.status.phase != PHASE_OUTGOING)
		return source_is_done(context, &instance, ok, err);
	return finish_source(context, &instance, ok, err);
}

/* A guest that was paused on the source stays so. */
static int target(struct context *context, const char *name, bool ok, struct error *err)
{
	_cleanup_state_ struct state *state = NULL;

	if (!ok)
		return act_refuse(context, name, err);
	if (state_read(&context->rundir, name, &state, err) < 0)
		return -1;
	return act_grant(context, name, state && state->move && state->move->was_paused, err);
}

int op_migration_finalize(struct context *context, const char *name, bool is_source, bool ok, struct error *err)
{
	_cleanup_close_ int lock = -1;

	if (instance_name_check(name, err) < 0 ||
	    rundir_lock(&context->rundir, name, "migration finalize", context->wait, &lock, err) < 0)
		return -1;
	return is_source ? source(context, name, ok, err) : target(context, name, ok, err);
}
