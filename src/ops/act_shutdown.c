/* The rungs that end a QEMU: ACPI, quit, SIGTERM, SIGKILL. */
#include "ops/act_shutdown.h"

#include <signal.h>

#include "base/log.h"
#include "base/text.h"
#include "vm/monitor.h"
#include "vm/move.h"
#include "vm/state.h"

#define POWERDOWN_AGAIN_MS 5000 /* a guest that still boots hears no first press */
#define HARD_RUNGS_MS 10000     /* of the command's time, kept for quit and the signals: at most the half of it */
#define KILLED_MS 1000          /* a process that was killed gets this, whatever time the command has */

struct ladder {
	struct context *context;
	const struct instance *instance;
	enum phase phase; /* PHASE_MAX: what stands in the status line is to stay */
	int pidfd;
	struct qmp *qmp; /* the control monitor, NULL: it does not answer */
	int64_t kept_ms; /* for the hard rungs */
	const char *rung;
};

static void mark_rung(struct status *status, void *arg)
{
	const struct ladder *ladder = arg;

	/* The end of one that waits for its guest proves that the guest never ran here: that word must stay. */
	if (status->phase == PHASE_INCOMING && streq(status->reason, MOVE_WAITING))
		return;
	status->phase = ladder->phase;
	snprintf(status->reason, sizeof(status->reason), "%s", ladder->rung);
}

/* Says in the status line what comes now. That it cannot be written stops nobody from stopping. */
static void announce(struct ladder *ladder, const char *rung)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct rundir *rundir = &ladder->context->rundir;

	ladder->rung = rung;
	log_verbose("%s: %s", ladder->instance->name, rung);
	if (ladder->phase == PHASE_MAX)
		return;
	if (instance_note(rundir, ladder->instance->name, mark_rung, ladder, &err) < 0)
		log_warning("%s, ignoring", err.message);
}

/* The time of one rung: its own, but never what the command keeps for those that follow. */
static struct deadline rung_time(const struct ladder *ladder, int64_t own_ms, int64_t kept_ms)
{
	struct deadline end = ladder->context->deadline;

	if (end.at_ms != INT64_MAX)
		end.at_ms -= kept_ms;
	return deadline_earlier(deadline_in(own_ms), end);
}

/* Why the guest cannot be asked, or NULL. */
static const char *cannot_ask(const struct ladder *ladder)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_state_ struct state *state = NULL;

	if (deadline_passed(ladder->context->deadline))
		return "there is no time for it (--timeout)";
	if (!ladder->qmp)
		return "its monitor does not answer";
	if (ladder->instance->status.paused)
		return "it is paused";
	if (state_read(&ladder->context->rundir, ladder->instance->name, &state, &err) == 1 &&
	    !json_get_bool(json_get(state->spec, "hvparams"), "acpi", true))
		return "it has no ACPI (parameter \"acpi\")";
	return NULL;
}

static bool rung_acpi(struct ladder *ladder)
{
	struct deadline end = rung_time(ladder, ladder->context->settings->timeouts.powerdown, ladder->kept_ms);
	const char *why = cannot_ask(ladder);

	if (why) {
		log_notice("the guest \"%s\" cannot be asked to shut down: %s", ladder->instance->name, why);
		return false;
	}
	announce(ladder, "acpi");
	while (!deadline_passed(end)) {
		_cleanup_error_ struct error err = ERROR_INIT;

		/* An error is its end just now, or a reason to go on to the next rung when the time is over. */
		qmp_execute(ladder->qmp, "system_powerdown", NULL, end, NULL, &err);
		error_clear(&err);
		int ended = process_wait(ladder->pidfd, deadline_earlier(end, deadline_in(POWERDOWN_AGAIN_MS)), &err);
		if (ended != 0)
			return ended > 0;
	}
	return false;
}

static bool rung_quit(struct ladder *ladder)
{
	struct deadline end = rung_time(ladder, ladder->context->settings->timeouts.quit, ladder->kept_ms / 2);
	_cleanup_error_ struct error err = ERROR_INIT;

	if (!ladder->qmp || qmp_state(ladder->qmp) == QMP_DEAD)
		return false;
	announce(ladder, "quit");
	qmp_execute(ladder->qmp, "quit", NULL, end, NULL, &err);
	error_clear(&err);
	return process_wait(ladder->pidfd, end, &err) == 1;
}

static bool rung_signal(struct ladder *ladder, int signal, const char *rung, int64_t own_ms, int64_t kept_ms)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	announce(ladder, rung);
	if (process_signal(ladder->pidfd, signal, &err) < 0)
		log_warning("%s", err.message);
	error_clear(&err);
	struct deadline end = rung_time(ladder, own_ms, kept_ms);
	if (signal == SIGKILL && deadline_left(end) < KILLED_MS)
		end = deadline_in(KILLED_MS);
	return process_wait(ladder->pidfd, end, &err) == 1;
}

/* A stopped process hears SIGTERM when it is continued, which nobody will do. */
static bool hears_sigterm(const struct instance *instance)
{
	return instance->proc.state != 'T' && instance->proc.state != 't';
}

static int climb(struct ladder *ladder, bool ask_guest, enum exit_reason *ret, struct error *err)
{
	const struct timeouts *timeouts = &ladder->context->settings->timeouts;

	if (ask_guest && rung_acpi(ladder))
		*ret = EXIT_ACPI;
	else if (rung_quit(ladder))
		*ret = EXIT_QUIT;
	else if (hears_sigterm(ladder->instance) &&
		 rung_signal(ladder, SIGTERM, "sigterm", timeouts->sigterm, ladder->kept_ms / 3))
		*ret = EXIT_SIGTERM;
	else if (rung_signal(ladder, SIGKILL, "sigkill", timeouts->sigkill, 0))
		*ret = EXIT_SIGKILL;
	else {
		error_set(err, ERROR_TIMEOUT, "QEMU of \"%s\" (pid %d) does not end, not even by SIGKILL",
			  ladder->instance->name, ladder->instance->status.qemu.pid);
		return error_hint(err, "it is blocked in the kernel, mostly by storage that is gone; its TAPs, uid and "
				       "files are kept; "
				       "run stop or cleanup again when the storage is back");
	}
	return 0;
}

/* A short time is shared: the guest is asked, and has the half of it. Without an end nothing is kept (-1 / 2). */
static int64_t hard_rungs_ms(struct deadline command)
{
	int64_t half = deadline_left(command) / 2;

	return half < HARD_RUNGS_MS ? half : HARD_RUNGS_MS;
}

static int end(struct context *context, const struct instance *instance, enum phase phase, bool ask_guest,
	       enum exit_reason *ret, struct error *err)
{
	_cleanup_qmp_ struct qmp *qmp = NULL;
	_cleanup_close_ int pidfd = -1;
	_cleanup_error_ struct error deaf = ERROR_INIT;

	if (process_open(&instance->status.qemu, &pidfd, err) < 0)
		return -1;
	if (pidfd < 0) {
		*ret = EXIT_UNKNOWN;
		return 0;
	}
	struct ladder ladder = { context, instance, phase, pidfd, NULL, hard_rungs_ms(context->deadline), "" };
	struct deadline greeted = rung_time(&ladder, context->settings->timeouts.command, ladder.kept_ms);
	if (monitor_open(&context->rundir, instance->name, MONITOR_CONTROL, greeted, &qmp, &deaf) < 0)
		log_verbose("%s", deaf.message);
	ladder.qmp = qmp;
	return climb(&ladder, ask_guest, ret, err);
}

int act_shutdown(struct context *context, const struct instance *instance, enum phase phase, enum exit_reason *ret,
		 struct error *err)
{
	return end(context, instance, phase, true, ret, err);
}

int act_end(struct context *context, const struct instance *instance, struct error *err)
{
	enum exit_reason rung;

	return end(context, instance, PHASE_MAX, false, &rung, err);
}

int act_kill(struct context *context, const struct instance *instance, struct error *err)
{
	_cleanup_close_ int pidfd = -1;

	if (process_open(&instance->status.qemu, &pidfd, err) < 0)
		return -1;
	struct ladder ladder = { context, instance, PHASE_STOPPING, pidfd, NULL, 0, "" };
	if (pidfd < 0 || rung_signal(&ladder, SIGKILL, "force", context->settings->timeouts.sigkill, 0))
		return 0;
	error_set(err, ERROR_TIMEOUT, "QEMU of \"%s\" (pid %d) was killed but does not end", instance->name,
		  instance->status.qemu.pid);
	return error_hint(err, "it is blocked in the kernel, mostly by storage that is gone; run stop or cleanup again "
			       "when it is back");
}
