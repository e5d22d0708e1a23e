/* Moves that were cut off, by the rules of vm/move.h: whose is the guest?
 *
 * Nobody works on it, since we hold the lock. A move of one command is brought to its end here. One that a manager does step by step is
 * his: what he has to say is said to him. */
#include "ops/act_repair.h"

#include "base/text.h"
#include "ops/act_incoming.h"
#include "ops/act_outgoing.h"
#include "ops/act_resolve.h"
#include "ops/act_save.h"
#include "vm/monitor.h"
#include "vm/state.h"

typedef int repair_fn(struct context *context, const struct instance *instance, const struct move *move,
		      struct error *err);

static void attempt(struct repairs *repairs, const struct instance *instance, const struct move *move, repair_fn *fn,
		    const char *why, const char *done)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (repairs->dry_run)
		repair_say(repairs, instance->name, false, "%s: would be: %s", why, done);
	else if (fn(repairs->context, instance, move, &err) < 0)
		repair_failed(repairs, instance->name, &err);
	else
		repair_say(repairs, instance->name, false, "%s: %s", why, done);
}

static int refuse(struct context *context, const struct instance *instance, const struct move *move, struct error *err)
{
	(void)move;
	return act_refuse(context, instance->name, err);
}

static int grant(struct context *context, const struct instance *instance, const struct move *move, struct error *err)
{
	return act_grant(context, instance->name, move && move->was_paused, err);
}

static int keep(struct context *context, const struct instance *instance, const struct move *move, struct error *err)
{
	_cleanup_qmp_ struct qmp *qmp = NULL;

	(void)move;
	if (monitor_open(&context->rundir, instance->name, MONITOR_CONTROL,
			 context_step(context, context->settings->timeouts.command), &qmp, err) < 0)
		return -1;
	return act_outgoing_keep(context, instance->name, qmp, err);
}

static int gone(struct context *context, const struct instance *instance, const struct move *move, struct error *err)
{
	(void)move;
	return act_outgoing_gone(context, instance->name, NULL, err);
}

/* A manager's own: it is as it should be until he says so. */
static void leave_to_manager(struct repairs *repairs, const struct instance *instance, bool needs_person,
			     const char *what, const char *side)
{
	repair_say(repairs, instance->name, needs_person,
		   "%s; \"kvmctl migration finalize %s --%s --ok\" or \"... --failed\" says what has come of it", what,
		   instance->name, side);
	if (instance->proc.start != 0 && !instance->supervised)
		repair_supervision(repairs, instance);
}

static void repair_incoming(struct repairs *repairs, const struct instance *instance, const struct move *move)
{
	if (streq(instance->status.reason, MOVE_GRANTED))
		attempt(repairs, instance, move, grant, "it was about to be let run here", "it runs");
	else if (move && move->managed)
		leave_to_manager(repairs, instance, false, "it waits for its guest", "target");
	else
		attempt(repairs, instance, move, refuse, "the migration to here was cut off",
			"refused, and removed: it never ran here");
}

/* Only the other side knows. Where it does not say, nothing is guessed. */
static void ask_other_side(struct repairs *repairs, const struct instance *instance, const struct move *move)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	enum resolved resolved;

	if (!move)
		repair_say(repairs, instance->name, true, "it was handed over to another host, where it may run");
	else if (repairs->dry_run)
		repair_say(repairs, instance->name, false, "it was handed over: would be: host \"%s\" is asked",
			   move->peer);
	else if (act_resolve(repairs->context, instance, move, &resolved, &err) < 0)
		repair_failed(repairs, instance->name, &err);
	else if (resolved == RESOLVED_HERE)
		repair_say(repairs, instance->name, false,
			   "it was handed over, and host \"%s\" did not let it run: it runs on here", move->peer);
	else
		repair_say(repairs, instance->name, false, "it runs on host \"%s\": removed", move->peer);
}

static void repair_outgoing(struct repairs *repairs, const struct instance *instance, const struct move *move)
{
	bool managed = move && move->managed, handed_over = streq(instance->status.reason, MOVE_HANDED_OVER);

	if (streq(instance->status.reason, MOVE_MIGRATED))
		attempt(repairs, instance, move, gone, "it has moved away", "removed");
	else if (managed)
		leave_to_manager(repairs, instance, handed_over,
				 handed_over ? "it was handed over to another host, where it may run"
					     : "it is migrating, or was",
				 "source");
	else if (handed_over)
		ask_other_side(repairs, instance, move);
	else
		attempt(repairs, instance, move, keep, "the migration from here was cut off",
			"called off, it runs on here");
}

static int undo_save(struct context *context, const struct instance *instance, const struct move *move,
		     struct error *err)
{
	(void)move;
	return act_save_undo(context, instance, err);
}

static int finish_save(struct context *context, const struct instance *instance, const struct move *move,
		       struct error *err)
{
	(void)move;
	return act_save_finish(context, instance, err);
}

static void repair_saving(struct repairs *repairs, const struct instance *instance, const struct move *move)
{
	if (streq(instance->status.reason, MOVE_SAVED)) {
		attempt(repairs, instance, move, finish_save, "it was saved", "removed");
		return;
	}
	attempt(repairs, instance, move, undo_save, "a save was cut off",
		move && move->was_paused ? "undone, it is paused as before" : "undone, it runs on");
	if (!instance->supervised)
		repair_supervision(repairs, instance);
}

void repair_move(struct repairs *repairs, const struct instance *instance)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_state_ struct state *state = NULL;

	if (state_read(&repairs->context->rundir, instance->name, &state, &err) < 0) {
		repair_failed(repairs, instance->name, &err);
		return;
	}
	if (instance->status.phase == PHASE_INCOMING)
		repair_incoming(repairs, instance, state ? state->move : NULL);
	else if (instance->status.phase == PHASE_OUTGOING)
		repair_outgoing(repairs, instance, state ? state->move : NULL);
	else
		repair_saving(repairs, instance, state ? state->move : NULL);
}
