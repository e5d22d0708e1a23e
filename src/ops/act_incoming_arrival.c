/* What this host knows of a guest that should have come, and the refusal, which makes that certain. */
#include "ops/act_incoming.h"

#include "base/text.h"
#include "ops/act_shutdown.h"
#include "ops/act_teardown.h"
#include "vm/instance.h"

const char *arrival_to_string(enum arrival arrival)
{
	static const char *const names[ARRIVAL_MAX] = {
		[ARRIVAL_NEVER] = "never",
		[ARRIVAL_WAITING] = "waiting",
		[ARRIVAL_GRANTED] = "granted",
		[ARRIVAL_UNKNOWN] = "unknown",
	};
	return arrival < ARRIVAL_MAX ? names[arrival] : "unknown";
}

int arrival_from_string(const char *s, enum arrival *ret)
{
	for (int i = 0; i < ARRIVAL_MAX; i++)
		if (streq(s, arrival_to_string((enum arrival)i))) {
			*ret = (enum arrival)i;
			return 0;
		}
	return -1;
}

static bool is_other(const char *asked, const char *known)
{
	return asked && !streq(asked, known ? known : "");
}

/* A launch that is not done has let nothing run, if it is one of those that wait. The status line tells: it is there before the state and goes after
 * it. */
static enum arrival of_launch(const struct status *status, const char *id)
{
	if (!*status->move)
		return ARRIVAL_GRANTED;
	return is_other(id, status->move) ? ARRIVAL_UNKNOWN : ARRIVAL_WAITING;
}

/* How the last run ended. The record of the one before goes when QEMU begins to wait: so "incoming-failed" is about the last guest that should have
 * come, and any other reason about one that ran. */
static enum arrival of_record(struct context *context, const char *name, const char *id)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_(exit_record_free) struct exit_record record = { 0 };
	int dir = rundir_part(&context->rundir, RUNDIR_EXIT);
	int found = dir < 0 ? 0 : exit_record_read(dir, name, &record, &err);

	/* Nobody asks about a certain one that has not been waited for: so a run that came by no move is a later one. */
	if (found <= 0 || (!id && is_empty(record.move)))
		return ARRIVAL_UNKNOWN;
	if (record.reason != EXIT_INCOMING_FAILED)
		return ARRIVAL_GRANTED;
	return is_other(id, record.move) ? ARRIVAL_UNKNOWN : ARRIVAL_NEVER;
}

static enum arrival arrival_of(struct context *context, const struct instance *instance, const char *id)
{
	const struct status *status = &instance->status;

	if (!instance->has_status)
		return instance->state == INSTANCE_STOPPED ? of_record(context, instance->name, id)
		       : instance->state == INSTANCE_SAVED ? ARRIVAL_GRANTED
							   : ARRIVAL_UNKNOWN;
	if (status->phase == PHASE_STARTING)
		return of_launch(status, id);
	if (status->phase != PHASE_INCOMING)
		return ARRIVAL_GRANTED;
	if (is_other(id, status->move))
		return ARRIVAL_UNKNOWN;
	return streq(status->reason, MOVE_GRANTED) ? ARRIVAL_GRANTED : ARRIVAL_WAITING;
}

int act_arrival(struct context *context, const char *name, const char *id, enum arrival *ret, struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };

	if (instance_look(&context->rundir, name, &context->here, &instance, err) < 0)
		return -1;
	*ret = arrival_of(context, &instance, id);
	return 0;
}

/* One that was started in another namespace cannot be ended from here: its record stays. */
static int refuse_waiting(struct context *context, const struct instance *instance, struct error *err)
{
	if (instance->state == INSTANCE_UNKNOWN) {
		error_set(err, ERROR_UNKNOWN, "whether instance \"%s\" waits for its guest cannot be verified: %s",
			  instance->name, instance->reason);
		return error_hint(err, "nothing was touched");
	}
	if (instance->status.qemu.pid > 0 && act_end(context, instance, err) < 0)
		return -1;
	if (act_settle_exit(context, instance, EXIT_INCOMING_FAILED, err) < 0)
		return -1;
	return act_teardown(context, instance->name, TEARDOWN_ALL, err);
}

int act_refuse(struct context *context, const char *name, struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };

	if (instance_look(&context->rundir, name, &context->here, &instance, err) < 0)
		return -1;
	switch (arrival_of(context, &instance, NULL)) {
	case ARRIVAL_WAITING:
		return refuse_waiting(context, &instance, err);
	case ARRIVAL_GRANTED:
		error_set(err, ERROR_STATE, "the guest \"%s\" was let run here: it cannot be refused any more", name);
		return error_hint(err, "\"kvmctl stop %s\" ends it", name);
	case ARRIVAL_NEVER:
	case ARRIVAL_UNKNOWN: /* nothing is here that could be refused */
	case ARRIVAL_MAX:
		break;
	}
	return 0;
}
