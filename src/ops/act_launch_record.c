/* What will be made is written down before it is made: claims, state, status line. */
#include "ops/act_launch_parts.h"

#include <inttypes.h>

#include "base/strv.h"
#include "base/file.h"
#include "base/text.h"
#include "host/user.h"
#include "vm/claim.h"
#include "vm/instance.h"
#include "vm/orphan.h"
#include "vm/resource.h"

static int take_claims(struct launch *launch, struct error *err)
{
	struct claim *claims;
	size_t n;

	claims_of(launch->spec, &claims, &n);
	int result = claims_take(&launch->context->rundir, claims, n, launch->name, &launch->context->here, err);
	for (size_t i = 0; i < n; i++)
		strv_add(&launch->state->claims, claims[i].key);
	claims_free(claims, n);
	return result;
}

/* The records of all that lies outside of the run directory, in the order in which it will be made. */
static void record_resources(struct launch *launch)
{
	const struct spec *spec = launch->spec;
	struct json *list = launch->state->resources;
	const char *hook = spec->hooks ? json_get_string(spec->hooks, "stopped", NULL) : NULL;

	/* The first is taken down last. */
	if (!is_empty(hook))
		json_append(list, resource_hook(hook, launch->name));
	if (launch->placement.kind != PLACEMENT_NONE)
		json_append(list, resource_placement(placement_kind_to_string(launch->placement.kind),
						     launch->placement.path));
	if (!is_empty(spec->hv.mem_path)) {
		_cleanup_free_ char *path = xprintf("%s/%s", spec->hv.mem_path, launch->name);

		json_append(list, resource_directory(path));
	}
	/* Whoever makes it, kvmctl or an old QEMU. */
	if (starts_with(launch->plan->vnc, "unix:"))
		json_append(list, resource_socket(launch->plan->vnc + strlen("unix:")));
	launch_record_listening(launch);
	launch_record_nics(launch);
}

static char *identity_text(const struct launch *launch)
{
	return launch->plan->identity == IDENTITY_CALLER ? user_name(getuid()) : user_name(launch->facts.uid);
}

static char *placement_text(const struct placement *placement)
{
	return xprintf("%s%s%s", placement_kind_to_string(placement->kind),
		       placement->kind == PLACEMENT_NONE ? ": " : " ",
		       placement->kind == PLACEMENT_NONE ? placement->why : placement->path);
}

/* Takes over what the plan knows; the plan keeps what later steps read. */
static struct state *make_state(struct launch *launch)
{
	const struct spec_loaded *loaded = launch->request->loaded;
	const struct probe *probe = launch->probe;
	struct plan *plan = launch->plan;
	struct state *state = xcalloc(1, sizeof(*state));

	state->name = xstrdup(launch->name);
	state->uuid = xstrdup(launch->spec->uuid);
	state->phase = PHASE_STARTING;
	state->spec = json_ref(launch->spec->source);
	state->spec_file = xstrdup(loaded->file);
	state->spec_digest = xstrdup(loaded->digest);
	state->hardware = plan->hardware;
	plan->hardware = (struct hardware){ 0 };
	state->argv = strv_copy(plan->argv);
	state->qemu_version = xprintf("%d.%d.%d", probe->major, probe->minor, probe->micro);
	state->kvmctl_version = xstrdup(KVMCTL_VERSION);
	state->net_ns = instance_net_ns(&launch->context->rundir);
	state->resources = json_new_array();
	state->vnc = xstrdup(plan->vnc);
	state->spice = xstrdup(plan->spice);
	if (launch->spec->hv.serial_console)
		state->serial_log = rundir_path(&launch->context->rundir, RUNDIR_LOG, launch->name, ".serial");
	state->accelerator = xstrdup(plan->kvm ? "kvm" : "tcg");
	state->identity = identity_text(launch);
	state->uid = plan->identity == IDENTITY_CALLER ? (int64_t)getuid() : (int64_t)launch->facts.uid;
	state->placement = placement_text(&launch->placement);
	state->user_shutdown = launch->spec->hv.user_shutdown;
	state->allow_unsafe_cache = launch->request->allow_unsafe_cache;
	if (launch->request->incoming)
		state->move = move_copy(launch->request->incoming->move);
	return state;
}

/* Why it stands: it waits for its guest, or was started so. One that runs has no reason. */
static const char *reason_of(const struct launch *launch, enum phase phase)
{
	if (phase == PHASE_INCOMING)
		return MOVE_WAITING;
	return phase == PHASE_STARTING || launch->request->paused ? "start" : "";
}

int launch_write_status(struct launch *launch, enum phase phase, struct error *err)
{
	struct status status = {
		.qemu = launch->qemu,
		.phase = phase,
		.paused = phase != PHASE_RUNNING || launch->request->paused,
		.vcpus = (int)launch->spec->vcpus,
		.memory = launch->spec->maxmem,
		.maxmem = launch->spec->maxmem,
		.supervisor = launch->supervisor.pid,
		.supervisor_start = launch->supervisor.start,
		.since_ms = clock_realtime_ms(),
		.net_ns = launch->state->net_ns,
	};

	if (launch->request->incoming)
		snprintf(status.move, sizeof(status.move), "%s", launch->request->incoming->move->id);
	snprintf(status.reason, sizeof(status.reason), "%s", reason_of(launch, phase));
	return status_write(rundir_part(&launch->context->rundir, RUNDIR_PID), launch->name, &status, err);
}

/* uid/NAME, for people and for those that look for free uids. */
static int record_uid(struct launch *launch, struct error *err)
{
	_cleanup_free_ char *text = xprintf("%u\n", (unsigned)launch->facts.uid);

	if (launch->uid_fd < 0)
		return 0;
	return file_write_at(rundir_part(&launch->context->rundir, RUNDIR_UID), launch->name, text, strlen(text), 0640,
			     false, err);
}

int launch_record(struct launch *launch, struct error *err)
{
	launch->state = make_state(launch);
	record_resources(launch);
	if (guest_lock_take(&launch->context->rundir, launch->name, &launch->guest_lock, err) < 0 ||
	    take_claims(launch, err) < 0 || state_write(&launch->context->rundir, launch->state, err) < 0 ||
	    record_uid(launch, err) < 0)
		return -1;
	return launch_write_status(launch, PHASE_STARTING, err);
}
