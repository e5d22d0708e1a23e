/* What the record says of a guest that leaves, and the small commands between the phases. */
#include "ops/act_outgoing.h"

#include <stdio.h>

#include "base/text.h"
#include "vm/state.h"

static void mark(struct status *status, void *arg)
{
	status->phase = PHASE_OUTGOING;
	snprintf(status->reason, sizeof(status->reason), "%s", (const char *)arg);
}

static int note(struct outgoing *outgoing, const char *reason, struct error *err)
{
	struct rundir *rundir = &outgoing->control->context->rundir;
	const char *name = outgoing->control->instance.name;
	int there = instance_note(rundir, name, mark, (void *)reason, err);

	if (there == 0)
		return error_set(err, ERROR_UNKNOWN, "instance \"%s\" has no status line", name);
	return there < 0 ? -1 : 0;
}

/* The state first: whoever reads "outgoing" in the status line finds there what it takes to undo it. */
int act_outgoing_record(struct outgoing *outgoing, struct move *move, struct error *err)
{
	struct rundir *rundir = &outgoing->control->context->rundir;
	const struct instance *instance = &outgoing->control->instance;
	_cleanup_move_ struct move *owned = move;
	_cleanup_state_ struct state *state = NULL;
	int there = state_read(rundir, instance->name, &state, err);

	if (there < 0)
		return -1;
	if (there == 0)
		return error_set(err, ERROR_UNKNOWN, "instance \"%s\" has no state", instance->name);
	outgoing->was_paused = move->was_paused = instance->status.paused;
	move_free(state->move);
	state->move = take_ptr(owned);
	state->phase = PHASE_OUTGOING;
	if (state_write(rundir, state, err) < 0)
		return -1;
	return note(outgoing, MOVE_MIGRATING, err);
}

int act_outgoing_hand_over(struct outgoing *outgoing, struct error *err)
{
	return note(outgoing, MOVE_HANDED_OVER, err);
}

int act_outgoing_continue(struct outgoing *outgoing, struct error *err)
{
	struct json *arguments = json_new_object();

	json_put_string(arguments, "state", migration_state_to_string(MIGRATION_PRE_SWITCHOVER));
	return control_execute(outgoing->control, "migrate-continue", arguments, err);
}
