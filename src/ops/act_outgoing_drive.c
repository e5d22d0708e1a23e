/* Seeing a stream through.
 *
 * QEMU's events wake us, query-migrate says what is true: so no event can be missed, not even one that came while a reply was
 * awaited. Between two events nothing is asked, but where a person looks on, and every half minute: a QEMU that has stopped
 * answering must be noticed. */
#include "ops/act_outgoing.h"

#include <inttypes.h>

#include "base/log.h"
#include "base/text.h"
#include "ops/act_mirror.h"

#define SHOW_MS 250
#define TICK_MS 250        /* how soon a signal is noticed */
#define HEARTBEAT_MS 30000 /* no event for so long: does QEMU still answer? */
#define ANSWER_MS 10000    /* of one command */
#define LAST_MS 5000       /* of the command's own time, kept for the cancelling */
#define SETTLE_MS 2        /* a pass that begins is often the last one: the guest is stopped an instant later */

struct drive {
	struct outgoing *outgoing;
	bool woken;            /* an event came since the last look */
	bool passed;           /* it told of a pass, and of nothing else */
	bool stands;           /* the guest does: it is switched over, and a question would only keep QEMU from it */
	bool completed;        /* it said so itself: the guest stands, there is no time for a question */
	bool mirrors_told;     /* a job has something to say */
	bool cancelling, deaf; /* it was called off; a signal cannot call it off any more */
	struct error cause;    /* of the cancelling */
};

static void hear(const struct json *event, void *arg)
{
	struct drive *drive = arg;
	enum migration_state state = MIGRATION_NONE;
	const char *name = json_get_string(event, "event", "");

	if (migration_event_state(event, &state) == 0) {
		drive->woken = true;
		drive->passed = false;
		drive->completed = state == MIGRATION_COMPLETED;
	} else if (streq(name, "MIGRATION_PASS")) {
		drive->passed = !drive->woken && !drive->stands;
		drive->woken |= drive->passed;
	} else if (streq(name, "STOP") || streq(name, "RESUME")) {
		drive->stands = streq(name, "STOP");
	} else if (drive->outgoing->mirrors && mirrors_is_event(event)) {
		drive->woken = drive->mirrors_told = true;
		drive->passed = false;
	}
}

static bool is_woken(const struct json *event, void *arg)
{
	const struct drive *drive = arg;

	(void)event;
	return drive->woken;
}

/* Own time, not the command's: what has begun must be ended in good order even when that is over. */
static struct deadline answer_time(void)
{
	return deadline_in(ANSWER_MS);
}

static const char *instance_name(const struct drive *drive)
{
	return drive->outgoing->control->instance.name;
}

static int execute(struct drive *drive, const char *command, struct error *err)
{
	return qmp_execute(drive->outgoing->control->qmp, command, NULL, answer_time(), NULL, err);
}

/* The migration may have ended by itself in the same moment: then QEMU has nothing to cancel, and does not mind. */
static int cancel(struct drive *drive, struct error *err)
{
	log_verbose("%s: cancelling: %s", instance_name(drive), drive->cause.message);
	drive->cancelling = true;
	return execute(drive, "migrate_cancel", err);
}

static int set_downtime(struct drive *drive, int64_t ms, struct error *err)
{
	struct json *parameters = json_new_object();

	json_put_int(parameters, "downtime-limit", ms);
	return migration_set_parameters(drive->outgoing->control->qmp, parameters, answer_time(), err);
}

/* QEMU may have got on since the look that was decided by: a refusal is said, and the next look decides anew. */
static int tolerate(struct drive *drive, int result, struct error *err)
{
	if (result == 0 || qmp_state(drive->outgoing->control->qmp) == QMP_DEAD)
		return result;
	log_verbose("%s: %s, ignoring", instance_name(drive), err->message);
	error_clear(err);
	return 0;
}

static int apply(struct drive *drive, const struct migration_decision *decision, struct error *err)
{
	const struct migration_policy *policy = drive->outgoing->policy;

	if (decision->step == STEP_NONE)
		return 0;
	log_verbose("%s: %s", instance_name(drive), decision->why);
	switch (decision->step) {
	case STEP_DOWNTIME:
		return tolerate(drive, set_downtime(drive, decision->downtime, err), err);
	case STEP_POST_COPY:
		return tolerate(drive, execute(drive, "migrate-start-postcopy", err), err);
	case STEP_PAUSE:
		return tolerate(drive, act_outgoing_pause(drive->outgoing, answer_time(), err), err);
	case STEP_CANCEL:
		error_set(&drive->cause, ERROR_TIMEOUT,
			  "the migration of \"%s\" took longer than %.1f s and was cancelled: %s", instance_name(drive),
			  (double)policy->budget_ms / 1000, decision->why);
		error_hint(&drive->cause,
			   "the guest runs on here; more bandwidth, \"--auto-converge\", \"--post-copy\" or a longer "
			   "\"--budget\" help a guest that writes much");
		return cancel(drive, err);
	case STEP_GIVE_UP:
		error_set(&drive->cause, ERROR_TIMEOUT,
			  "the migration of \"%s\" was cancelled: the target has taken nothing for %d s",
			  instance_name(drive), MIGRATION_STUCK_MS / 1000);
		error_hint(&drive->cause, "the guest runs on here; does QEMU there still run, and the network?");
		return cancel(drive, err);
	case STEP_NONE:
		break;
	}
	return 0;
}

static int64_t elapsed(const struct drive *drive)
{
	return clock_boottime_ms() - drive->outgoing->began_ms;
}

static void show(const struct drive *drive, const struct migration_progress *progress)
{
	const struct outgoing *outgoing = drive->outgoing;
	struct outgoing_progress shown = { .migration = *progress, .elapsed_ms = elapsed(drive) };

	if (!outgoing->show)
		return;
	if (outgoing->mirrors)
		mirrors_progress(outgoing->mirrors, &shown.disk_total, &shown.disk_done);
	outgoing->show(&shown, outgoing->arg);
}

static const char *hint_of(const char *words)
{
	if (words && starts_with(words, "address resolution failed"))
		return "the guest runs on here; \"migrate --address ADDR\" says where the memory goes, when that is "
		       "not HOST";
	return "the guest runs on here; the log of the target's QEMU may say more";
}

/* It is not there any more: why. The guest is ours. */
static int failed(struct drive *drive, const struct migration_progress *progress, struct error *err)
{
	if (drive->cancelling && drive->cause.message) {
		error_move(err, &drive->cause);
		return 1;
	}
	if (progress->state == MIGRATION_CANCELLED) {
		error_set(err, ERROR_STATE, "the migration of \"%s\" was cancelled", instance_name(drive));
		return 1;
	}
	error_set(err, ERROR_QEMU, "the migration of \"%s\" failed: QEMU: %s", instance_name(drive),
		  progress->error ? progress->error : "gave no reason");
	error_hint(err, "%s%s%s", hint_of(progress->error), drive->outgoing->hint ? "; " : "",
		   drive->outgoing->hint ? drive->outgoing->hint : "");
	return 1;
}

/* 1: driven as far as it goes; 0: it goes on. */
static int outcome(struct drive *drive, const struct migration_progress *progress, enum outgoing_end *ret,
		   struct error *err)
{
	struct outgoing *outgoing = drive->outgoing;

	switch (progress->state) {
	case MIGRATION_COMPLETED:
		*ret = OUTGOING_COMPLETED;
		return 1;
	case MIGRATION_PRE_SWITCHOVER:
		if (outgoing->told_switchover)
			return 0;
		*ret = OUTGOING_PRE_SWITCHOVER;
		outgoing->told_switchover = true;
		return 1;
	case MIGRATION_POSTCOPY_ACTIVE:
		outgoing->course.post_copy = true;
		if (outgoing->told_post_copy)
			return 0;
		*ret = OUTGOING_POST_COPY;
		outgoing->told_post_copy = true;
		return 1;
	case MIGRATION_POSTCOPY_PAUSED:
		*ret = OUTGOING_BROKEN;
		return 1;
	case MIGRATION_NONE:
	case MIGRATION_FAILED:
	case MIGRATION_CANCELLED:
		*ret = OUTGOING_FAILED;
		return failed(drive, progress, err);
	case MIGRATION_SETUP:
	case MIGRATION_CANCELLING:
	case MIGRATION_ACTIVE:
	case MIGRATION_POSTCOPY_RECOVER_SETUP:
	case MIGRATION_POSTCOPY_RECOVER:
	case MIGRATION_COLO:
	case MIGRATION_DEVICE:
	case MIGRATION_WAIT_UNPLUG:
	case MIGRATION_STATE_MAX:
		break;
	}
	return 0;
}

/* As outcome; and where it goes on, the policy is asked. */
static int look(struct drive *drive, enum outgoing_end *ret, struct error *err)
{
	struct outgoing *outgoing = drive->outgoing;
	_cleanup_migration_progress_ struct migration_progress progress = { 0 };
	struct migration_decision decision;

	drive->woken = drive->passed = false;
	if (drive->completed) {
		*ret = OUTGOING_COMPLETED;
		return 1;
	}
	if (migration_query(outgoing->control->qmp, answer_time(), &progress, err) < 0)
		return -1;
	show(drive, &progress);
	int over = outcome(drive, &progress, ret, err);
	if (over != 0 || drive->cancelling)
		return over;
	decision = migration_decide(outgoing->policy, outgoing->terms, &outgoing->course, &progress, elapsed(drive));
	return apply(drive, &decision, err);
}

static bool is_interrupted(const struct drive *drive)
{
	const volatile int *flag = drive->outgoing->interrupted;

	return flag && *flag && !drive->cancelling && !drive->deaf;
}

/* The end of the command's own time, less what the cancelling takes. */
static struct deadline own_time(const struct drive *drive)
{
	struct deadline end = drive->outgoing->control->context->deadline;

	if (end.at_ms != INT64_MAX)
		end.at_ms -= LAST_MS;
	return end;
}

static int call_off(struct drive *drive, enum error_kind kind, const char *why, struct error *err)
{
	if (!drive->outgoing->course.post_copy) {
		error_set(&drive->cause, kind, "the migration of \"%s\" was cancelled: %s", instance_name(drive), why);
		error_hint(&drive->cause, "the guest runs on here");
		return cancel(drive, err);
	}
	if (kind != ERROR_TIMEOUT) {
		drive->deaf = true;
		log_warning("\"%s\" runs on the target already and gets its memory from here: that cannot be cancelled",
			    instance_name(drive));
		return 0;
	}
	error_set(err, ERROR_TIMEOUT, "the migration of \"%s\" did not end in time, and cannot be cancelled any more",
		  instance_name(drive));
	return error_hint(err, "\"kvmctl migration status %s\" shows how far it is", instance_name(drive));
}

/* What comes from outside: a storage copy that failed, a signal, the end of the command's time. */
static int intervene(struct drive *drive, struct error *err)
{
	bool ready;

	if (drive->cancelling)
		return 0;
	if (drive->mirrors_told) {
		drive->mirrors_told = false;
		if (mirrors_look(drive->outgoing->mirrors, &ready, &drive->cause) < 0)
			return cancel(drive, err);
	}
	if (is_interrupted(drive))
		return call_off(drive, ERROR_OTHER, "interrupted", err);
	if (deadline_passed(own_time(drive)))
		return call_off(drive, ERROR_TIMEOUT, "its time is up", err);
	return 0;
}

/* When to look again although nothing was heard. What the policy asked for and got no answer to must not become a busy loop. */
static struct deadline next_look(const struct drive *drive)
{
	const struct outgoing *outgoing = drive->outgoing;
	struct deadline until = deadline_in(outgoing->show ? SHOW_MS : HEARTBEAT_MS);
	struct deadline policy = migration_next_deadline(outgoing->policy, &outgoing->course, outgoing->began_ms);

	if (!drive->cancelling)
		until = deadline_earlier(deadline_earlier(until, policy), own_time(drive));
	return deadline_passed(until) ? deadline_in(TICK_MS) : until;
}

static bool has_more_to_tell(const struct json *event, void *arg)
{
	const struct drive *drive = arg;

	(void)event;
	return drive->stands || !drive->passed;
}

/* The beginning of the last pass is nothing to look at: what comes next is. */
static int settle(struct drive *drive, struct error *err)
{
	if (!drive->passed)
		return 0;
	if (!drive->stands &&
	    qmp_rest(drive->outgoing->control->qmp, has_more_to_tell, drive, deadline_in(SETTLE_MS), err) < 0)
		return -1;
	if (drive->passed && drive->stands)
		drive->woken = false;
	drive->passed = false;
	return 0;
}

/* Until an event, a signal, or the time of the next look. */
static int rest(struct drive *drive, struct error *err)
{
	struct deadline until = next_look(drive);

	while (!drive->woken && !is_interrupted(drive) && !deadline_passed(until)) {
		struct deadline tick = until;

		if (drive->outgoing->interrupted)
			tick = deadline_earlier(until, deadline_in(TICK_MS));
		if (qmp_rest(drive->outgoing->control->qmp, is_woken, drive, tick, err) < 0 || settle(drive, err) < 0)
			return -1;
	}
	return 0;
}

static int see_through(struct drive *drive, enum outgoing_end *ret, struct error *err)
{
	for (;;) {
		int over = look(drive, ret, err);

		if (over != 0)
			return over < 0 ? -1 : 0;
		if (intervene(drive, err) < 0 || rest(drive, err) < 0)
			return -1;
	}
}

int act_outgoing_drive(struct outgoing *outgoing, enum outgoing_end *ret, struct error *err)
{
	struct drive drive = { .outgoing = outgoing };
	int result;

	qmp_on_event(outgoing->control->qmp, hear, &drive);
	result = see_through(&drive, ret, err);
	qmp_on_event(outgoing->control->qmp, NULL, NULL);
	error_clear(&drive.cause);
	return result;
}
