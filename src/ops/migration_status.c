/* kvmctl migration status: how far a move is, as QEMU and the record say. No lock is taken, nothing is changed. */
#include "ops/verbs.h"

#include "base/text.h"
#include "ops/act_control.h"
#include "ops/act_look.h"
#include "ops/act_mirror.h"
#include "vm/monitor.h"
#include "vm/state.h"

static void put_record(struct json *document, const struct instance *instance, const struct state *state)
{
	const struct move *move = state ? state->move : NULL;

	json_put_string(document, "name", instance->name);
	json_put_string(document, "state", instance_state_to_string(instance->state));
	json_put_string(document, "reason", instance->reason);
	json_put_string(document, "uri", move ? move->uri : "");
	json_put_string(document, "peer", move ? move->peer : "");
	json_put(document, "managed", move ? json_new_bool(move->managed) : NULL);
}

static void append(struct json *document, const struct json *more)
{
	for (struct json_iter it = json_iter(more); json_next(&it);)
		json_put(document, it.key, json_ref(it.value));
}

static int put_asked(struct context *context, const char *name, struct json *document, struct error *err)
{
	_cleanup_close_ int lock = -1;
	_cleanup_qmp_ struct qmp *qmp = NULL;
	_cleanup_migration_progress_ struct migration_progress progress = { 0 };
	struct deadline deadline = context_step(context, context->settings->timeouts.command);
	int64_t total, done;

	if (rundir_lock_query(&context->rundir, name, deadline, &lock, err) < 0 ||
	    monitor_open(&context->rundir, name, MONITOR_QUERY, deadline, &qmp, err) < 0 ||
	    migration_query(qmp, deadline, &progress, err) < 0 || mirrors_ask(qmp, deadline, &total, &done, err) < 0)
		return -1;
	_cleanup_json_ struct json *asked = migration_progress_to_json(&progress);
	append(document, asked);
	json_put_int(document, "disk_total", total);
	json_put_int(document, "disk_done", done);
	return 0;
}

/* What the supervisor has heard last may say why QEMU hears nothing. */
static int explain(const struct instance *instance, struct error *err)
{
	if (!streq(instance->status.migration, migration_state_to_string(MIGRATION_POSTCOPY_PAUSED)))
		return -1;
	return error_hint(
		err,
		"its post-copy has lost its connection, and QEMU waits for a page that is still on the source: "
		"\"kvmctl migration accept %s --recover\" lets it wait for the connection again",
		instance->name);
}

int op_migration_status(struct context *context, const char *name, struct json **ret, struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };
	_cleanup_state_ struct state *state = NULL;
	_cleanup_json_ struct json *document = json_new_object();

	if (look_instance(context, name, &instance, err) < 0)
		return -1;
	if (!look_has_qemu(&instance))
		return control_not_running(context, &instance, err);
	if (state_read(&context->rundir, name, &state, err) < 0)
		return -1;
	put_record(document, &instance, state);
	if (put_asked(context, name, document, err) < 0)
		return err->kind == ERROR_TIMEOUT ? explain(&instance, err) : -1;
	*ret = take_ptr(document);
	return 0;
}
