/* kvmctl migration start: the stream of a managed move is begun, and seen through by a process that stays.
 *
 * Repeating it is safe at any time: while one goes on to the same place nothing is done; one whose process was killed is taken up again, or, where
 * nothing of it runs any more, undone and begun anew; one that lost its connection in post-copy goes on over the new URI. */
#include "ops/verbs.h"

#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "host/child.h"
#include "ops/act_driver.h"
#include "ops/act_migration_info.h"
#include "vm/monitor.h"
#include "vm/state.h"

#define VERB "migration start"
#define NBD_PORT_MAX 65535

struct start {
	struct context *context;
	const struct migration_start_request *request;
	struct control control;
	struct migration_info *info;
	struct migration_policy policy;
	struct migration_terms terms; /* of one that is taken up; else they are the info's */
	struct mirror_request storage;
	char *nbd_host;
	struct driver driver;
};

static void start_clear(struct start *start)
{
	mirrors_free(start->driver.outgoing.mirrors);
	migration_info_free(start->info);
	migration_terms_clear(&start->terms);
	free(start->nbd_host);
	control_close(&start->control);
}

static void compose(struct start *start)
{
	struct outgoing *outgoing = &start->driver.outgoing;

	outgoing->control = &start->control;
	outgoing->terms = start->info ? &start->info->terms : &start->terms;
	outgoing->policy = &start->policy;
	outgoing->uri = start->request->uri;
	outgoing->tls_hostname = start->request->tls_hostname;
	outgoing->hint = "\"migration start\" must be given the options of \"migration info\"";
	outgoing->show = start->request->show;
	outgoing->arg = start->request->arg;
	outgoing->interrupted = start->request->interrupted;
	outgoing->began_ms = clock_boottime_ms();
}

/* "HOST:PORT", "[ADDR6]:PORT". */
static int read_nbd(struct start *start, struct error *err)
{
	const char *text = start->request->nbd, *colon = text ? strrchr(text, ':') : NULL;
	int64_t port;

	if (start->info->terms.storage == STORAGE_NONE)
		return 0;
	if (!colon || colon == text) {
		error_set(err, ERROR_USAGE, "\"--copy-storage\" needs \"--nbd HOST:PORT\"");
		return error_hint(err, "\"migration accept\" tells it: where the target exports the new disks");
	}
	if (parse_int(colon + 1, "the port of --nbd", 1, NBD_PORT_MAX, &port, err) < 0) {
		err->kind = ERROR_USAGE;
		return -1;
	}
	bool brackets = *text == '[' && colon[-1] == ']';

	start->nbd_host = xstrndup(text + brackets, (size_t)(colon - text) - 2 * brackets);
	start->storage = (struct mirror_request){
		.host = start->nbd_host,
		.port = (int)port,
		.info = start->info,
		.tls_hostname = start->request->tls_hostname,
		.bandwidth = start->policy.bandwidth << 20,
	};
	start->driver.storage = &start->storage;
	return 0;
}

static int record(struct start *start, struct error *err)
{
	struct move *move = xcalloc(1, sizeof(*move));

	move->managed = true;
	move->uri = xstrdup(start->request->uri);
	return act_outgoing_record(&start->driver.outgoing, move, err);
}

static int fresh(struct start *start, struct error *err)
{
	const struct migration_start_request *request = start->request;

	if (control_open(start->context, request->name, VERB, &start->control, err) < 0 ||
	    act_migration_info(start->context, request->name, request->options, &start->info, &start->policy, err) <
		    0 ||
	    read_nbd(start, err) < 0)
		return -1;
	compose(start);
	if (record(start, err) < 0)
		return -1;
	return act_driver_begin(&start->driver, err);
}

/* --- one that was begun before --- */

static int elsewhere(const char *name, const struct move *move, struct error *err)
{
	error_set(err, ERROR_STATE, "instance \"%s\" is on its way to \"%s\" already", name,
		  move->managed ? move->uri : move->peer);
	return error_hint(
		err, "\"kvmctl migration status %s\" shows how far it is, \"kvmctl migration cancel %s\" calls it off",
		name, name);
}

/* What it was begun with is not on record, but for what QEMU was told; the policy is that of the options of now. */
static int recorded_policy(struct start *start, const struct state *state, struct error *err)
{
	_cleanup_spec_ struct spec *spec = NULL;

	if (spec_from_json(state->spec, "recorded spec", state->name, start->context->settings, &spec, err) < 0)
		return -1;
	return migration_options_apply(start->request->options, spec, &start->terms, &start->policy, err);
}

static int undo_and_begin_anew(struct start *start, struct error *err)
{
	log_verbose("%s: an earlier move was cut short: undone", start->request->name);
	if (act_outgoing_keep(start->context, start->request->name, start->control.qmp, err) < 0)
		return -1;
	control_close(&start->control);
	start->control = CONTROL_INIT;
	return fresh(start, err);
}

/* With the lock: whoever saw it through is gone. */
static int take_up(struct start *start, const struct state *state, enum migration_state now, bool *ret_over,
		   struct error *err)
{
	const char *name = start->request->name;

	compose(start);
	start->driver.outgoing.was_paused = state->move->was_paused;
	if (now == MIGRATION_COMPLETED) {
		*ret_over = true;
		return act_outgoing_hand_over(&start->driver.outgoing, err);
	}
	if (recorded_policy(start, state, err) < 0)
		return -1;
	if (now == MIGRATION_POSTCOPY_PAUSED) {
		start->driver.outgoing.told_post_copy = true;
		return act_outgoing_resume(&start->driver.outgoing, NULL, err);
	}
	if (!migration_state_is_post_copy(now) &&
	    (migration_state_is_final(now) || start->request->options->storage != STORAGE_NONE))
		return undo_and_begin_anew(start, err);
	if (!streq(state->move->uri, start->request->uri))
		return elsewhere(name, state->move, err);
	return 0;
}

static int open_again(struct start *start, struct error *err)
{
	struct context *context = start->context;
	struct control *control = &start->control;

	control->context = context;
	if (rundir_lock(&context->rundir, start->request->name, VERB, context->wait, &control->lock, err) < 0 ||
	    instance_look(&context->rundir, start->request->name, &context->here, &control->instance, err) < 0)
		return -1;
	if (control->instance.status.phase != PHASE_OUTGOING)
		return error_set(err, ERROR_BUSY, "the move of \"%s\" has just ended: look again",
				 start->request->name);
	control->deadline = context_step(context, context->settings->timeouts.command);
	return monitor_open(&context->rundir, start->request->name, MONITOR_CONTROL, control->deadline, &control->qmp,
			    err);
}

static bool is_driven(struct start *start)
{
	_cleanup_error_ struct error busy = ERROR_INIT;
	_cleanup_close_ int lock = -1;

	return rundir_lock(&start->context->rundir, start->request->name, VERB, deadline_in(0), &lock, &busy) < 0 &&
	       busy.kind == ERROR_BUSY;
}

static int again(struct start *start, bool *ret_over, struct error *err)
{
	_cleanup_state_ struct state *state = NULL;
	_cleanup_migration_progress_ struct migration_progress progress = { 0 };
	const char *name = start->request->name;
	int found = state_read(&start->context->rundir, name, &state, err);

	if (found < 0)
		return -1;
	if (found == 0 || !state->move)
		return error_set(err, ERROR_UNKNOWN, "instance \"%s\" is on its way, but to where is not on record",
				 name);
	if (!state->move->managed)
		return elsewhere(name, state->move, err);
	if (is_driven(start)) {
		*ret_over = true;
		return streq(state->move->uri, start->request->uri) ? 0 : elsewhere(name, state->move, err);
	}
	if (open_again(start, err) < 0 ||
	    migration_query(start->control.qmp, start->control.deadline, &progress, err) < 0)
		return -1;
	return take_up(start, state, progress.state, ret_over, err);
}

/* --- the process that stays --- */

static int leave_driver(struct start *start, struct migration_start_result *ret, struct error *err)
{
	_cleanup_error_ struct error unseen = ERROR_INIT;

	if (child_fork_detached(&ret->driver, err) < 0)
		return -1;
	if (ret->driver != 0)
		return 0;
	/* A person neither sees it nor presses Ctrl-C there; nor has it the time of the command that left it. */
	start->driver.outgoing.show = NULL;
	start->driver.outgoing.interrupted = NULL;
	start->context->deadline = DEADLINE_NEVER;
	rundir_lock_inherited(start->control.lock, "migration");
	if (act_driver_run(&start->driver, &unseen) < 0)
		log_warning("%s", unseen.message);
	ret->is_driver = true;
	return 0;
}

int op_migration_start(struct context *context, const struct migration_start_request *request,
		       struct migration_start_result *ret, struct error *err)
{
	_cleanup_(start_clear) struct start start = { .context = context, .request = request, .control = CONTROL_INIT };
	_cleanup_instance_ struct instance instance = { 0 };
	bool over = false;

	if (instance_look(&context->rundir, request->name, &context->here, &instance, err) < 0)
		return -1;
	if (instance.has_status && instance.status.phase == PHASE_OUTGOING) {
		ret->already = true;
		if (again(&start, &over, err) < 0)
			return -1;
		if (over)
			return 0;
	} else if (fresh(&start, err) < 0) {
		return -1;
	}
	return request->follow ? act_driver_run(&start.driver, err) : leave_driver(&start, ret, err);
}
