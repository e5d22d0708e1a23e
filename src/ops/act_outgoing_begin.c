/* Telling the source's QEMU how to migrate, and where to. */
#include "ops/act_outgoing.h"

#include <fcntl.h>
#include <libgen.h>

#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/socket.h"
#include "vm/migration_place.h"
#include "vm/migration_tls.h"

#define STREAM "kvmctl-migration" /* the descriptor's name inside QEMU */
#define RESUME_MS 15000
#define MIB (INT64_C(1) << 20)
#define BANDWIDTH_MAX (INT64_MAX / MIB) /* more than QEMU can count is as good as no limit */

static struct deadline step(const struct outgoing *outgoing)
{
	return context_step(outgoing->control->context, outgoing->control->context->settings->timeouts.command);
}

/* Several channels are connected by QEMU itself; one we can connect for it: it may see neither path nor network. */
static int set_capabilities(struct outgoing *outgoing, struct error *err)
{
	_cleanup_strv_ char **on = migration_terms_capabilities(outgoing->terms, false);

	if (outgoing->policy->auto_converge)
		strv_add(&on, "auto-converge");
	return migration_set_capabilities(outgoing->control->qmp, on, step(outgoing), err);
}

/* QEMU keeps what an earlier migration was told: all that we may set is set each time. */
static int set_parameters(struct outgoing *outgoing, struct error *err)
{
	const struct migration_terms *terms = outgoing->terms;
	const struct migration_policy *policy = outgoing->policy;
	int64_t bandwidth = policy->bandwidth > 0 ? policy->bandwidth : BANDWIDTH_MAX;
	struct json *parameters = json_new_object();

	json_put_int(parameters, "max-bandwidth", (bandwidth < BANDWIDTH_MAX ? bandwidth : BANDWIDTH_MAX) * MIB);
	json_put_int(parameters, "downtime-limit", policy->downtime);
	json_put_int(parameters, "max-postcopy-bandwidth", 0);
	json_put_string(parameters, "tls-creds", terms->tls ? MIGRATION_TLS_CLIENT : "");
	json_put_string(parameters, "tls-hostname", terms->tls && outgoing->tls_hostname ? outgoing->tls_hostname : "");
	if (terms->channels > 0) {
		json_put_int(parameters, "multifd-channels", terms->channels);
		json_put_string(parameters, "multifd-compression", terms->compression);
	}
	return migration_set_parameters(outgoing->control->qmp, parameters, step(outgoing), err);
}

static int connect_path(const char *path, int *ret_fd, struct error *err)
{
	/* A target's socket may lie elsewhere, with a link to it where it was asked for. */
	_cleanup_free_ char *real = realpath(path, NULL), *head = xstrdup(real ? real : path), *tail = xstrdup(head);
	_cleanup_close_ int dir = open(dirname(head), O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open the directory of \"%s\"", path);
	if (socket_connect_at(dir, basename(tail), ret_fd, err) == 0)
		return 0;
	error_prefix(err, "\"unix:%s\"", path);
	return error_hint(err, "is the target waiting there?");
}

static int give_descriptor(struct outgoing *outgoing, int fd, struct error *err)
{
	struct json *arguments = json_new_object();

	json_put_string(arguments, "fdname", STREAM);
	return qmp_execute_fds(outgoing->control->qmp, "getfd", arguments, &fd, 1, step(outgoing), NULL, err);
}

/* QEMU's own words for a port that is missing name neither it nor the form. */
static bool is_tcp_uri(const char *uri)
{
	struct migration_place place = { 0 };
	_cleanup_error_ struct error ignored = ERROR_INIT;

	if (!starts_with(uri, "tcp:") || migration_place_parse(uri, &place, &ignored) < 0)
		return false;
	bool whole = *place.host && place.port > 0;
	migration_place_clear(&place);
	return whole;
}

/* What QEMU is told: the URI itself, or that it has got the stream already. Owned by the caller. */
static int hand_stream(struct outgoing *outgoing, char **ret, struct error *err)
{
	const char *uri = outgoing->uri;
	bool is_path = starts_with(uri, "unix:"), is_fd = starts_with(uri, "fd:");
	_cleanup_close_ int own = -1;
	int64_t fd;

	if (!is_fd && !is_path && !is_tcp_uri(uri)) {
		error_set(err, ERROR_USAGE, "\"%s\" is no place to migrate to", uri);
		return error_hint(err,
				  "tcp:HOST:PORT, unix:PATH or fd:N: \"migration accept\" on the target prints it");
	}
	if (is_fd && outgoing->terms->channels > 0)
		return error_set(err, ERROR_USAGE, "\"%s\" is one stream: several channels need \"tcp:\" or \"unix:\"",
				 uri);
	if (!is_fd && !(is_path && outgoing->terms->channels == 0)) {
		*ret = xstrdup(uri);
		return 0;
	}
	if (is_path) {
		if (connect_path(uri + strlen("unix:"), &own, err) < 0)
			return -1;
		fd = own;
	} else if (parse_int(uri + strlen("fd:"), "the descriptor of \"fd:N\"", 0, INT32_MAX, &fd, err) < 0) {
		err->kind = ERROR_USAGE;
		return -1;
	} else if (fcntl((int)fd, F_GETFD) < 0) {
		return error_set(err, ERROR_USAGE, "\"%s\" is not open", uri);
	}
	*ret = xstrdup("fd:" STREAM);
	return give_descriptor(outgoing, (int)fd, err);
}

static int migrate(struct outgoing *outgoing, bool resume, struct error *err)
{
	_cleanup_free_ char *uri = NULL;
	struct json *arguments;

	if (hand_stream(outgoing, &uri, err) < 0)
		return -1;
	arguments = json_new_object();
	json_put_string(arguments, "uri", uri);
	if (resume)
		json_put_bool(arguments, "resume", true);
	return qmp_execute(outgoing->control->qmp, "migrate", arguments,
			   context_step(outgoing->control->context, qmp_command("migrate")->deadline_ms), NULL, err);
}

int act_outgoing_pause(struct outgoing *outgoing, struct deadline deadline, struct error *err)
{
	if (outgoing->was_paused)
		return 0;
	if (qmp_execute(outgoing->control->qmp, "stop", NULL, deadline, NULL, err) < 0)
		return -1;
	outgoing->paused_at_ms = clock_boottime_ms();
	return 0;
}

int act_outgoing_begin(struct outgoing *outgoing, struct error *err)
{
	if (set_capabilities(outgoing, err) < 0 || set_parameters(outgoing, err) < 0)
		return -1;
	if (!outgoing->policy->live && act_outgoing_pause(outgoing, step(outgoing), err) < 0)
		return -1;
	outgoing->began_ms = clock_boottime_ms();
	return migrate(outgoing, false, err);
}

int act_outgoing_resume(struct outgoing *outgoing, const char *uri, struct error *err)
{
	if (uri)
		outgoing->uri = uri;
	if (migrate(outgoing, true, err) < 0)
		return -1;
	if (migration_await_resumed(outgoing->control->qmp, context_step(outgoing->control->context, RESUME_MS), err) ==
	    0)
		return 0;
	error_prefix(err, "instance \"%s\", at \"%s\"", outgoing->control->instance.name, outgoing->uri);
	return error_hint(err,
			  "does the target wait there? \"kvmctl migration accept NAME --recover\" lets it; then again");
}
