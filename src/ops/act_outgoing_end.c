/* What comes of a move, here: the guest stays, or it is gone. */
#include "ops/act_outgoing.h"

#include <stdio.h>

#include "base/text.h"
#include "ops/act_mirror.h"
#include "ops/act_shutdown.h"
#include "ops/act_teardown.h"
#include "vm/state.h"

#define ANSWER_MS 10000
#define CANCEL_MS 20000 /* the last page of a stream that does not move; connecting to nobody */
#define LOOK_AGAIN_MS 500

static int refuse_post_copy(const char *name, enum migration_state state, struct error *err)
{
	error_set(err, ERROR_STATE, "instance \"%s\" runs on the target already (%s): it cannot be kept here", name,
		  migration_state_to_string(state));
	return error_hint(err, "\"kvmctl migration status %s\" shows how far it is", name);
}

/* Until nothing more comes of it by itself. A stream that ended while it was called off is as good: it is the record that says whose the guest is. */
static int call_off(struct qmp *qmp, const char *name, struct error *err)
{
	struct deadline end = deadline_in(CANCEL_MS);
	bool asked = false;

	for (;;) {
		_cleanup_migration_progress_ struct migration_progress progress = { 0 };

		if (migration_query(qmp, deadline_in(ANSWER_MS), &progress, err) < 0)
			return -1;
		if (migration_state_is_final(progress.state))
			return 0;
		if (migration_state_is_post_copy(progress.state))
			return refuse_post_copy(name, progress.state, err);
		if (deadline_passed(end)) {
			error_set(err, ERROR_TIMEOUT, "QEMU of \"%s\" is still about cancelling its migration (%s)",
				  name, migration_state_to_string(progress.state));
			return error_hint(err, "the guest is here and stays; \"kvmctl cleanup %s\" later", name);
		}
		if (!asked && qmp_execute(qmp, "migrate_cancel", NULL, deadline_in(ANSWER_MS), NULL, err) < 0)
			return -1;
		if (asked &&
		    qmp_rest(qmp, migration_is_event, NULL, deadline_earlier(end, deadline_in(LOOK_AGAIN_MS)), err) < 0)
			return -1;
		asked = true;
	}
}

/* What a migration, or we for its sake, have stopped; a guest that panicked or lost its disk stays as it is. */
static bool was_stopped_for_it(const char *run_state)
{
	return streq(run_state, "paused") || streq(run_state, "postmigrate") || streq(run_state, "finish-migrate");
}

/* Why it stands, by QEMU's run state: the word that the record had was written over when it was to leave. */
static const char *reason_of(const char *run_state)
{
	static const char *const states[][2] = {
		{ "running", "" },
		{ "io-error", "io-error" },
		{ "guest-panicked", "panicked" },
		{ "watchdog", "watchdog" },
		{ "internal-error", "internal-error" },
	};

	for (size_t i = 0; i < ELEMENTS(states); i++)
		if (streq(run_state, states[i][0]))
			return states[i][1];
	return "user";
}

/* *ret: for the status line; "" = it runs. */
static int let_run(struct qmp *qmp, bool was_paused, const char **ret, struct error *err)
{
	_cleanup_json_ struct json *answer = NULL;
	const char *run_state;

	if (qmp_execute(qmp, "query-status", NULL, deadline_in(ANSWER_MS), &answer, err) < 0)
		return -1;
	run_state = json_get_string(answer, "status", "");
	*ret = reason_of(run_state);
	if (was_paused || !was_stopped_for_it(run_state))
		return 0;
	*ret = "";
	return qmp_execute(qmp, "cont", NULL, deadline_in(ANSWER_MS), NULL, err);
}

static void mark_kept(struct status *status, void *arg)
{
	const char *reason = *(const char **)arg;

	status->phase = PHASE_RUNNING;
	status->paused = *reason != '\0';
	status->migration[0] = '\0';
	snprintf(status->reason, sizeof(status->reason), "%s", reason);
}

static void mark_gone(struct status *status, void *arg)
{
	(void)arg;
	status->phase = PHASE_OUTGOING;
	snprintf(status->reason, sizeof(status->reason), "%s", MOVE_MIGRATED);
}

int act_outgoing_keep(struct context *context, const char *name, struct qmp *qmp, struct error *err)
{
	_cleanup_state_ struct state *state = NULL;
	const char *reason = "";
	bool was_paused;

	if (state_read(&context->rundir, name, &state, err) < 0)
		return -1;
	was_paused = state && state->move && state->move->was_paused;
	if (call_off(qmp, name, err) < 0 || mirrors_sweep(qmp, err) < 0 || let_run(qmp, was_paused, &reason, err) < 0 ||
	    instance_note(&context->rundir, name, mark_kept, &reason, err) < 0)
		return -1;
	if (!state || !state->move)
		return 0;
	move_free(take_ptr(state->move));
	state->phase = PHASE_RUNNING;
	return state_write(&context->rundir, state, err);
}

/* By the monitor that is open already: a second connection to it would have to wait for us. What comes of it is seen to by act_end. */
static void quit(struct context *context, const struct instance *instance, struct qmp *qmp)
{
	struct deadline end = deadline_in(context->settings->timeouts.quit);
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_close_ int pidfd = -1;

	if (process_open(&instance->status.qemu, &pidfd, &ignored) < 0 || pidfd < 0)
		return;
	qmp_execute(qmp, "quit", NULL, end, NULL, &ignored);
	error_clear(&ignored);
	process_wait(pidfd, end, &ignored);
}

/* The supervisor, which has written the record, does not know where to. */
static void say_where(struct context *context, const struct instance *instance)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_state_ struct state *state = NULL;
	struct exit_record record = { 0 };
	int dir = rundir_part(&context->rundir, RUNDIR_EXIT);

	if (state_read(&context->rundir, instance->name, &state, &ignored) < 0 || !state || !state->move ||
	    exit_record_read(dir, instance->name, &record, &ignored) <= 0)
		return;
	_cleanup_free_ char *where = *state->move->peer ? xprintf("the guest runs on host \"%s\"", state->move->peer)
							: xprintf("the guest was sent to \"%s\"", state->move->uri);
	text_replace(&record.detail, where);
	if (record.reason == EXIT_MIGRATED)
		exit_record_write(dir, instance->name, &record, &ignored);
	exit_record_free(&record);
}

int act_outgoing_gone(struct context *context, const char *name, struct qmp *qmp, struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };

	if (instance_note(&context->rundir, name, mark_gone, NULL, err) < 0 ||
	    instance_look(&context->rundir, name, &context->here, &instance, err) < 0)
		return -1;
	if (instance.has_status && qmp)
		quit(context, &instance, qmp);
	if (instance.has_status &&
	    (act_end(context, &instance, err) < 0 || act_settle_exit(context, &instance, EXIT_MIGRATED, err) < 0))
		return -1;
	if (instance.has_status)
		say_where(context, &instance);
	return act_teardown(context, name, TEARDOWN_ALL, err);
}
