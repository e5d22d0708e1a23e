/* Supervisors: their command line, and a new one for a guest that has lost its own. */
#include "ops/act_supervise.h"

#include <inttypes.h>

#include "base/log.h"
#include "base/module.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/child.h"
#include "host/socket.h"
#include "vm/monitor.h"
#include "vm/state.h"

#define ATTACHED_EVENT_FD 3

static void add(char ***argv, const char *option, const char *value)
{
	strv_add(argv, option);
	strv_add(argv, value);
}

static void add_number(char ***argv, const char *option, int64_t value)
{
	strv_add(argv, option);
	strv_addf(argv, "%" PRId64, value);
}

/* All that the supervisor must know stands here: it reads neither spec nor settings, so it stays small,
 * and a file that changes while the guest runs does not change its ways. */
char **supervision_argv(const struct supervision *supervision, const char *path, const char *kvmctl)
{
	const struct hvparams *hv = &supervision->spec->hv;
	const struct settings *settings = supervision->context->settings;
	char **argv = NULL;

	strv_add(&argv, path);
	add(&argv, "--name", supervision->spec->name);
	add(&argv, "--run-dir", supervision->context->rundir.path);
	add(&argv, "--kvmctl", kvmctl);
	add_number(&argv, "--qemu", supervision->qemu);
	add_number(&argv, "--qemu-start", (int64_t)supervision->qemu_start);
	add_number(&argv, "--log-max", settings->log_max);
	add_number(&argv, "--log-offset", supervision->log_start);
	add(&argv, "--on-crash", hv->on_crash);
	add_number(&argv, "--restarts", supervision->restarts);
	if (supervision->event_fd >= 0)
		add_number(&argv, "--event-fd", supervision->event_fd);
	if (supervision->start_fd >= 0)
		add_number(&argv, "--start-fd", supervision->start_fd);
	if (!is_empty(settings->file))
		add(&argv, "--config", settings->file);
	if (supervision->cgroup_dir)
		add(&argv, "--cgroup-dir", supervision->cgroup_dir);
	if (supervision->foreground) {
		strv_add(&argv, "--foreground");
		add_number(&argv, "--starter", supervision->starter);
	}
	if (supervision->attached)
		strv_add(&argv, "--attached");
	if (hv->user_shutdown)
		strv_add(&argv, "--user-shutdown");
	if (streq(hv->reboot_behavior, "exit"))
		strv_add(&argv, "--reboot-exit");
	return argv;
}

/* The cgroup of the record, or NULL. Borrowed. */
static const char *recorded_cgroup(const struct state *state)
{
	for (size_t i = 0; i < json_length(state->resources); i++) {
		const struct json *record = json_at(state->resources, i);

		if (streq(json_get_string(record, "kind", ""), "placement") &&
		    starts_with(json_get_string(record, "type", ""), "cgroup"))
			return json_get_string(record, "path", NULL);
	}
	return NULL;
}

static void set_supervisor(struct status *status, void *arg)
{
	const struct process_id *supervisor = arg;

	status->supervisor = supervisor->pid;
	status->supervisor_start = supervisor->start;
}

/* It writes this itself, but later: a second cleanup must not give the guest a second one. */
static int note_supervisor(struct rundir *rundir, const char *name, pid_t pid, struct error *err)
{
	_cleanup_error_ struct error unwritten = ERROR_INIT;
	struct process_id id;

	if (process_identify(pid, &id, err) < 0)
		return error_prefix(err, "the new supervisor");
	if (instance_note(rundir, name, set_supervisor, &id, &unwritten) < 0)
		log_warning("%s, ignoring", unwritten.message);
	return 0;
}

static int spawn_attached(const struct supervision *supervision, int event_fd, pid_t *ret_pid, struct error *err)
{
	_cleanup_free_ char *path = NULL, *kvmctl = NULL;
	_cleanup_strv_ char **argv = NULL, **env = NULL;
	const struct child_fd fds[] = { { event_fd, ATTACHED_EVENT_FD } };
	struct child child = CHILD_INIT;

	if (module_find("kvmctl-supervisor", &path, err) < 0 || module_find("kvmctl", &kvmctl, err) < 0)
		return -1;
	argv = supervision_argv(supervision, path, kvmctl);
	strv_add(&env, CHILD_PATH);
	child.path = path;
	child.argv = argv;
	child.env = env;
	child.fds = fds;
	child.n_fds = ELEMENTS(fds);
	child.new_session = true;
	return child_spawn(&child, ret_pid, NULL, err);
}

/* What the guest was started with counts, not what its file says by now. Restarts are not counted on:
 * how many there were died with the old supervisor. */
int act_attach_supervisor(struct context *context, const struct instance *instance, struct error *err)
{
	_cleanup_state_ struct state *state = NULL;
	_cleanup_spec_ struct spec *spec = NULL;
	_cleanup_free_ char *file = xprintf("%s%s", instance->name, monitor_suffix(MONITOR_EVENT));
	_cleanup_close_ int event_fd = -1;
	pid_t pid;
	int found = state_read(&context->rundir, instance->name, &state, err);

	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, ERROR_UNKNOWN, "nothing is recorded of instance \"%s\"", instance->name);
	if (spec_from_json(state->spec, "recorded spec", instance->name, context->settings, &spec, err) < 0 ||
	    socket_connect_at(rundir_part(&context->rundir, RUNDIR_CTRL), file, &event_fd, err) < 0)
		return -1;
	const struct supervision supervision = {
		.context = context,
		.spec = spec,
		.qemu = instance->status.qemu.pid,
		.qemu_start = instance->status.qemu.start,
		.cgroup_dir = recorded_cgroup(state),
		.attached = true,
		.event_fd = ATTACHED_EVENT_FD,
		.start_fd = -1,
	};
	if (spawn_attached(&supervision, event_fd, &pid, err) < 0)
		return -1;
	return note_supervisor(&context->rundir, instance->name, pid, err);
}
