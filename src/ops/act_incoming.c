/* A guest is accepted: a QEMU that waits for it, with the hardware that it sees and this host's part of the spec. */
#include "ops/act_incoming.h"

#include "base/log.h"
#include "base/text.h"
#include "ops/act_absent.h"
#include "ops/act_export.h"
#include "ops/act_host_part.h"
#include "ops/act_launch.h"
#include "vm/instance.h"
#include "vm/state.h"

void accept_result_clear(struct accept_result *result)
{
	free(result->uri);
	free(result->nbd_host);
	*result = (struct accept_result){ 0 };
}

/* The guest's own spec where this host has none of it. */
int act_arriving_spec(struct context *context, const struct migration_info *info, struct spec_loaded *ret,
		      struct error *err)
{
	_cleanup_spec_loaded_ struct spec_loaded own = SPEC_LOADED_INIT;
	_cleanup_json_ struct json *document = NULL;
	_cleanup_free_ char *what = xprintf("the spec of \"%s\" in the info document", info->name);
	const struct spec_source source = { .name = info->name };

	if (spec_load(context, &source, &own, err) == 0) {
		if (act_host_part(info->spec, own.spec, HOST_PART_OTHER, &document, err) < 0)
			return -1;
	} else if (err->kind == ERROR_NO_INSTANCE) {
		error_clear(err);
		document = json_ref(info->spec);
	} else {
		return -1;
	}
	if (spec_from_json(document, what, info->name, context->settings, &ret->spec, err) < 0)
		return -1;
	/* What the guest sees may differ from the file: info has to compare. */
	ret->file = xstrdup(own.file ? own.file : "");
	ret->digest = xstrdup("");
	return 0;
}

static struct move *new_move(const struct accept_request *request)
{
	struct move *move = xcalloc(1, sizeof(*move));

	move->managed = request->managed;
	move->was_paused = request->info->paused;
	move->id = xstrdup(request->id);
	move->peer = xstrdup("");
	move->uri = xstrdup("");
	move->asked = xstrdup(request->asked ? request->asked : "");
	move->tls = request->info->terms.tls;
	move->file = xstrdup("");
	return move;
}

/* Where it waits, for people, and for who has to let it wait again. That it cannot be written costs no more than that. */
static void record_place(struct context *context, const char *name, const struct launch_incoming *incoming)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_state_ struct state *state = NULL;

	if (state_read(&context->rundir, name, &state, &err) != 1 || !state->move)
		return;
	text_replace(&state->move->uri, incoming->uri);
	text_replace(&state->move->nbd_host, incoming->nbd_host ? incoming->nbd_host : "");
	state->move->nbd_port = incoming->nbd_port;
	text_replace(&state->found_at, incoming->uri);
	text_replace(&state->waits_at, incoming->told);
	state->waits_again = incoming->again;
	state->phase = PHASE_INCOMING;
	if (state_write(&context->rundir, state, &err) < 0)
		log_debug("%s, ignoring", err.message);
}

static int launch(struct context *context, const struct accept_request *request, const struct spec_loaded *loaded,
		  struct move *move, struct accept_result *ret, struct error *err)
{
	const struct migration_info *info = request->info;
	struct launch_incoming incoming = { .terms = &info->terms,
					    .listen = request->listen,
					    .move = move,
					    .exports = info,
					    .learned = info->learned };
	const struct launch_request launch = { .loaded = loaded, .recorded = &info->hardware, .incoming = &incoming };
	struct accept_result result = { 0 };

	if (act_launch(context, &launch, &result.pid, err) < 0) {
		free(incoming.uri);
		free(incoming.told);
		free(incoming.nbd_host);
		return -1;
	}
	record_place(context, info->name, &incoming);
	free(incoming.told);
	result.uri = incoming.uri;
	result.nbd_host = incoming.nbd_host ? incoming.nbd_host : xstrdup("");
	result.nbd_port = incoming.nbd_port;
	result.tls = info->terms.tls;
	result.storage = info->terms.storage;
	*ret = result;
	return 0;
}

/* A launch that failed before it wrote anything has not undone what was made for it. One whose QEMU could not be ended keeps its record. */
static int undo(struct context *context, const char *name)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	pid_t pid;
	int there = act_absent(context, name, TEARDOWN_ALL, &pid, &err);

	if (there < 0 || there == 1)
		log_warning("after the failed migration: %s", err.message);
	return -1;
}

int act_accept(struct context *context, const struct accept_request *request, struct accept_result *ret,
	       struct error *err)
{
	const struct migration_info *info = request->info;
	_cleanup_spec_loaded_ struct spec_loaded loaded = SPEC_LOADED_INIT;
	pid_t pid = 0;

	if (act_arriving_spec(context, info, &loaded, err) < 0 ||
	    act_absent(context, info->name, TEARDOWN_ALL, &pid, err) != 0)
		return -1;
	_cleanup_move_ struct move *move = new_move(request);
	if (act_export_make(context, &loaded, info, move, err) < 0 ||
	    launch(context, request, &loaded, move, ret, err) < 0)
		return undo(context, info->name);
	return 0;
}

/* --- asked once more --- */

static void answer_of_then(const struct instance *instance, const struct accept_request *request,
			   const struct move *move, struct accept_result *ret)
{
	ret->uri = xstrdup(move->uri);
	ret->nbd_host = xstrdup(move->nbd_host);
	ret->nbd_port = move->nbd_port;
	ret->pid = instance->status.qemu.pid;
	ret->tls = move->tls;
	ret->storage = request->info->terms.storage;
}

int act_accept_again(struct context *context, const struct accept_request *request, struct accept_result *ret,
		     struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };
	_cleanup_state_ struct state *state = NULL;
	const char *name = request->info->name;
	int found;

	if (instance_look(&context->rundir, name, &context->here, &instance, err) < 0)
		return -1;
	if (instance.state != INSTANCE_INCOMING || !streq(instance.status.reason, MOVE_WAITING))
		return 0;
	found = state_read(&context->rundir, name, &state, err);
	if (found <= 0 || !state->move || !streq(state->move->asked, request->asked))
		return found < 0 ? -1 : 0;
	if (is_empty(state->move->uri))
		return act_refuse(context, name, err);
	answer_of_then(&instance, request, state->move, ret);
	return 1;
}
