/* Rows of instances. */
#include "ops/act_look.h"

#include <unistd.h>

#include "base/text.h"
#include "ops/act_spec.h"
#include "vm/move.h"

#define MIB (1024 * 1024)

const char *const look_questions[] = { "query-status", "query-balloon" };
const size_t look_n_questions = ELEMENTS(look_questions);

int look_require_known(const struct context *context, const struct instance *instance, struct error *err)
{
	_cleanup_free_ char *file = NULL;

	if (instance->state != INSTANCE_STOPPED || !is_empty(instance->reason))
		return 0;
	file = spec_file_of(context, instance->name);
	if (file)
		return 0;
	error_set(err, ERROR_NO_INSTANCE,
		  "nothing is known of instance \"%s\": it is not running, nothing is recorded of it, and there is no "
		  "\"%s/%s.json\"",
		  instance->name, context->settings->spec_dir, instance->name);
	return error_hint(err, "\"kvmctl list --all\" shows what is there");
}

/* "unresponsive" is what asking has found: such a one is not asked again. */
bool look_is_alive(const struct instance *instance)
{
	switch (instance->state) {
	case INSTANCE_RUNNING:
	case INSTANCE_PAUSED:
	case INSTANCE_INCOMING:
	case INSTANCE_OUTGOING:
		return true;
	case INSTANCE_STOPPED:
	case INSTANCE_SAVED:
	case INSTANCE_STALE:
	case INSTANCE_ORPHANED:
	case INSTANCE_UNRESPONSIVE:
	case INSTANCE_UNKNOWN:
	case INSTANCE_STATE_MAX:
		break;
	}
	return false;
}

bool look_has_qemu(const struct instance *instance)
{
	return look_is_alive(instance) || (instance->state == INSTANCE_UNKNOWN && instance->proc.start != 0 &&
					   streq(instance->status.reason, MOVE_HANDED_OVER));
}

/* found: what the search for an orphan came to. */
static int look_orphaned(struct instance *instance, int found)
{
	if (found > 0) {
		text_replace(&instance->reason,
			     instance->state == INSTANCE_UNKNOWN ? "record unreadable" : "no record");
		instance->state = INSTANCE_ORPHANED;
	}
	return found < 0 ? -1 : 0;
}

/* Only where there is no (readable) status line: the search for an orphan is not free. */
int look_instance(struct context *context, const char *name, struct instance *ret, struct error *err)
{
	if (instance_look(&context->rundir, name, &context->here, ret, err) < 0)
		return -1;
	if (ret->has_status)
		return 0;
	return look_orphaned(ret, orphan_of(&context->rundir, &context->here, name, &ret->status.qemu, err));
}

int look_instance_of_many(struct context *context, const char *name, const struct orphans *orphans,
			  struct instance *ret, struct error *err)
{
	if (instance_look(&context->rundir, name, &context->here, ret, err) < 0)
		return -1;
	if (ret->has_status)
		return 0;
	return look_orphaned(ret,
			     orphan_among(&context->rundir, &context->here, name, orphans, &ret->status.qemu, err));
}

/* QEMU's run states (qapi/run-state.json) that mean that the vCPUs stand, and our word for why. */
static const struct {
	const char *run_state, *reason;
} stopped[] = {
	{ "paused", "" },           { "prelaunch", "start" },
	{ "io-error", "io-error" }, { "guest-panicked", "panicked" },
	{ "watchdog", "watchdog" }, { "internal-error", "internal-error" },
	{ "shutdown", "shutdown" }, { "suspended", "suspended" },
};

/* QEMU's word is newer than the status line, but says less: "paused" does not know that a panic was the
 * cause. So the line's reason stays where QEMU has none of its own. */
static void correct_state(struct instance *instance, const char *run_state, bool running)
{
	if (instance->state != INSTANCE_RUNNING && instance->state != INSTANCE_PAUSED)
		return;
	bool was_paused = instance->state == INSTANCE_PAUSED;
	instance->state = running ? INSTANCE_RUNNING : INSTANCE_PAUSED;
	if (running) {
		if (was_paused || streq(instance->reason, "unverified"))
			text_replace(&instance->reason, "");
		return;
	}
	for (size_t i = 0; i < ELEMENTS(stopped); i++)
		if (streq(run_state, stopped[i].run_state) &&
		    (!was_paused || stopped[i].reason[0] || is_empty(instance->reason)))
			text_replace(&instance->reason, stopped[i].reason[0] ? stopped[i].reason : "user");
}

/* A monitor that somebody else holds says nothing about the guest: the state stays, and the reason says
 * why it is not fresher. */
void look_correct(struct instance *instance, const struct ask *ask, char **ret_run_state)
{
	const struct json *status = ask->replies[0], *balloon = ask->replies[1];

	*ret_run_state = NULL;
	if (ask->failed == ERROR_TIMEOUT || ask->failed == ERROR_BUSY) {
		bool busy = ask->failed == ERROR_BUSY;

		if (!busy)
			instance->state = INSTANCE_UNRESPONSIVE;
		text_replace(&instance->reason, busy                          ? "monitor busy"
						: instance->proc.state == 'T' ? "stopped by a signal"
									      : ask->why);
		return;
	}
	if (!status)
		return;
	*ret_run_state = xstrdup(json_get_string(status, "status", ""));
	correct_state(instance, *ret_run_state, json_get_bool(status, "running", false));
	if (json_get(balloon, "actual"))
		instance->status.memory = json_get_int(balloon, "actual", 0) / MIB;
}

static void put_pid(struct json *row, const char *key, pid_t pid)
{
	json_put(row, key, pid > 0 ? json_new_int(pid) : NULL);
}

struct look_figures look_figures(const struct instance *instance)
{
	const struct process_stat *proc = &instance->proc;
	long hertz = sysconf(_SC_CLK_TCK), page = sysconf(_SC_PAGESIZE);
	bool alive = instance->has_status && proc->start != 0;

	return (struct look_figures){
		.pid = alive || instance->state == INSTANCE_ORPHANED ? instance->status.qemu.pid : 0,
		.uptime = alive ? clock_boottime_ms() / 1000 - (int64_t)proc->start / hertz : -1,
		.cpu_time = alive ? (double)(proc->utime + proc->stime) / (double)hertz : -1,
		.resident = alive ? (int64_t)proc->rss_pages * page / MIB : -1,
	};
}

struct json *look_row(const struct instance *instance)
{
	const struct look_figures figures = look_figures(instance);
	const struct status *status = &instance->status;
	struct json *row = json_new_object();

	json_put_string(row, "name", instance->name);
	json_put_string(row, "state", instance_state_to_string(instance->state));
	json_put_string(row, "reason", instance->reason);
	put_pid(row, "pid", figures.pid);
	if (!instance->has_status)
		return row;
	json_put_int(row, "vcpus", status->vcpus);
	json_put_int(row, "memory", status->memory);
	json_put_int(row, "maxmem", status->maxmem);
	if (figures.uptime >= 0) {
		_cleanup_free_ char *started = clock_to_text(status->since_ms);

		json_put_int(row, "uptime", figures.uptime);
		json_put_string(row, "started", started);
		json_put(row, "cpu_time", json_new_double(figures.cpu_time));
		json_put_int(row, "resident", figures.resident);
	}
	json_put_string(row, "migration", *status->migration ? status->migration : NULL);
	put_pid(row, "supervisor", instance->supervised ? status->supervisor : 0);
	return row;
}
