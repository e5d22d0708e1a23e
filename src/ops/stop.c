/* kvmctl stop: the rungs, then teardown, with the lock held; --force kills first and asks for the lock afterwards. */
#include "ops/verbs.h"

#include <signal.h>

#include "base/log.h"
#include "base/text.h"
#include "ops/act_shutdown.h"
#include "ops/act_teardown.h"
#include "vm/orphan.h"

/* A supervisor that waits to start the guest again has nothing to wait for any more. */
static void cancel_restart(struct context *context, const struct instance *instance)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int pidfd = -1;
	struct process_id id = context->here;

	if (!instance->has_status || instance->status.phase != PHASE_REBOOTING || !instance->supervised)
		return;
	id.pid = instance->status.supervisor;
	id.start = instance->status.supervisor_start;
	if (process_open(&id, &pidfd, &err) == 0 && pidfd >= 0)
		process_signal(pidfd, SIGTERM, &err);
}

static int end_orphan(struct context *context, const char *name, bool force, struct stop_result *result, struct error *err)
{
	struct instance instance = { .name = (char *)name };
	int found = orphan_of(&context->rundir, &context->here, name, &instance.status.qemu, err);

	if (found <= 0)
		return found;
	if (!force) {
		error_set(err, ERROR_UNKNOWN, "instance \"%s\" is orphaned: pid %d runs without a record or monitors", name,
			  instance.status.qemu.pid);
		return error_hint(err, "\"kvmctl stop %s --force\" kills it", name);
	}
	if (act_kill(context, &instance, err) < 0)
		return -1;
	result->was_running = true;
	result->how = EXIT_FORCED;
	return 0;
}

/* A look that cannot tell is an error: "unknown" is never "not running". */
static int look(struct context *context, const char *name, struct instance *ret, struct error *err)
{
	if (instance_look(&context->rundir, name, &context->here, ret, err) < 0)
		return -1;
	if (ret->state != INSTANCE_UNKNOWN)
		return 0;
	error_set(err, ERROR_UNKNOWN, "whether instance \"%s\" runs cannot be verified: %s", name, ret->reason);
	return error_hint(err, "nothing was touched");
}

static bool is_alive(const struct instance *instance)
{
	return instance->has_status && instance->proc.start != 0;
}

/* --force: SIGKILL before anything else; whoever holds the lock sees its QEMU end. */
static int kill_first(struct context *context, const char *name, struct stop_result *result, struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };

	if (look(context, name, &instance, err) < 0)
		return -1;
	if (!is_alive(&instance))
		return end_orphan(context, name, true, result, err);
	result->was_running = true;
	result->how = EXIT_FORCED;
	return act_kill(context, &instance, err);
}

static int stop_locked(struct context *context, const struct instance *instance, bool force, struct stop_result *result, struct error *err)
{
	const char *name = instance->name;

	cancel_restart(context, instance);
	if (is_alive(instance)) {
		result->was_running = true;
		if (act_shutdown(context, instance, PHASE_STOPPING, &result->how, err) < 0)
			return -1;
	} else if (!force && end_orphan(context, name, false, result, err) < 0) {
		return -1;
	}
	if (instance->has_status && instance->status.qemu.pid > 0 &&
	    act_settle_exit(context, instance, result->was_running ? result->how : EXIT_UNKNOWN, err) < 0)
		return -1;
	return act_teardown(context, name, TEARDOWN_ALL, err);
}

int op_stop(struct context *context, const char *name, bool force, struct stop_result *ret, struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };
	_cleanup_close_ int lock = -1;
	struct stop_result result = { 0 };

	if (instance_name_check(name, err) < 0 || (force && kill_first(context, name, &result, err) < 0) ||
	    rundir_lock(&context->rundir, name, force ? "stop --force" : "stop", context->wait, &lock, err) < 0 ||
	    look(context, name, &instance, err) < 0 || stop_locked(context, &instance, force, &result, err) < 0)
		return -1;
	close_fd(&lock);
	lock = -1;
	act_await_supervisor(context, &instance);
	result.name = xstrdup(name);
	*ret = result;
	return 0;
}
