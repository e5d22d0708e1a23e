/* kvmctl pin: another cpu_mask for a running instance. It lasts until it ends; the spec says what holds afterwards. */
#include "ops/verbs.h"

#include "base/text.h"
#include "ops/act_control.h"
#include "vm/pinning.h"
#include "vm/state.h"

/* The mask goes on record so that info can say what is in force. */
static int note_mask(struct context *context, const char *name, const char *mask, struct error *err)
{
	_cleanup_state_ struct state *state = NULL;
	int found = state_read(&context->rundir, name, &state, err);

	if (found <= 0)
		return found;
	text_replace(&state->cpu_mask, mask);
	return state_write(&context->rundir, state, err);
}

int op_pin(struct context *context, const char *name, const char *mask, struct error *err)
{
	_cleanup_control_ struct control control = CONTROL_INIT;

	if (control_open(context, name, "pin", &control, err) < 0)
		return -1;
	if (pinning_apply(control.qmp, control.instance.status.qemu.pid, mask, control.deadline, err) < 0) {
		if (err->kind == ERROR_SPEC)
			err->kind = ERROR_USAGE; /* here the mask is an argument */
		return -1;
	}
	return note_mask(context, name, mask, err);
}
