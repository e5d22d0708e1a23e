/* The storyboard of a start. Each step is a part (act_launch_*.c); this file is the only place that knows
 * their order.
 *
 * Until launch_record() nothing exists. From then on a kvmctl that dies leaves a state that `cleanup`
 * tears down; from launch_fork() on it is the supervisor that notices and does so. QEMU starts as soon as
 * it can (its own start takes longest), the links are configured meanwhile; they are up and everything is
 * set before the guest's first instruction. */
#include "ops/act_launch_parts.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "host/child.h"
#include "ops/act_hook.h"
#include "ops/act_teardown.h"
#include "vm/exit_record.h"

static void launch_free(struct launch *launch)
{
	qmp_free(launch->qmp);
	launch_close_fds(launch);
	close_fd(&launch->uid_fd);
	close_fd(&launch->guest_lock);
	close_fd(&launch->log_fd);
	close_fd(&launch->event_fd);
	close_fd(&launch->session);
	close_fd(&launch->gate);
	placement_free(&launch->placement);
	free(launch->nics);
	state_free(launch->state);
	plan_free(launch->plan);
	facts_free(&launch->facts);
	probe_free(launch->probe);
}

/* The time that a start may take: more memory takes longer to set up. */
static struct deadline start_deadline(struct context *context, const struct spec *spec)
{
	return context_step(context, context->settings->timeouts.start + spec->maxmem * 1000 / 1024);
}

static const char *started_by(const struct launch_request *request)
{
	if (!request->incoming)
		return "kvmctl start";
	return is_empty(request->incoming->move->file) ? "kvmctl migration accept" : "kvmctl restore";
}

static void record_failure(struct launch *launch, const struct error *why)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *words = launch_last_words(launch);
	struct exit_record record = {
		.reason = launch->request->incoming ? EXIT_INCOMING_FAILED : EXIT_START_FAILED,
		.pid = launch->qemu.pid,
		.start = launch->qemu.start,
		.status = -1,
		.ended_ms = clock_realtime_ms(),
		.by = (char *)started_by(launch->request),
		.detail = why->message,
		.words = words,
		.move = launch->request->incoming ? launch->request->incoming->move->id : NULL,
	};
	int dir = rundir_part(&launch->context->rundir, RUNDIR_EXIT);

	if (dir >= 0 && exit_record_write(dir, launch->name, &record, &err) < 0)
		log_warning("%s, ignoring", err.message);
}

/* The host is as it was, but for the exit record and the logs. */
static int undo(struct launch *launch, struct error *err)
{
	_cleanup_error_ struct error down = ERROR_INIT;

	launch_explain(launch, err);
	if (launch_abort(launch, &down) < 0) {
		log_warning("after the failed start: %s; it is undone by its supervisor, or by \"kvmctl cleanup\"",
			    down.message);
		record_failure(launch, err);
		return -1;
	}
	record_failure(launch, err);
	launch_close_fds(launch);
	if (act_teardown(launch->context, launch->name, TEARDOWN_ALL, &down) < 0)
		log_warning("after the failed start: %s", down.message);
	return -1;
}

/* One that stays is untidy, and no reason to undo a guest that runs. But for one that arrives it would be the proof that it never did
 * (vm/move.h, rule 3): there it goes before the commit. */
static int forget_last_end(struct launch *launch, struct error *err)
{
	return file_remove_at(rundir_part(&launch->context->rundir, RUNDIR_EXIT), launch->name, 0, err);
}

static int forget_last_arrival(struct launch *launch, struct error *err)
{
	return launch->request->incoming ? forget_last_end(launch, err) : 0;
}

/* For those who want to know what was made of their spec. */
static void tell(const struct launch *launch)
{
	log_verbose("%s: %s with %s; QEMU is pid %d, its supervisor pid %d", launch->name,
		    launch->state->hardware.machine, launch->state->accelerator, launch->qemu.pid,
		    launch->supervisor.pid);
	for (size_t i = 0; i < launch->spec->n_nics; i++)
		if (launch->nics[i].tap[0])
			log_verbose("%s: nics[%zu]: \"%s\"%s%s", launch->name, i, launch->nics[i].tap,
				    *launch->spec->nics[i].link ? " on " : "", launch->spec->nics[i].link);
}

static void finish(struct launch *launch)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	tell(launch);
	if (launch->request->incoming)
		return;
	if (forget_last_end(launch, &err) < 0)
		log_warning("the exit record of the last run: %s, ignoring", err.message);
	act_hook_started(launch->context, launch->spec);
}

/* A step a line. */
/* clang-format off */
static int realise(struct launch *launch, struct error *err)
{
	if (launch_record(launch, err) < 0 ||
	    launch_open_fds(launch, err) < 0 ||
	    launch_connect_monitors(launch, err) < 0 ||
	    launch_fork(launch, err) < 0 ||
	    launch_network_up(launch, err) < 0 ||
	    launch_handshake(launch, err) < 0 ||
	    launch_configure(launch, err) < 0 ||
	    launch_await_placed(launch, err) < 0 ||
	    launch_run(launch, err) < 0 ||
	    forget_last_arrival(launch, err) < 0 ||
	    launch_commit(launch, err) < 0)
		return undo(launch, err);
	finish(launch);
	return 0;
}
/* clang-format on */

int act_launch(struct context *context, const struct launch_request *request, pid_t *ret_pid, struct error *err)
{
	struct launch launch = {
		.context = context,
		.request = request,
		.spec = request->loaded->spec,
		.name = request->loaded->spec->name,
		.deadline = start_deadline(context, request->loaded->spec),
		.uid_fd = -1,
		.guest_lock = -1,
		.log_fd = -1,
		.event_fd = -1,
		.session = -1,
		.gate = -1,
	};
	int result = launch_prepare(&launch, err);

	if (result == 0)
		result = realise(&launch, err);
	if (result == 0)
		*ret_pid = launch.qemu.pid;
	launch_free(&launch);
	return result;
}
