/* One pass over many query monitors: all are asked first, then whoever answers is read. */
#include "ops/act_ask.h"

#include <sys/epoll.h>

#include "base/text.h"
#include "vm/monitor.h"

struct pass {
	struct context *context;
	struct ask *asks;
	size_t n;
	const char *const *questions;
	size_t n_questions;
	int epoll;
	size_t waiting; /* how many have not answered yet */
	struct deadline deadline;
};

static void fail(struct ask *ask, struct error *err)
{
	ask->failed = err->kind;
	free(ask->why);
	ask->why = xstrdup(err->message);
	error_clear(err);
	qmp_free(ask->qmp);
	ask->qmp = NULL;
	close_fd(&ask->lock);
	ask->lock = -1;
}

static void take_reply(const struct json *reply, void *arg)
{
	struct ask *ask = arg;

	if (ask->answered < ASK_MAX)
		ask->replies[ask->answered++] = json_ref(json_get(reply, "return"));
}

/* Lock, connection, and all questions in one write. */
static void begin(struct pass *pass, struct ask *ask, struct deadline lock_deadline)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct rundir *rundir = &pass->context->rundir;

	if (rundir_lock_query(rundir, ask->name, lock_deadline, &ask->lock, &err) < 0 ||
	    monitor_connect(rundir, ask->name, MONITOR_QUERY, &ask->qmp, &err) < 0) {
		fail(ask, &err);
		return;
	}
	for (size_t i = 0; i < pass->n_questions; i++) {
		bool last = i + 1 == pass->n_questions;

		if ((last ? qmp_send(ask->qmp, pass->questions[i], NULL, &err)
			  : qmp_queue(ask->qmp, pass->questions[i], NULL, &err)) < 0) {
			fail(ask, &err);
			return;
		}
	}
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = ask };
	if (epoll_ctl(pass->epoll, EPOLL_CTL_ADD, qmp_fd(ask->qmp), &event) < 0) {
		error_errno(&err, ERROR_OTHER, errno, "cannot wait for the query monitor of \"%s\"", ask->name);
		fail(ask, &err);
		return;
	}
	pass->waiting++;
}

static void finish(struct pass *pass, struct ask *ask)
{
	ask->complete = ask->answered >= pass->n_questions;
	qmp_free(ask->qmp);
	ask->qmp = NULL;
	close_fd(&ask->lock);
	ask->lock = -1;
}

/* True when this one is done with. */
static bool feed(struct pass *pass, struct ask *ask)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (qmp_feed(ask->qmp, take_reply, ask, &err) < 0) {
		fail(ask, &err);
		return true;
	}
	if (ask->answered < pass->n_questions)
		return false;
	finish(pass, ask);
	return true;
}

/* Reads until all have answered or the time is up. A connection that is closed is forgotten by epoll. */
static void pump(struct pass *pass)
{
	struct epoll_event events[64];
	int n;

	while (pass->waiting > 0 &&
	       (n = epoll_wait(pass->epoll, events, ELEMENTS(events), deadline_left(pass->deadline))) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		for (int i = 0; i < n; i++)
			if (feed(pass, events[i].data.ptr))
				pass->waiting--;
	}
	for (size_t i = 0; i < pass->n && pass->waiting > 0; i++) {
		_cleanup_error_ struct error err = ERROR_INIT;

		if (!pass->asks[i].qmp)
			continue;
		error_set(&err, ERROR_TIMEOUT, "its monitor does not answer");
		fail(&pass->asks[i], &err);
		pass->waiting--;
	}
}

void ask_all(struct context *context, struct ask *asks, size_t n, const char *const *questions, size_t n_questions,
	     struct deadline deadline)
{
	_cleanup_close_ int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct pass pass = { context, asks, n, questions, n_questions, epoll, 0, deadline };

	for (size_t i = 0; i < n; i++) {
		asks[i].lock = -1;
		begin(&pass, &asks[i], deadline_in(0));
	}
	pump(&pass);
	/* Somebody else was looking just then: once more, with what is left of the time. */
	for (size_t i = 0; i < n; i++)
		if (asks[i].failed == ERROR_BUSY) {
			asks[i].failed = ERROR_NONE;
			begin(&pass, &asks[i], deadline);
		}
	pump(&pass);
}

void ask_clear(struct ask *asks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < ASK_MAX; k++)
			json_free(asks[i].replies[k]);
		free(asks[i].why);
	}
}
