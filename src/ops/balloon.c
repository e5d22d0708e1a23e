/* kvmctl balloon: sets the target and follows the guest until it is there, or moves no more. */
#include "ops/verbs.h"

#include <inttypes.h>

#include "base/log.h"
#include "base/text.h"
#include "ops/act_control.h"
#include "qemu/machine.h"

#define STILL_MS 1500 /* a guest that has said nothing for so long has stopped, or has no driver */

static bool is_balloon_change(const struct json *event, void *arg)
{
	(void)arg;
	return streq(json_get_string(event, "event", ""), "BALLOON_CHANGE");
}

static void note_memory(struct status *status, void *arg)
{
	status->memory = *(int64_t *)arg;
}

/* QEMU would take any number, and silently stop at what the guest was started with. */
static int check_range(const struct instance *instance, int64_t mib, struct error *err)
{
	if (mib >= 1 && mib <= instance->status.maxmem)
		return 0;
	error_set(err, ERROR_USAGE, "instance \"%s\" cannot have %" PRId64 " MiB: its maxmem is %" PRId64,
		  instance->name, mib, instance->status.maxmem);
	return error_hint(err, "more than maxmem needs another spec, and that the instance is stopped and started");
}

/* QEMU takes any target, be there a driver in the guest or not: a guest that does not move must be seen not to. */
static void say_not_there(const struct instance *instance, int64_t mib, int64_t actual)
{
	const char *why = instance->state == INSTANCE_PAUSED
				  ? "it is paused, and follows when it runs"
				  : "it has no balloon driver, or still boots, or needs its memory";

	log_notice("the guest \"%s\" has %" PRId64 " MiB and has not reached %" PRId64 " MiB yet: %s", instance->name,
		   actual, mib, why);
}

int op_balloon(struct context *context, const char *name, int64_t mib, int64_t *ret_actual, struct error *err)
{
	_cleanup_control_ struct control control = CONTROL_INIT;
	int64_t actual;

	if (control_open(context, name, "balloon", &control, err) < 0 || check_range(&control.instance, mib, err) < 0 ||
	    machine_balloon(control.qmp, mib, control.deadline, err) < 0)
		return -1;
	for (;;) {
		if (machine_balloon_actual(control.qmp, context_step(context, context->settings->timeouts.command),
					   &actual, err) < 0)
			return -1;
		/* A paused guest cannot move. */
		if (actual == mib || control.instance.state == INSTANCE_PAUSED)
			break;
		if (qmp_wait_event(control.qmp, is_balloon_change, NULL, context_step(context, STILL_MS), NULL, err) <
		    0) {
			if (err->kind != ERROR_TIMEOUT)
				return -1;
			error_clear(err);
			break;
		}
	}
	if (actual != mib)
		say_not_there(&control.instance, mib, actual);
	control_note(&control, note_memory, &actual);
	*ret_actual = actual;
	return 0;
}
