/* kvmctl migrate: the whole move of a running instance to another host, in one session with kvmctl there.
 *
 * Until the hand-over everything can be taken back, and every error does it: the guest runs on here. From the hand-over on nobody interrupts us,
 * and the other side decides. */
#include "ops/verbs.h"

#include <string.h>
#include <uuid/uuid.h>

#include "base/lock.h"
#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "ops/act_far.h"
#include "ops/act_handover.h"
#include "ops/act_migration_info.h"
#include "ops/act_mirror.h"
#include "ops/act_outgoing.h"
#include "ops/act_resolve.h"
#include "ops/act_spec.h"
#include "vm/state.h"

/* How long the far side may take, beside what it says of itself: to come up, to look at everything, to start a QEMU. */
#define OPEN_MS 60000
#define CHECK_MS 120000
#define ACCEPT_MS 300000
#define REFUSE_MS 60000

struct journey {
	struct context *context;
	const struct migrate_request *request;
	const char *name;
	char **command;             /* that runs kvmctl there */
	const char *host, *reached; /* without user@; where the memory goes */
	char id[UUID_STR_LEN];
	struct migration_info *info;
	struct migration_policy policy;
	struct control control;
	struct far *far;
	struct move *move; /* a copy of what is recorded */
	char *uri, *nbd_host;
	int nbd_port;
	struct mirrors *mirrors;
	struct outgoing outgoing;
	struct handover handover;
	bool recorded, accepted, post_copy;
	int64_t began_ms;
};

static void journey_clear(struct journey *j)
{
	mirrors_free(j->mirrors);
	far_close(j->handover.far ? j->handover.far : j->far);
	control_close(&j->control);
	strv_free(j->command);
	migration_info_free(j->info);
	move_free(j->move);
	free(j->uri);
	free(j->nbd_host);
}

static bool is_interrupted(const struct journey *j)
{
	return j->request->interrupted && *j->request->interrupted;
}

static int stop_if_interrupted(const struct journey *j, struct error *err)
{
	if (!is_interrupted(j))
		return 0;
	error_set(err, ERROR_OTHER, "the migration of \"%s\" was cancelled", j->name);
	return error_hint(err, "the guest runs on here");
}

/* --- before anything is changed --- */

/* An earlier move of this instance that was cut off is brought to its end first. */
static int resolve_earlier(struct journey *j, struct error *err)
{
	struct context *context = j->context;
	_cleanup_instance_ struct instance instance = { 0 };
	_cleanup_state_ struct state *state = NULL;
	_cleanup_close_ int lock = -1;
	enum resolved resolved;

	if (instance_name_check(j->name, err) < 0 ||
	    rundir_lock(&context->rundir, j->name, "migrate", context->wait, &lock, err) < 0 ||
	    instance_look(&context->rundir, j->name, &context->here, &instance, err) < 0)
		return -1;
	if (!instance.has_status || instance.status.phase != PHASE_OUTGOING || instance.proc.start == 0 ||
	    state_read(&context->rundir, j->name, &state, err) <= 0)
		return err->kind ? -1 : 0;
	if (!state->move || state->move->managed) {
		error_set(err, ERROR_STATE, "instance \"%s\" is being moved by a cluster manager", j->name);
		return error_hint(err, "\"kvmctl migration status %s\" shows how far it is", j->name);
	}
	if (act_resolve(context, &instance, state->move, &resolved, err) < 0)
		return -1;
	if (resolved == RESOLVED_HERE)
		return 0;
	return error_set(err, ERROR_STATE, "instance \"%s\" runs on host \"%s\" since its last move", j->name,
			 state->move->peer);
}

static int open_source(struct journey *j, struct error *err)
{
	struct context *context = j->context;

	if (resolve_earlier(j, err) < 0 || control_open(context, j->name, "migrate", &j->control, err) < 0)
		return -1;
	return act_migration_info(context, j->name, j->request->options, &j->info, &j->policy, err);
}

/* QEMU 7.2 under TCG may miss what is written while it takes stock of the written pages: ARCHITECTURE.md. */
static void warn_of_emulation(const struct journey *j)
{
	if (streq(j->info->accelerator, "tcg") && j->policy.live && !j->info->paused)
		log_warning("%s: the guest is emulated: QEMU may lose what it writes while it is moved, \"--non-live\" "
			    "is safe",
			    j->name);
}

/* A shell that leads back here, to the same run directory: the lock that is in the way is our own. */
static int refuse_oneself(struct journey *j, struct error *err)
{
	_cleanup_free_ char *holder = lock_holder(rundir_part(&j->context->rundir, RUNDIR_LOCK), j->name);

	if (err->kind != ERROR_BUSY || !*holder || !strstr(err->message, holder))
		return -1;
	error_set(err, ERROR_USAGE, "host \"%s\" is this host: its kvmctl has the same run directory", j->host);
	return error_hint(
		err, "see whether --shell leads there, and whether --config or KVMCTL_CONFIG, KVMCTL_RUN_DIR arrive");
}

static int open_far(struct journey *j, struct error *err)
{
	struct deadline deadline = context_step(j->context, OPEN_MS);

	if (far_open(j->command, j->request->host, j->name, deadline, &j->far, err) < 0)
		return refuse_oneself(j, err);
	return 0;
}

/* What both requests of the target's part begin with. */
static struct json *with_info(const struct journey *j)
{
	struct json *arguments = json_new_object();

	json_put(arguments, "info", migration_info_to_json(j->info));
	if (j->request->address)
		json_put_string(arguments, "listen", j->request->address);
	return arguments;
}

/* All that could stand in the way there, said at once. What it says to encryption is agreed on. */
static int far_check(struct journey *j, struct error *err)
{
	_cleanup_json_ struct json *reply = NULL;
	struct json *warnings;

	if (far_ask(j->far, "check", with_info(j), context_step(j->context, CHECK_MS), &reply, err) < 0)
		return -1;
	j->info->terms.tls = json_get_bool(reply, "tls", j->info->terms.tls);
	warnings = json_get(reply, "warnings");
	for (size_t i = 0; i < json_length(warnings); i++)
		log_warning("host \"%s\": %s", j->host, json_string(json_at(warnings, i), ""));
	return stop_if_interrupted(j, err);
}

/* --- from the record to the hand-over --- */

/* How to reach the other side again, whoever has to. */
static struct move *make_move(const struct journey *j)
{
	struct move *move = xcalloc(1, sizeof(*move));

	move->was_paused = j->info->paused;
	move->peer = xstrdup(j->request->host);
	move->far = strv_copy(j->command);
	move->uri = far_uri("tcp::0", j->reached);
	move->file = xstrdup("");
	move->id = xstrdup(j->id);
	return move;
}

static int record(struct journey *j, struct error *err)
{
	uuid_t uuid;

	uuid_generate(uuid);
	uuid_unparse_lower(uuid, j->id);
	j->move = make_move(j);
	j->outgoing = (struct outgoing){
		.control = &j->control,
		.terms = &j->info->terms,
		.policy = &j->policy,
		.tls_hostname = j->info->terms.tls ? j->host : "",
		.show = j->request->show,
		.arg = j->request->arg,
		.interrupted = j->request->interrupted,
		.was_paused = j->info->paused,
	};
	j->recorded = true;
	return act_outgoing_record(&j->outgoing, make_move(j), err);
}

static int accept(struct journey *j, struct error *err)
{
	_cleanup_json_ struct json *reply = NULL;
	struct json *arguments = with_info(j);

	json_put_string(arguments, "id", j->move->id);
	j->accepted = true;
	if (far_ask(j->far, "accept", arguments, context_step(j->context, ACCEPT_MS), &reply, err) < 0)
		return -1;
	j->uri = far_uri(json_get_string(reply, "uri", ""), j->reached);
	j->nbd_host = far_address(json_get_string(reply, "nbd_host", ""), j->reached);
	j->nbd_port = (int)json_get_int(reply, "nbd_port", 0);
	j->outgoing.uri = j->uri;
	return stop_if_interrupted(j, err);
}

static void show_mirrors(const struct mirrors *mirrors, void *arg)
{
	const struct journey *j = arg;
	struct outgoing_progress progress = {
		.migration = { .state = MIGRATION_NONE, .ram_total = -1, .ram_remaining = -1, .expected_downtime = -1 },
		.elapsed_ms = clock_boottime_ms() - j->began_ms
	};

	mirrors_progress(mirrors, &progress.disk_total, &progress.disk_done);
	j->request->show(&progress, j->request->arg);
}

/* The disks first: memory that was sent before them would be written again meanwhile. */
static int copy_storage(struct journey *j, struct error *err)
{
	struct mirror_request request = {
		.host = j->nbd_host,
		.port = j->nbd_port,
		.info = j->info,
		.tls_hostname = j->outgoing.tls_hostname,
		.bandwidth = j->policy.bandwidth * 1024 * 1024,
	};

	if (j->info->terms.storage == STORAGE_NONE)
		return 0;
	if (act_mirror_start(&j->control, &request, &j->mirrors, err) < 0 ||
	    mirrors_wait(j->mirrors, j->request->show ? show_mirrors : NULL, j, j->request->interrupted, err) < 0)
		return -1;
	j->outgoing.mirrors = j->mirrors;
	return 0;
}

/* As far as the guest can be taken back: until it stands here and can run there. */
static int drive(struct journey *j, struct error *err)
{
	for (;;) {
		enum outgoing_end end;

		if (act_outgoing_drive(&j->outgoing, &end, err) < 0 || end == OUTGOING_FAILED)
			return -1;
		j->post_copy = end == OUTGOING_POST_COPY;
		if (end != OUTGOING_PRE_SWITCHOVER)
			return 0;
		if ((j->mirrors && mirrors_finish(j->mirrors, err) < 0) || act_outgoing_continue(&j->outgoing, err) < 0)
			return -1;
	}
}

static int travel(struct journey *j, struct error *err)
{
	return record(j, err) < 0 || accept(j, err) < 0 || copy_storage(j, err) < 0 ||
			       act_outgoing_begin(&j->outgoing, err) < 0 || drive(j, err) < 0
		       ? -1
		       : 0;
}

/* Before the hand-over: the guest is ours. What waits there is told to go, and goes by itself if it does not hear that. */
static int come_back(struct journey *j, struct error *err)
{
	_cleanup_error_ struct error at_it = ERROR_INIT;

	if (!j->recorded)
		return -1;
	if (act_outgoing_keep(j->context, j->name, j->control.qmp, &at_it) < 0) {
		log_warning("%s", at_it.message);
		error_hint(err, "\"kvmctl cleanup %s\" lets the guest run on here", j->name);
	} else if (err->kind == ERROR_UNKNOWN) {
		/* What became of a request does not matter any more. */
		err->kind = ERROR_HOST;
		error_hint(err, "the guest runs on here");
	}
	error_clear(&at_it);
	if (j->accepted && far_ask(j->far, "refuse", NULL, deadline_in(REFUSE_MS), NULL, &at_it) < 0)
		log_verbose("%s, ignoring", at_it.message);
	return -1;
}

/* --- the hand-over, and after it --- */

static int hand_over(struct journey *j, struct error *err)
{
	struct handover *h = &j->handover;
	enum resolved resolved;

	*h = (struct handover){ .outgoing = &j->outgoing,
				.far = j->far,
				.move = j->move,
				.paused = j->request->paused || j->info->paused };
	j->far = NULL;
	if (act_handover(h, &resolved, err) < 0)
		return -1;
	if (resolved == RESOLVED_THERE)
		return j->post_copy ? act_handover_finish(h, err) : 0;
	j->accepted = false;
	return come_back(j, err);
}

/* QEMU's own downtime ends when all has been sent; what the other side then took to let the guest run is not in it, nor the time before in which we
 * had paused it. */
static void tell(struct journey *j, struct migrate_result *result)
{
	_cleanup_migration_progress_ struct migration_progress progress = { 0 };
	_cleanup_error_ struct error ignored = ERROR_INIT;

	*result = (struct migrate_result){ .post_copy = j->post_copy,
					   .paused = j->handover.paused,
					   .downtime_ms = -1,
					   .passes = -1,
					   .ram_transferred = -1 };
	if (migration_query(j->control.qmp, context_step(j->context, j->context->settings->timeouts.command), &progress,
			    &ignored) < 0)
		return;
	result->passes = progress.passes;
	result->ram_transferred = progress.ram_transferred;
	if (j->outgoing.paused_at_ms && !j->post_copy)
		result->downtime_ms = clock_boottime_ms() - j->outgoing.paused_at_ms;
	else if (progress.downtime >= 0)
		result->downtime_ms = progress.downtime + j->handover.took_ms;
}

static int migrate(struct journey *j, struct migrate_result *ret, struct error *err)
{
	struct migrate_result result;

	if (open_source(j, err) < 0 || open_far(j, err) < 0 || far_check(j, err) < 0)
		return -1;
	warn_of_emulation(j);
	if (travel(j, err) < 0)
		return come_back(j, err);
	if (hand_over(j, err) < 0)
		return -1;
	tell(j, &result);
	if (act_outgoing_gone(j->context, j->name, j->control.qmp, err) < 0)
		return -1;
	result.took_ms = clock_boottime_ms() - j->began_ms;
	*ret = result;
	return 0;
}

/* --- only the definition --- */

static int migrate_definition(struct journey *j, struct migrate_result *ret, struct error *err)
{
	_cleanup_spec_loaded_ struct spec_loaded loaded = SPEC_LOADED_INIT;
	_cleanup_instance_ struct instance instance = { 0 };
	_cleanup_json_ struct json *reply = NULL;
	const struct spec_source source = { .name = j->name };
	struct json *arguments;

	if (instance_name_check(j->name, err) < 0 ||
	    instance_look(&j->context->rundir, j->name, &j->context->here, &instance, err) < 0)
		return -1;
	if (instance.state != INSTANCE_STOPPED) {
		error_set(err, instance.state == INSTANCE_UNKNOWN ? ERROR_UNKNOWN : ERROR_STATE,
			  "instance \"%s\" is %s", j->name, instance_state_to_string(instance.state));
		return error_hint(err, "--offline is for one that is stopped; without it the guest moves as it runs");
	}
	if (spec_load(j->context, &source, &loaded, err) < 0 || open_far(j, err) < 0)
		return -1;
	arguments = json_new_object();
	json_put(arguments, "spec", json_copy(loaded.spec->source));
	json_put_bool(arguments, "force", j->request->force);
	if (far_ask(j->far, "define", arguments, context_step(j->context, CHECK_MS), &reply, err) < 0)
		return -1;
	*ret = (struct migrate_result){ .offline = true,
					.changed = json_get_bool(reply, "changed", false),
					.took_ms = clock_boottime_ms() - j->began_ms,
					.downtime_ms = -1,
					.passes = -1,
					.ram_transferred = -1 };
	return 0;
}

int op_migrate(struct context *context, const struct migrate_request *request, struct migrate_result *ret,
	       struct error *err)
{
	_cleanup_(journey_clear) struct journey j = {
		.context = context,
		.request = request,
		.name = request->name,
		.control = CONTROL_INIT,
		.began_ms = clock_boottime_ms(),
	};
	const char *at = strrchr(request->host, '@');

	j.host = at ? at + 1 : request->host;
	j.reached = request->address ? request->address : j.host;
	if (far_command(request->shell, request->host, request->program, &j.command, err) < 0)
		return -1;
	return request->offline ? migrate_definition(&j, ret, err) : migrate(&j, ret, err);
}
