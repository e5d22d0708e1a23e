/* A broken post-copy is taken up again: the target's half. */
#include "ops/act_recover.h"

#include <string.h>

#include "base/text.h"
#include "qemu/migration.h"
#include "vm/monitor.h"

#define RECOVER_MS 10000

/* The target may hear of the break later than the source: it has to be told then. */
static int pause_it(struct qmp *qmp, const struct migration_progress *progress, struct deadline deadline,
		    struct error *err)
{
	if (progress->state == MIGRATION_POSTCOPY_ACTIVE)
		return qmp_execute(qmp, "migrate-pause", NULL, deadline, NULL, err);
	if (progress->state == MIGRATION_POSTCOPY_PAUSED)
		return 0;
	return error_set(err, ERROR_STATE, "it does not wait for its memory: its migration is \"%s\"",
			 migration_state_to_string(progress->state));
}

/* "tcp:[::]:4000" becomes "tcp:[::]:0": the port may still be in use. A socket's path is used again. */
static char *with_any_port(const char *uri)
{
	const char *port = uri ? strrchr(uri, ':') : NULL;

	if (!port)
		return xstrdup("tcp:[::]:0");
	return starts_with(uri, "tcp:") ? xprintf("%.*s:0", (int)(port - uri), uri) : xstrdup(uri);
}

static bool is_paused(const struct json *event, void *arg)
{
	enum migration_state state;

	(void)arg;
	return migration_event_state(event, &state) == 0 && state == MIGRATION_POSTCOPY_PAUSED;
}

static int wait_paused(struct qmp *qmp, const struct migration_progress *progress, struct deadline deadline,
		       struct error *err)
{
	if (progress->state == MIGRATION_POSTCOPY_PAUSED)
		return 0;
	return qmp_wait_event(qmp, is_paused, NULL, deadline, NULL, err);
}

int act_recover(struct context *context, const char *name, char **ret, struct error *err)
{
	_cleanup_migration_progress_ struct migration_progress before = { 0 }, after = { 0 };
	_cleanup_(qmp_free_ptr) struct qmp *qmp = NULL;
	_cleanup_free_ char *uri = NULL;
	struct deadline deadline = context_step(context, RECOVER_MS);
	struct json *arguments;

	if (monitor_open(&context->rundir, name, MONITOR_CONTROL, deadline, &qmp, err) < 0 ||
	    migration_query(qmp, deadline, &before, err) < 0 || pause_it(qmp, &before, deadline, err) < 0 ||
	    wait_paused(qmp, &before, deadline, err) < 0)
		return -1;
	uri = with_any_port(before.address);
	arguments = json_new_object();
	json_put_string(arguments, "uri", uri);
	if (qmp_execute(qmp, "migrate-recover", arguments, deadline, NULL, err) < 0 ||
	    migration_query(qmp, deadline, &after, err) < 0)
		return -1;
	*ret = xstrdup(after.address ? after.address : uri);
	return 0;
}
