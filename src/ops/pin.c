/* kvmctl pin: another cpu_mask for a running instance. It lasts until it ends; the spec says what holds afterwards. */
#include "ops/verbs.h"

#include "ops/act_control.h"
#include "vm/pinning.h"

int op_pin(struct context *context, const char *name, const char *mask, struct error *err)
{
	_cleanup_control_ struct control control = CONTROL_INIT;

	if (control_open(context, name, "pin", &control, err) < 0)
		return -1;
	return pinning_apply(control.qmp, control.instance.status.qemu.pid, mask, control.deadline, err);
}
