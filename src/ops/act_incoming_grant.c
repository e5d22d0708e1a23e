/* The grant: from here on the guest runs on this host, and nowhere else.
 *
 * The status line says so before QEMU is told (vm/move.h, rule 1). What follows can be done again: a grant that was cut short is
 * finished by whoever comes next. Once it runs nothing takes that back: a route or a script that fails is a warning. */
#include "ops/act_incoming.h"

#include "base/log.h"
#include "base/text.h"
#include "ops/act_activate.h"
#include "ops/act_export.h"
#include "ops/act_hook.h"
#include "ops/act_network.h"
#include "ops/act_restore.h"
#include "qemu/migration.h"
#include "vm/instance.h"
#include "vm/monitor.h"
#include "vm/state.h"

#define MIB (1024 * 1024)
/* So old may QEMU's answer be when the guest is let run. */
#define ANSWER_HOLDS_MS 5

/* The guest's switches learn its new place within half a second; the words are those of QEMU's announce-self. */
#define ANNOUNCE_INITIAL_MS 50
#define ANNOUNCE_MAX_MS 550
#define ANNOUNCE_ROUNDS 5
#define ANNOUNCE_STEP_MS 100

struct grant {
	struct context *context;
	struct instance instance;
	struct state *state;
	struct spec *spec;
	struct qmp *qmp;
	bool paused;
	bool first;                            /* nobody has granted it before */
	bool exports;                          /* its disks may be exported still */
	struct json *images;                   /* on record as made for it until then; NULL: none */
	int64_t memory;                        /* MiB; 0: QEMU does not say */
	enum migration_state heard, migration; /* what QEMU's events said, what it answered */
	int64_t answered_at_ms;
};

static void grant_clear(struct grant *grant)
{
	json_free(grant->images);
	qmp_free(grant->qmp);
	spec_free(grant->spec);
	state_free(grant->state);
	instance_clear(&grant->instance);
}

/* In post-copy the rest of the memory follows while it runs. */
static bool has_arrived(enum migration_state state)
{
	return state == MIGRATION_COMPLETED || state == MIGRATION_POSTCOPY_ACTIVE ||
	       state == MIGRATION_POSTCOPY_PAUSED || state == MIGRATION_POSTCOPY_RECOVER ||
	       state == MIGRATION_POSTCOPY_RECOVER_SETUP;
}

static bool is_news(const struct json *event, void *arg)
{
	enum migration_state state;

	(void)arg;
	return migration_event_state(event, &state) == 0;
}

static int not_here(const struct grant *grant, const struct migration_progress *progress, struct error *err)
{
	bool failed = progress->state == MIGRATION_FAILED || progress->state == MIGRATION_CANCELLED;

	error_set(err, ERROR_STATE, "the guest \"%s\" %s (QEMU: %s%s%s)", grant->instance.name,
		  failed ? "did not arrive" : "has not arrived yet", migration_state_to_string(progress->state),
		  progress->error ? ": " : "", progress->error ? progress->error : "");
	return error_hint(err, "nothing was let run here");
}

static void hear(const struct json *event, void *arg)
{
	struct grant *grant = arg;

	migration_event_state(event, &grant->heard);
}

/* A QEMU that answers is no killed or stopped one: else the guest would be lost with it, while its source could run it on. */
static bool has_just_answered(const struct grant *grant)
{
	return has_arrived(grant->migration) && clock_boottime_ms() - grant->answered_at_ms <= ANSWER_HOLDS_MS;
}

/* The source is done an instant before we are. */
static int require_arrived(struct grant *grant, struct error *err)
{
	struct deadline deadline = context_step(grant->context, grant->context->settings->timeouts.command);

	while (!has_just_answered(grant)) {
		_cleanup_migration_progress_ struct migration_progress progress = { 0 };
		_cleanup_error_ struct error late = ERROR_INIT;

		if (has_arrived(grant->heard) && !grant->exports)
			qmp_poise_behind(grant->qmp, "cont");
		if (migration_query(grant->qmp, deadline, &progress, err) < 0)
			return -1;
		grant->migration = progress.state;
		grant->answered_at_ms = clock_boottime_ms();
		if (has_arrived(progress.state))
			return 0;
		if (progress.state == MIGRATION_FAILED || progress.state == MIGRATION_CANCELLED ||
		    deadline_passed(deadline))
			return not_here(grant, &progress, err);
		if (qmp_wait_event(grant->qmp, is_news, NULL, deadline, NULL, &late) < 0 &&
		    late.kind != ERROR_TIMEOUT) {
			error_move(err, &late);
			return -1;
		}
		if (late.kind == ERROR_TIMEOUT)
			return not_here(grant, &progress, err);
	}
	return 0;
}

static void mark_granted(struct status *status, void *arg)
{
	(void)arg;
	snprintf(status->reason, sizeof(status->reason), "%s", MOVE_GRANTED);
}

static void mark_running(struct status *status, void *arg)
{
	const struct grant *grant = arg;

	status->phase = PHASE_RUNNING;
	status->paused = grant->paused;
	snprintf(status->reason, sizeof(status->reason), "%s", grant->paused ? "user" : "");
	/* Post-copy: the supervisor takes the word away when all of it is here. */
	snprintf(status->migration, sizeof(status->migration), "%s",
		 grant->migration == MIGRATION_COMPLETED ? "" : migration_state_to_string(grant->migration));
	if (grant->memory > 0)
		status->memory = grant->memory;
}

static int change_status(struct grant *grant, status_change_fn change, struct error *err)
{
	struct rundir *rundir = &grant->context->rundir;
	int done = instance_note(rundir, grant->instance.name, change, grant, err);

	if (done == 0)
		return error_set(err, ERROR_UNKNOWN, "the status line of \"%s\" is gone", grant->instance.name);
	return done < 0 ? -1 : 0;
}

static struct deadline step(const struct grant *grant)
{
	return context_step(grant->context, grant->context->settings->timeouts.command);
}

/* Its balloon came along as it was. */
static void ask_memory(struct grant *grant)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *balloon = NULL;

	if (qmp_execute(grant->qmp, "query-balloon", NULL, step(grant), &balloon, &err) == 0)
		grant->memory = json_get_int(balloon, "actual", 0) / MIB;
}

static void announce(struct grant *grant)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct json *arguments = json_new_object();

	json_put_int(arguments, "initial", ANNOUNCE_INITIAL_MS);
	json_put_int(arguments, "max", ANNOUNCE_MAX_MS);
	json_put_int(arguments, "rounds", ANNOUNCE_ROUNDS);
	json_put_int(arguments, "step", ANNOUNCE_STEP_MS);
	if (qmp_execute(grant->qmp, "announce-self", arguments, step(grant), NULL, &err) < 0)
		log_warning("%s: the network is not told that it is here now: %s", grant->instance.name, err.message);
}

static void bring_network(struct grant *grant)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ struct network_nic *nics = network_nics(grant->context, grant->spec);
	const struct network_setup setup = { grant->context, grant->spec, nics };

	if (network_up(&setup, NETWORK_POST, step(grant), &err) < 0)
		log_warning("%s: the guest runs here, but its network is not complete: %s", grant->instance.name,
			    err.message);
	announce(grant);
}

static void mark_waiting(struct status *status, void *arg)
{
	(void)arg;
	snprintf(status->reason, sizeof(status->reason), "%s", MOVE_WAITING);
}

/* Nobody was told of the grant yet, and all of the guest is still on the other side as well. */
static int give_back(struct grant *grant, struct error *err)
{
	struct move *move = grant->state->move;

	if (!is_empty(move->file))
		return act_restore_give_back(grant->context, grant->instance.name, move, err);
	if (!grant->images)
		return 0;
	move->cleanup = take_ptr(grant->images);
	return state_write(&grant->context->rundir, grant->state, err);
}

/* QEMU has said that it does not run the guest: so its source, or the file, may still be used. Not where somebody granted it before, who may
 * have been heard, and not in post-copy, where what the guest is lies on both sides. */
static void take_back(struct grant *grant)
{
	_cleanup_error_ struct error back = ERROR_INIT;
	const struct move *move = grant->state->move;

	if (!move || !grant->first || (is_empty(move->file) && grant->migration != MIGRATION_COMPLETED))
		return;
	if (give_back(grant, &back) < 0 || change_status(grant, mark_waiting, &back) < 0)
		log_warning("%s", back.message);
}

/* It stands here: nothing but its images is to be taken into possession. */
static int let_stand(struct grant *grant)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (act_activate(grant->context, grant->instance.name, grant->qmp, step(grant), &err) < 0)
		log_warning("%s: %s; it must be resumed before it is moved or saved again", grant->instance.name,
			    err.message);
	return 0;
}

/* The word before the list of images: a kill between the two leaves neither a list that is not heeded nor an image that nobody removes. */
static int mark(struct grant *grant, struct error *err)
{
	_cleanup_error_ struct error back = ERROR_INIT;

	if (change_status(grant, mark_granted, err) < 0)
		return -1;
	if (act_export_keep(grant->context, grant->state, err) == 0)
		return 0;
	if (grant->first && change_status(grant, mark_waiting, &back) < 0)
		log_warning("%s", back.message);
	return -1;
}

static int let_run(struct grant *grant, struct error *err)
{
	if (mark(grant, err) < 0)
		return -1;
	if ((!grant->exports || act_export_stop(grant->qmp, step(grant), err) == 0) &&
	    act_restore_consume(grant->context, grant->instance.name, grant->state->move, err) == 0 &&
	    (grant->paused ? let_stand(grant) : qmp_execute(grant->qmp, "cont", NULL, step(grant), NULL, err)) == 0)
		return 0;
	if (qmp_state(grant->qmp) != QMP_DEAD)
		take_back(grant);
	return -1;
}

/* The record of the move goes first: a status line that says "running" has none. */
static int close_move(struct grant *grant, struct error *err)
{
	move_free(grant->state->move);
	grant->state->move = NULL;
	grant->state->phase = PHASE_RUNNING;
	if (state_write(&grant->context->rundir, grant->state, err) < 0)
		return -1;
	return change_status(grant, mark_running, err);
}

static int open_grant(struct grant *grant, struct error *err)
{
	const char *name = grant->instance.name;
	int found = state_read(&grant->context->rundir, name, &grant->state, err);

	if (found < 0)
		return -1;
	if (found == 0)
		return error_set(err, ERROR_UNKNOWN, "nothing is recorded of instance \"%s\"", name);
	if (spec_from_json(grant->state->spec, "recorded spec", name, grant->context->settings, &grant->spec, err) < 0)
		return -1;
	return monitor_open(&grant->context->rundir, name, MONITOR_CONTROL, step(grant), &grant->qmp, err);
}

static int run_here(struct grant *grant, struct error *err)
{
	if (require_arrived(grant, err) < 0)
		return -1;
	if (grant->state->move && grant->state->move->cleanup)
		grant->images = json_ref(grant->state->move->cleanup);
	if (let_run(grant, err) < 0)
		return -1;
	bring_network(grant);
	ask_memory(grant);
	if (close_move(grant, err) < 0)
		return -1;
	act_hook_started(grant->context, grant->spec);
	return 0;
}

int act_grant(struct context *context, const char *name, bool paused, struct error *err)
{
	_cleanup_(grant_clear) struct grant grant = { .context = context, .paused = paused, .exports = true };
	enum arrival arrival;

	if (instance_look(&context->rundir, name, &context->here, &grant.instance, err) < 0 ||
	    act_arrival(context, name, NULL, &arrival, err) < 0)
		return -1;
	bool unfinished = grant.instance.state == INSTANCE_INCOMING;

	grant.first = arrival == ARRIVAL_WAITING;
	if (arrival == ARRIVAL_GRANTED && !unfinished)
		return 0; /* done, and it may have ended since */
	if ((arrival == ARRIVAL_GRANTED || arrival == ARRIVAL_WAITING) && unfinished)
		return open_grant(&grant, err) < 0 ? -1 : run_here(&grant, err);
	if (arrival == ARRIVAL_UNKNOWN && grant.instance.state != INSTANCE_STOPPED)
		return error_set(err, ERROR_UNKNOWN, "whether the guest \"%s\" ever came here is not known%s%s", name,
				 *grant.instance.reason ? ": " : "", grant.instance.reason);
	return error_set(err, ERROR_STATE, "no guest \"%s\" waits here: it did not come%s%s", name,
			 *grant.instance.reason ? ", " : "", grant.instance.reason);
}

int act_grant_prepare(struct context *context, const char *name, bool exports, struct grant **ret, struct error *err)
{
	_cleanup_(act_grant_release_ptr) struct grant *grant = xcalloc(1, sizeof(*grant));
	enum arrival arrival;

	grant->context = context;
	grant->exports = exports;
	if (instance_look(&context->rundir, name, &context->here, &grant->instance, err) < 0 ||
	    act_arrival(context, name, NULL, &arrival, err) < 0)
		return -1;
	if (arrival != ARRIVAL_WAITING || grant->instance.state != INSTANCE_INCOMING)
		return error_set(err, ERROR_STATE, "no guest \"%s\" is waited for here", name);
	grant->first = true;
	if (open_grant(grant, err) < 0)
		return -1;
	qmp_on_event(grant->qmp, hear, grant);
	if (qmp_poise(grant->qmp, "query-migrate", err) < 0)
		return -1;
	*ret = take_ptr(grant);
	return 0;
}

int act_grant_fd(const struct grant *grant)
{
	return qmp_fd(grant->qmp);
}

int act_grant_hear(struct grant *grant, struct error *err)
{
	if (qmp_feed(grant->qmp, NULL, NULL, err) < 0)
		return -1;
	return has_arrived(grant->heard) && !has_arrived(grant->migration) ? require_arrived(grant, err) : 0;
}

int act_grant_prepared(struct grant *grant, bool paused, struct error *err)
{
	grant->paused = paused;
	return run_here(grant, err);
}

void act_grant_release(struct grant *grant)
{
	if (!grant)
		return;
	grant_clear(grant);
	free(grant);
}

void act_grant_release_ptr(struct grant **grant)
{
	act_grant_release(*grant);
}
