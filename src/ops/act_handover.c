/* The hand-over: from here to there, by one word. See vm/move.h for why it is in this order. */
#include "ops/act_handover.h"

#include <time.h>

#include "base/log.h"
#include "base/text.h"

/* How long the other side may take to let the guest run: QEMU loads what it has got, the NIC scripts run. */
#define RUN_MS 60000
/* How long it is asked again what came of it, and how soon. */
#define RESOLVE_MS 30000
#define PAUSE_MS 500

static struct context *context_of(const struct handover *h)
{
	return h->outgoing->control->context;
}

static const char *name_of(const struct handover *h)
{
	return h->outgoing->control->instance.name;
}

/* Between two tries at something that the network keeps from us: there is nothing to wait on. */
static void pause_a_moment(void)
{
	deadline_poll(NULL, 0, deadline_in(PAUSE_MS));
}

/* A session that works: the one that there is, or a new one. Only one of them can hold the lock there. */
static int reopen(struct handover *h, struct deadline deadline, struct error *err)
{
	far_close(h->far);
	h->far = NULL;
	return far_open(h->move->far, h->move->peer, name_of(h), deadline, &h->far, err);
}

/* The last try is cut short by our own deadline: what the one before it came to says more. */
static int give_up(struct error *before, struct error *err)
{
	bool cut = err->kind == ERROR_UNKNOWN || err->kind == ERROR_TIMEOUT;

	return cut && before->message ? error_move(err, before) : -1;
}

typedef int try_fn(struct handover *h, struct deadline deadline, void *arg, struct error *err);

/* What needs the other side: again and again, with another session each time. */
static int try_until(struct handover *h, struct deadline deadline, try_fn *try, void *arg, struct error *err)
{
	_cleanup_error_ struct error before = ERROR_INIT;

	for (;;) {
		if (h->far && try(h, deadline, arg, err) == 0)
			return 0;
		if (deadline_passed(deadline))
			return give_up(&before, err);
		log_verbose("%s; trying again", err->message);
		error_move(&before, err);
		pause_a_moment();
		reopen(h, deadline, err);
	}
}

static int ask(struct handover *h, struct deadline deadline, void *arg, struct error *err)
{
	return act_resolve_ask(h->far, h->move->id, deadline, arg, err);
}

/* "run" did not come back with a yes: it was done all the same, or not. */
static int find_out(struct handover *h, struct error *why, enum resolved *ret, struct error *err)
{
	log_verbose("%s", why->message);
	if (try_until(h, context_step(context_of(h), RESOLVE_MS), ask, ret, err) == 0) {
		if (*ret == RESOLVED_HERE)
			error_move(err, why);
		return 0;
	}
	error_move(err, why);
	err->kind = ERROR_UNKNOWN;
	error_prefix(err, "whether instance \"%s\" runs on host \"%s\" is not known", name_of(h), h->move->peer);
	return error_hint(
		err,
		"it stands still here; when that host can be reached again, \"kvmctl cleanup %s\" asks it, and "
		"ends it here or lets it run here",
		name_of(h));
}

int act_handover(struct handover *h, enum resolved *ret, struct error *err)
{
	_cleanup_error_ struct error why = ERROR_INIT;
	struct json *arguments = json_new_object();
	int64_t began = clock_boottime_ms();

	json_put_bool(arguments, "paused", h->paused);
	if (act_outgoing_hand_over(h->outgoing, err) < 0) {
		json_free(arguments);
		return -1;
	}
	if (far_ask(h->far, "run", arguments, context_step(context_of(h), RUN_MS), NULL, &why) < 0)
		return find_out(h, &why, ret, err);
	h->took_ms = clock_boottime_ms() - began;
	*ret = RESOLVED_THERE;
	return 0;
}

static int resume(struct handover *h, struct deadline deadline, void *arg, struct error *err)
{
	(void)arg;
	return act_resume(h->far, h->outgoing->control->qmp, h->outgoing->uri, deadline, err);
}

static int recover(struct handover *h, struct error *err)
{
	log_warning("the connection to host \"%s\" broke; it is tried to take it up again", h->move->peer);
	return try_until(h, context_step(context_of(h), h->outgoing->policy->recover_ms), resume, NULL, err);
}

static int lost(const struct handover *h, struct error *err)
{
	err->kind = ERROR_UNKNOWN;
	error_prefix(err, "instance \"%s\" runs on host \"%s\", but a part of its memory is still here", name_of(h),
		     h->move->peer);
	return error_hint(
		err,
		"both are left as they are; when the hosts can reach each other, \"kvmctl cleanup %s\" here goes "
		"on; \"kvmctl stop --force\" on both sides gives the guest up",
		name_of(h));
}

int act_handover_finish(struct handover *h, struct error *err)
{
	for (;;) {
		enum outgoing_end end;

		if (act_outgoing_drive(h->outgoing, &end, err) < 0)
			return lost(h, err);
		if (end == OUTGOING_COMPLETED)
			return 0;
		if (end == OUTGOING_FAILED || (end == OUTGOING_BROKEN && recover(h, err) < 0))
			return lost(h, err);
	}
}
