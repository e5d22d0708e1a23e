/* kvmctl info: everything about one instance, from its record, from /proc, and from its query monitor. */
#include "ops/verbs.h"

#include <fcntl.h>
#include <inttypes.h>

#include "base/file.h"
#include "base/text.h"
#include "host/affinity.h"
#include "ops/act_bandwidth.h"
#include "ops/act_look.h"
#include "ops/act_network.h"
#include "ops/act_nic_filters.h"
#include "ops/act_spec.h"
#include "vm/saved.h"
#include "vm/state.h"

enum { ASK_STATUS, ASK_BALLOON, ASK_CPUS }; /* the first two as look_questions */

struct view {
	struct context *context;
	struct instance instance;
	struct state *state; /* NULL: nothing is recorded */
	struct spec *spec;   /* the recorded one, or NULL */
	char *spec_file;     /* with nothing recorded: that of which it would be started, or NULL */
	struct ask ask;
	struct json *document;
};

/* What is in force, from the kernel: a mask on record is only what was asked for. */
static void put_cpus(struct view *view)
{
	const struct json *cpus = view->ask.replies[ASK_CPUS];
	struct json *rows = json_new_array();

	for (size_t i = 0; i < json_length(cpus); i++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_free_ char *affinity = NULL;
		const struct json *cpu = json_at(cpus, i);
		int64_t thread = json_get_int(cpu, "thread-id", 0);
		struct json *row = json_new_object();
		cpu_set_t set;

		json_put_int(row, "vcpu", json_get_int(cpu, "cpu-index", 0));
		json_put_int(row, "thread", thread);
		if (affinity_get_thread((pid_t)thread, &set, &err) == 0)
			affinity = cpuset_to_text(&set);
		json_put_string(row, "affinity", affinity);
		json_append(rows, row);
	}
	json_put(view->document, "cpus", rows);
}

static void put_disks(struct view *view)
{
	struct json *rows = json_new_array();

	for (size_t i = 0; i < view->spec->n_disks; i++) {
		const struct disk *disk = &view->spec->disks[i];
		struct json *row = json_new_object();

		json_put_int(row, "index", (int64_t)i);
		json_put_string(row, "path", disk->path);
		json_put_string(row, "format", disk->format);
		json_put_string(row, "mode", disk->read_only ? "ro" : "rw");
		json_append(rows, row);
	}
	json_put(view->document, "disks", rows);
}

/* What lies in the drives of which the guest can take it out. */
static void put_removable(struct view *view)
{
	const struct hvparams *hv = &view->spec->hv;
	const char *const drives[][2] = { { "cdrom", hv->cdrom_image_path },
					  { "cdrom2", hv->cdrom2_image_path },
					  { "floppy", hv->floppy_image_path } };
	struct json *rows = json_new_array();

	for (size_t i = 0; i < ELEMENTS(drives); i++) {
		if (is_empty(drives[i][1]))
			continue;
		struct json *row = json_new_object();
		json_put_string(row, "drive", drives[i][0]);
		json_put_string(row, "path", drives[i][1]);
		json_append(rows, row);
	}
	json_put(view->document, "removable", rows);
}

static void put_nics(struct view *view)
{
	struct json *rows = json_new_array();

	for (size_t i = 0; i < view->spec->n_nics; i++) {
		const struct nic *nic = &view->spec->nics[i];
		_cleanup_free_ char *tap = network_tap(view->context, view->instance.name, i);
		_cleanup_free_ char *inbound = act_bandwidth_text(&nic->bandwidth.inbound);
		_cleanup_free_ char *outbound = act_bandwidth_text(&nic->bandwidth.outbound);
		struct json *row = json_new_object();

		json_put_int(row, "index", (int64_t)i);
		json_put_string(row, "mac", nic->mac);
		json_put_string(row, "mode", nic_mode_to_string(nic->mode));
		json_put_string(row, "link", nic->link);
		json_put_string(row, "tap", tap);
		json_put_string(row, "ip", nic->ip);
		json_put_string(row, "link_state", nic->link_up ? "up" : "down");
		json_put_string(row, "inbound", inbound);
		json_put_string(row, "outbound", outbound);
		json_append(rows, row);
	}
	json_put(view->document, "nics", rows);
}

/* A path in the run directory when there is such a file, else null. Only what is there: a path that
 * cannot be opened sends people looking. */
static void put_path(struct view *view, const char *key, enum rundir_part part, const char *suffix)
{
	_cleanup_free_ char *path = rundir_path(&view->context->rundir, part, view->instance.name, suffix);

	json_put_string(view->document, key, access(path, F_OK) == 0 ? path : NULL);
}

/* What is recorded of a move; how far QEMU is with it is asked by `migration status`. */
static struct json *move_of(const struct move *move)
{
	struct json *document = json_new_object();

	json_put_bool(document, "managed", move->managed);
	json_put_string(document, "peer", is_empty(move->peer) ? NULL : move->peer);
	json_put_string(document, "uri", is_empty(move->uri) ? NULL : move->uri);
	json_put_string(document, "file", is_empty(move->file) ? NULL : move->file);
	json_put_string(document, "id", is_empty(move->id) ? NULL : move->id);
	return document;
}

static void put_recorded(struct view *view)
{
	const struct state *state = view->state;
	struct json *document = view->document, *argv = json_new_array();

	json_put_string(document, "uuid", state->uuid);
	json_put_string(document, "machine", state->hardware.machine);
	json_put_string(document, "accelerator", state->accelerator);
	json_put_string(document, "qemu_version", state->qemu_version);
	json_put_string(document, "kvmctl_version", state->kvmctl_version);
	json_put_string(document, "vnc", is_empty(state->vnc) ? NULL : state->vnc);
	json_put_string(document, "spice", is_empty(state->spice) ? NULL : state->spice);
	json_put_string(document, "identity", state->identity);
	json_put_int(document, "uid", state->uid);
	json_put_string(document, "placement", state->placement);
	json_put(document, "move", state->move ? move_of(state->move) : NULL);
	json_put_string(document, "spec_file", state->spec_file);
	for (char *const *arg = state->argv; arg && *arg; arg++)
		json_append_string(argv, *arg);
	json_put(document, "argv", argv);
}

static void put_spec(struct view *view)
{
	const struct spec *spec = view->spec;
	struct json *document = view->document, *tags = json_new_array();

	json_put_string(document, "title", spec->title);
	json_put_string(document, "description", spec->description);
	for (char *const *tag = spec->tags; tag && *tag; tag++)
		json_append_string(tags, *tag);
	json_put(document, "tags", tags);
	json_put_int(document, "minmem", spec->minmem);
	json_put_string(document, "cpu_mask",
			is_empty(view->state->cpu_mask) ? spec->hv.cpu_mask : view->state->cpu_mask);
	put_disks(view);
	put_removable(view);
	put_nics(view);
	json_put(document, "filters",
		 act_nic_filters_shown(view->context, view->instance.name, spec, look_is_alive(&view->instance)));
}

static void put_exit(struct view *view)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct exit_record record = { 0 };
	int dir = rundir_part(&view->context->rundir, RUNDIR_EXIT);
	struct json *last = NULL;

	if (dir >= 0 && exit_record_read(dir, view->instance.name, &record, &err) == 1) {
		_cleanup_free_ char *ended = clock_to_text(record.ended_ms);
		_cleanup_free_ char *restart = record.restart_at_ms ? clock_to_text(record.restart_at_ms) : NULL;

		last = json_new_object();
		json_put_string(last, "reason", exit_reason_to_string(record.reason));
		json_put_string(last, "by", record.by);
		json_put_string(last, "ended", ended);
		json_put(last, "status", record.status >= 0 ? json_new_int(record.status) : NULL);
		json_put(last, "signal", record.signal > 0 ? json_new_int(record.signal) : NULL);
		json_put_string(last, "detail", record.detail);
		json_put_string(last, "words", record.words);
		json_put_int(last, "restarts", record.restarts);
		json_put_string(last, "restart_at", restart);
	}
	exit_record_free(&record);
	json_put(view->document, "last_exit", last);
}

/* Where the spec file says something else than the running instance. The digest spares the comparison as
 * a rule: a file that nobody has touched is equal. */
static void put_pending(struct view *view)
{
	_cleanup_spec_loaded_ struct spec_loaded current = SPEC_LOADED_INIT;
	_cleanup_error_ struct error err = ERROR_INIT;
	const struct spec_source source = { view->instance.name, view->state->spec_file };
	struct json *pending = json_new_array();

	json_put(view->document, "pending", pending);
	if (is_empty(view->state->spec_file) || spec_load(view->context, &source, &current, &err) < 0 ||
	    streq(current.digest, view->state->spec_digest))
		return;
	_cleanup_json_ struct json *running = spec_to_json(view->spec), *file = spec_to_json(current.spec);
	look_differences(running, file, "", pending);
}

/* The recorded spec, the monitor's answers; what cannot be had is left out, and said where it is the monitor's. */
static int gather(struct view *view, const char *name, struct error *err)
{
	static const char *const questions[] = { "query-status", "query-balloon", "query-cpus-fast" };
	_cleanup_error_ struct error ignored = ERROR_INIT;
	struct context *context = view->context;

	if (look_instance(context, name, &view->instance, err) < 0)
		return -1;
	if (state_read(&context->rundir, name, &view->state, &ignored) == 1) {
		error_clear(&ignored);
		(void)spec_from_json(view->state->spec, "recorded spec", name, context->settings, &view->spec,
				     &ignored);
	}
	if (look_is_alive(&view->instance)) {
		view->ask.name = name;
		ask_all(context, &view->ask, 1, questions, ELEMENTS(questions),
			context_step(context, context->settings->timeouts.query));
	}
	return 0;
}

static void put_saved(struct view *view)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *file = NULL;

	if (view->instance.state == INSTANCE_SAVED)
		(void)saved_file(&view->context->rundir, view->instance.name, &file, &ignored);
	json_put_string(view->document, "saved_file", file);
}

static void compose(struct view *view)
{
	_cleanup_free_ char *run_state = NULL;
	const struct instance *instance = &view->instance;

	look_correct(&view->instance, &view->ask, &run_state);
	view->document = look_row(instance);
	json_put_string(view->document, "run_state", run_state);
	json_put_string(view->document, "phase", instance->has_status ? phase_to_string(instance->status.phase) : NULL);
	if (view->state)
		put_recorded(view);
	if (view->state && view->spec)
		put_spec(view);
	if (view->ask.replies[ASK_CPUS])
		put_cpus(view);
	if (view->spec_file)
		json_put_string(view->document, "spec_file", view->spec_file);
	put_saved(view);
	put_path(view, "console", RUNDIR_CTRL, ".serial");
	put_path(view, "agent", RUNDIR_CTRL, ".agent");
	put_path(view, "serial_log", RUNDIR_LOG, ".serial");
	put_path(view, "log", RUNDIR_LOG, ".log");
	put_path(view, "events", RUNDIR_LOG, ".events");
	if (view->state && view->spec)
		put_pending(view);
	put_exit(view);
}

int op_info(struct context *context, const char *name, struct json **ret, struct error *err)
{
	struct view view = { .context = context, .ask.lock = -1 };

	if (instance_name_check(name, err) < 0 || gather(&view, name, err) < 0)
		return -1;
	if (!view.state)
		view.spec_file = spec_file_of(context, name);
	if (view.state || look_require_known(context, &view.instance, err) == 0) {
		compose(&view);
		*ret = view.document;
	}
	ask_clear(&view.ask, 1);
	free(view.spec_file);
	spec_free(view.spec);
	state_free(view.state);
	instance_clear(&view.instance);
	return err->kind == ERROR_NONE ? 0 : -1;
}
