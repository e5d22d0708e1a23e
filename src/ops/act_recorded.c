/* Starting again from the record: guest-visible things stay, host things follow the spec file. */
#include "ops/act_recorded.h"

#include "base/log.h"
#include "base/text.h"
#include "ops/act_teardown.h"
#include "vm/state.h"

/* The recorded document with the host-seen parameters of the file's. */
static struct json *merge(const struct state *state, const struct spec_loaded *current)
{
	struct json *document = json_copy(state->spec);
	struct json *given = hvparams_to_json(&current->spec->hv, true);
	struct json *merged = json_new_object();
	struct json *recorded = json_get(document, "hvparams");

	for (struct json_iter it = json_iter(recorded); json_next(&it);) {
		const struct param_row *row = param_find(it.key);

		if (row && row->seen == SEEN_GUEST)
			json_put(merged, it.key, json_copy(it.value));
	}
	for (struct json_iter it = json_iter(given); json_next(&it);) {
		const struct param_row *row = param_find(it.key);

		if (row && row->seen == SEEN_HOST)
			json_put(merged, it.key, json_copy(it.value));
	}
	json_free(given);
	json_put(document, "hvparams", merged);
	return document;
}

/* The spec for the next run: recorded, with the host's part of the file where that can be read. */
static int load_recorded(struct context *context, const struct state *state, struct spec_loaded *ret, struct error *err)
{
	_cleanup_spec_loaded_ struct spec_loaded current = SPEC_LOADED_INIT;
	_cleanup_error_ struct error unread = ERROR_INIT;
	_cleanup_json_ struct json *document = NULL;
	const struct spec_source source = { state->name, state->spec_file };
	_cleanup_free_ char *what = xprintf("recorded spec of \"%s\"", state->name);

	if (!is_empty(state->spec_file) && spec_load(context, &source, &current, &unread) == 0) {
		document = merge(state, &current);
		ret->digest = xstrdup(current.digest);
	} else {
		if (unread.kind != ERROR_NONE)
			log_notice("%s: the recorded spec is used: %s", state->name, unread.message);
		document = json_ref(state->spec);
		ret->digest = xstrdup(state->spec_digest);
	}
	ret->file = xstrdup(state->spec_file);
	return spec_from_json(document, what, state->name, context->settings, &ret->spec, err);
}

int act_launch_recorded(struct context *context, const char *name, struct launch_request *request, pid_t *ret_pid,
			struct error *err)
{
	_cleanup_state_ struct state *state = NULL;
	_cleanup_spec_loaded_ struct spec_loaded loaded = SPEC_LOADED_INIT;
	int found = state_read(&context->rundir, name, &state, err);

	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, ERROR_NO_INSTANCE, "nothing is recorded of instance \"%s\"", name);
	if (load_recorded(context, state, &loaded, err) < 0)
		return -1;

	struct launch_request recorded = *request;
	recorded.loaded = &loaded;
	recorded.recorded = &state->hardware;
	return act_launch(context, &recorded, ret_pid, err);
}

int act_finish_reboot(struct context *context, const char *name, pid_t *ret_pid, struct error *err)
{
	struct launch_request launch = { .paused = false };

	if (act_teardown(context, name, TEARDOWN_KEEP_RECORD, err) < 0)
		return -1;
	return act_launch_recorded(context, name, &launch, ret_pid, err);
}
