/* kvmctl migration serve: the far end of `kvmctl migrate`, for one instance. See ops/act_far.h for what is spoken.
 *
 * The session is the source's hold on us: when it ends before the guest was let run here, so does our part of it. Whether it was is asked of the
 * record each time, never remembered. */
#include "ops/verbs.h"

#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/file.h"
#include "base/lines.h"
#include "base/log.h"
#include "base/text.h"
#include "ops/act_define.h"
#include "ops/act_far.h"
#include "ops/act_incoming.h"
#include "ops/act_look.h"
#include "ops/act_migration_check.h"
#include "ops/act_recover.h"
#include "ops/act_teardown.h"
#include "vm/migration_info.h"
#include "vm/state.h"

#define REQUEST_DEPTH 64

struct serve {
	struct context *context;
	const char *name;
	int in, out, signals;
	struct lines lines;
	struct grant *grant; /* prepared by accept, for the very next request if that is "run"; NULL: none */
};

/* Each takes a request apart, does it, and puts what came of it into reply. */
typedef int request_fn(struct serve *serve, const struct json *request, struct json *reply, struct error *err);

static const char *get_listen(const struct json *request)
{
	return json_get_string(request, "listen", NULL);
}

static int get_info(struct serve *serve, const struct json *request, struct migration_info **ret, struct error *err)
{
	_cleanup_migration_info_ struct migration_info *info = NULL;

	if (migration_info_from_json(json_get(request, "info"), &info, err) < 0)
		return -1;
	if (!streq(info->name, serve->name))
		return error_set(err, ERROR_USAGE, "the document is about \"%s\", not \"%s\"", info->name, serve->name);
	*ret = take_ptr(info);
	return 0;
}

/* A guest that is here already must not get a twin. */
static int refuse_present(struct serve *serve, struct error *err)
{
	struct context *context = serve->context;
	_cleanup_instance_ struct instance instance = { 0 };

	if (look_instance(context, serve->name, &instance, err) < 0)
		return -1;
	if (instance.state == INSTANCE_STOPPED || instance.state == INSTANCE_STALE)
		return 0;
	error_set(err, instance.state == INSTANCE_UNKNOWN ? ERROR_UNKNOWN : ERROR_STATE, "instance \"%s\" is %s there",
		  serve->name, instance_state_to_string(instance.state));
	return error_hint(err, "look at it there with \"kvmctl info %s\"", serve->name);
}

static int do_check(struct serve *serve, const struct json *request, struct json *reply, struct error *err)
{
	_cleanup_(migration_verdict_clear) struct migration_verdict verdict = { 0 };
	_cleanup_migration_info_ struct migration_info *info = NULL;
	struct json *warnings;

	if (get_info(serve, request, &info, err) < 0 ||
	    act_migration_check(serve->context, info, get_listen(request), &verdict, err) < 0)
		return -1;
	warnings = json_new_array();
	for (char **warning = verdict.warnings; warning && *warning; warning++)
		json_append_string(warnings, *warning);
	json_put(reply, "warnings", warnings);
	json_put_bool(reply, "tls", verdict.tls);
	return 0;
}

static void forget_grant(struct serve *serve)
{
	act_grant_release(serve->grant);
	serve->grant = NULL;
}

/* Without it the grant takes some milliseconds longer, and that is all. */
static void prepare(struct serve *serve, bool exports)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (act_grant_prepare(serve->context, serve->name, exports, &serve->grant, &err) < 0)
		log_debug("%s, ignoring", err.message);
}

static void listen_to_qemu(struct serve *serve)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (act_grant_hear(serve->grant, &err) == 0)
		return;
	log_debug("%s, ignoring", err.message);
	forget_grant(serve);
}

static int do_accept(struct serve *serve, const struct json *request, struct json *reply, struct error *err)
{
	_cleanup_migration_info_ struct migration_info *info = NULL;
	struct accept_request accept = { .id = json_get_string(request, "id", ""), .listen = get_listen(request) };
	struct accept_result result = { 0 };

	if (get_info(serve, request, &info, err) < 0 || refuse_present(serve, err) < 0 ||
	    act_teardown(serve->context, serve->name, TEARDOWN_ALL, err) < 0)
		return -1;
	accept.info = info;
	if (act_accept(serve->context, &accept, &result, err) < 0)
		return -1;
	json_put_string(reply, "uri", result.uri);
	json_put_string(reply, "nbd_host", result.nbd_host ? result.nbd_host : "");
	json_put_int(reply, "nbd_port", result.nbd_port);
	json_put_int(reply, "pid", result.pid);
	accept_result_clear(&result);
	prepare(serve, info->terms.storage != STORAGE_NONE);
	return 0;
}

static int do_run(struct serve *serve, const struct json *request, struct json *reply, struct error *err)
{
	_cleanup_error_ struct error why = ERROR_INIT;
	bool paused = json_get_bool(request, "paused", false);

	(void)reply;
	if (serve->grant && act_grant_prepared(serve->grant, paused, &why) == 0) {
		forget_grant(serve);
		return 0;
	}
	forget_grant(serve);
	return act_grant(serve->context, serve->name, paused, err);
}

static int do_refuse(struct serve *serve, const struct json *request, struct json *reply, struct error *err)
{
	(void)request;
	(void)reply;
	return act_refuse(serve->context, serve->name, err);
}

static int do_recover(struct serve *serve, const struct json *request, struct json *reply, struct error *err)
{
	_cleanup_free_ char *uri = NULL;

	(void)request;
	if (act_recover(serve->context, serve->name, &uri, err) < 0)
		return -1;
	json_put_string(reply, "uri", uri);
	return 0;
}

static int do_arrival(struct serve *serve, const struct json *request, struct json *reply, struct error *err)
{
	enum arrival arrival;

	if (act_arrival(serve->context, serve->name, json_get_string(request, "id", NULL), &arrival, err) < 0)
		return -1;
	json_put_string(reply, "arrival", arrival_to_string(arrival));
	return 0;
}

static int do_define(struct serve *serve, const struct json *request, struct json *reply, struct error *err)
{
	bool changed;

	if (act_define(serve->context, serve->name, json_get(request, "spec"), json_get_bool(request, "force", false),
		       &changed, err) < 0)
		return -1;
	json_put_bool(reply, "changed", changed);
	return 0;
}

static const struct {
	const char *what;
	request_fn *fn;
} requests[] = {
	{ "check", do_check },     { "accept", do_accept },   { "run", do_run },       { "refuse", do_refuse },
	{ "recover", do_recover }, { "arrival", do_arrival }, { "define", do_define },
};

static int dispatch(struct serve *serve, const char *line, struct json *reply, struct error *err)
{
	_cleanup_json_ struct json *request = NULL;
	const char *what;

	if (json_parse(line, strlen(line), FAR_LINE_MAX, REQUEST_DEPTH, "request", &request, err) < 0)
		return -1;
	what = json_get_string(request, "do", "");
	if (!streq(what, "run"))
		forget_grant(serve);
	for (size_t i = 0; i < ELEMENTS(requests); i++)
		if (streq(requests[i].what, what))
			return requests[i].fn(serve, request, reply, err);
	error_set(err, ERROR_USAGE, "there is no request \"%s\"", what);
	return error_hint(err, "both hosts need versions of kvmctl that know each other");
}

/* False: nobody listens any more. */
static bool say(struct serve *serve, const char *key, struct json *value)
{
	_cleanup_json_ struct json *document = json_new_object();
	_cleanup_free_ char *text = NULL, *line = NULL;

	json_put(document, key, value);
	text = json_to_text(document);
	line = xprintf("%s\n", text);
	return file_write_all(serve->out, line, strlen(line)) == 0;
}

static bool answer(struct serve *serve, const char *line)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *reply = json_new_object();

	if (dispatch(serve, line, reply, &err) < 0)
		return say(serve, "error", json_new_error(&err));
	return say(serve, "ok", json_ref(reply));
}

/* 1: a line; 0: the session is at its end, by end-of-file or by a signal. */
static int next_line(struct serve *serve, char **ret, struct error *err)
{
	for (;;) {
		struct pollfd fds[3] = { { .fd = serve->in, .events = POLLIN },
					 { .fd = serve->signals, .events = POLLIN },
					 { .fd = serve->grant ? act_grant_fd(serve->grant) : -1, .events = POLLIN } };
		int taken = lines_take(&serve->lines, ret, err);

		if (taken != 0)
			return taken;
		if (deadline_poll(fds, 3, serve->context->deadline) <= 0 || fds[1].revents)
			return 0;
		if (fds[2].revents)
			listen_to_qemu(serve);
		if (fds[0].revents && !lines_read(&serve->lines, serve->in))
			return 0;
	}
}

static int greet_and_answer(struct serve *serve, struct error *err)
{
	struct json *greeting = json_new_object();
	bool heard;

	json_put_int(greeting, "protocol", FAR_PROTOCOL);
	json_put_string(greeting, "kvmctl", KVMCTL_VERSION);
	heard = say(serve, "ok", greeting);
	while (heard) {
		_cleanup_free_ char *line = NULL;
		int got = next_line(serve, &line, err);

		if (got <= 0)
			return got;
		heard = answer(serve, line);
	}
	return 0;
}

/* A guest that a cluster manager accepted is its to decide about. */
static bool is_managed(struct context *context, const char *name)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_state_ struct state *state = NULL;

	return state_read(&context->rundir, name, &state, &ignored) > 0 && state->move && state->move->managed;
}

/* What was accepted and not let run is refused; the source learns of it when it asks, or by its stream. */
static int end_session(struct serve *serve, struct error *err)
{
	enum arrival arrival;

	forget_grant(serve);
	if (act_arrival(serve->context, serve->name, NULL, &arrival, err) < 0)
		return -1;
	if (arrival != ARRIVAL_WAITING || is_managed(serve->context, serve->name))
		return 0;
	return act_refuse(serve->context, serve->name, err);
}

/* Signals that end a program end the session, not what is being done just now. */
static int catch_signals(struct error *err)
{
	sigset_t mask;
	int fd;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	fd = signalfd(-1, &mask, SFD_CLOEXEC);
	if (fd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot wait for signals");
	return fd;
}

int op_migration_serve(struct context *context, const char *name, int in, int out, struct error *err)
{
	_cleanup_close_ int lock = -1, signals = -1;
	_cleanup_error_ struct error at_end = ERROR_INIT;
	struct serve serve = { .context = context, .name = name, .in = in, .out = out };
	int result;

	if (instance_name_check(name, err) < 0 ||
	    rundir_lock(&context->rundir, name, "migration serve", context->wait, &lock, err) < 0)
		return -1;
	signals = catch_signals(err);
	if (signals < 0)
		return -1;
	serve.signals = signals;
	lines_init(&serve.lines, FAR_LINE_MAX);
	result = greet_and_answer(&serve, err);
	lines_clear(&serve.lines);
	if (end_session(&serve, result < 0 ? &at_end : err) == 0)
		return result;
	if (result < 0)
		log_warning("%s", at_end.message);
	return -1;
}
