/* A move away that was cut off is brought to its end: on this side or on the other. */
#include "ops/act_resolve.h"

#include "base/text.h"
#include "ops/act_incoming.h"
#include "ops/act_outgoing.h"
#include "qemu/migration.h"
#include "vm/monitor.h"

#define ASK_MS 60000
#define ANSWER_MS 10000
#define RESUME_MS 15000
#define REST_MS 600000 /* for the rest of a post-copy */

int act_resolve_ask(struct far *far, const char *id, struct deadline deadline, enum resolved *ret, struct error *err)
{
	_cleanup_json_ struct json *reply = NULL;
	enum arrival arrival = ARRIVAL_UNKNOWN;
	struct json *arguments = json_new_object();

	json_put_string(arguments, "id", id);
	if (far_ask(far, "arrival", arguments, deadline, &reply, err) < 0) {
		err->kind = ERROR_UNKNOWN;
		return -1;
	}
	if (arrival_from_string(json_get_string(reply, "arrival", ""), &arrival) < 0 || arrival == ARRIVAL_UNKNOWN)
		return error_set(err, ERROR_UNKNOWN, "the far side cannot tell whether the guest was let run there");
	if (arrival == ARRIVAL_WAITING && far_ask(far, "refuse", NULL, deadline, NULL, err) < 0) {
		err->kind = ERROR_UNKNOWN;
		return -1;
	}
	*ret = arrival == ARRIVAL_GRANTED ? RESOLVED_THERE : RESOLVED_HERE;
	return 0;
}

int act_resume(struct far *far, struct qmp *qmp, const char *uri, struct deadline deadline, struct error *err)
{
	_cleanup_migration_progress_ struct migration_progress progress = { 0 };
	_cleanup_json_ struct json *reply = NULL;
	_cleanup_free_ char *now = NULL;
	struct json *arguments;

	if (migration_query(qmp, deadline, &progress, err) < 0)
		return -1;
	if (progress.state != MIGRATION_POSTCOPY_PAUSED)
		return 0; /* an earlier try that seemed to have failed has not */
	if (far_ask(far, "recover", NULL, deadline, &reply, err) < 0)
		return -1;
	now = far_uri(json_get_string(reply, "uri", ""), uri);
	arguments = json_new_object();
	json_put_string(arguments, "uri", now);
	json_put_bool(arguments, "resume", true);
	/* Who looks too early sees the old break, and would break what has just been mended. */
	return qmp_execute(qmp, "migrate", arguments, deadline, NULL, err) < 0
		       ? -1
		       : migration_await_resumed(qmp, deadline_earlier(deadline, deadline_in(RESUME_MS)), err);
}

static int open_far(struct context *context, const char *name, const struct move *move, struct far **ret,
		    struct error *err)
{
	if (!move->far || !*move->far)
		return error_set(err, ERROR_UNKNOWN, "the record does not say how to reach the other host");
	if (far_open(move->far, move->peer, name, context_step(context, ASK_MS), ret, err) < 0) {
		err->kind = ERROR_UNKNOWN;
		return -1;
	}
	return 0;
}

/* Before the hand-over the guest is ours, after it only the other side knows. */
static int decide(struct context *context, const struct instance *instance, const struct move *move, struct far *far,
		  enum resolved *ret, struct error *err)
{
	if (far)
		return act_resolve_ask(far, move->id, context_step(context, ASK_MS), ret, err);
	*ret = streq(instance->status.reason, MOVE_MIGRATED) ? RESOLVED_THERE : RESOLVED_HERE;
	return 0;
}

static bool has_all_sent(const struct json *event, void *arg)
{
	enum migration_state state;

	(void)arg;
	return migration_event_state(event, &state) == 0 &&
	       (state == MIGRATION_COMPLETED || state == MIGRATION_POSTCOPY_PAUSED || state == MIGRATION_FAILED);
}

/* Until QEMU has nothing left that the guest needs there. */
static int send_the_rest(struct context *context, struct qmp *qmp, const struct move *move, struct far *far,
			 struct error *err)
{
	struct deadline deadline = context_step(context, REST_MS);

	for (bool resumed = false;;) {
		_cleanup_migration_progress_ struct migration_progress progress = { 0 };

		if (migration_query(qmp, deadline, &progress, err) < 0)
			return -1;
		if (progress.state == MIGRATION_COMPLETED)
			return 0;
		if (progress.state == MIGRATION_POSTCOPY_PAUSED && !resumed && far) {
			if (act_resume(far, qmp, move->uri, deadline, err) < 0)
				return -1;
			resumed = true;
		} else if (progress.state == MIGRATION_POSTCOPY_PAUSED ||
			   !migration_state_is_post_copy(progress.state)) {
			return error_set(err, ERROR_UNKNOWN, "its memory cannot be sent: the migration is \"%s\"",
					 migration_state_to_string(progress.state));
		}
		if (qmp_wait_event(qmp, has_all_sent, NULL, deadline, NULL, err) < 0)
			return -1;
	}
}

static int finish(struct context *context, const struct instance *instance, const struct move *move, struct far *far,
		  enum resolved resolved, struct error *err)
{
	_cleanup_(qmp_free_ptr) struct qmp *qmp = NULL;

	if (monitor_open(&context->rundir, instance->name, MONITOR_CONTROL, context_step(context, ANSWER_MS), &qmp,
			 err) < 0)
		return -1;
	if (resolved == RESOLVED_HERE)
		return act_outgoing_keep(context, instance->name, qmp, err);
	if (far && send_the_rest(context, qmp, move, far, err) < 0) {
		err->kind = ERROR_UNKNOWN;
		return -1;
	}
	return act_outgoing_gone(context, instance->name, qmp, err);
}

static int in_doubt(const struct instance *instance, const struct move *move, struct error *err)
{
	error_prefix(err, "instance \"%s\" was handed over to host \"%s\"", instance->name, move->peer);
	return error_hint(err,
			  "when that host can be reached, \"kvmctl cleanup %s\" asks it again; nothing was changed",
			  instance->name);
}

int act_resolve(struct context *context, const struct instance *instance, const struct move *move, enum resolved *ret,
		struct error *err)
{
	_cleanup_far_ struct far *far = NULL;
	enum resolved resolved;

	if (streq(instance->status.reason, MOVE_HANDED_OVER) && open_far(context, instance->name, move, &far, err) < 0)
		return in_doubt(instance, move, err);
	if (decide(context, instance, move, far, &resolved, err) < 0 ||
	    finish(context, instance, move, far, resolved, err) < 0)
		return err->kind == ERROR_UNKNOWN && far ? in_doubt(instance, move, err) : -1;
	*ret = resolved;
	return 0;
}
