/* Telling QEMU how to migrate: words, capabilities, parameters, the event. */
#include "qemu/migration.h"

#include "base/strv.h"
#include "base/text.h"

#define LOOK_AGAIN_MS 250

static const char *const states[MIGRATION_STATE_MAX] = {
	[MIGRATION_NONE] = "none",
	[MIGRATION_SETUP] = "setup",
	[MIGRATION_CANCELLING] = "cancelling",
	[MIGRATION_CANCELLED] = "cancelled",
	[MIGRATION_ACTIVE] = "active",
	[MIGRATION_POSTCOPY_ACTIVE] = "postcopy-active",
	[MIGRATION_POSTCOPY_PAUSED] = "postcopy-paused",
	[MIGRATION_POSTCOPY_RECOVER_SETUP] = "postcopy-recover-setup",
	[MIGRATION_POSTCOPY_RECOVER] = "postcopy-recover",
	[MIGRATION_COMPLETED] = "completed",
	[MIGRATION_FAILED] = "failed",
	[MIGRATION_COLO] = "colo",
	[MIGRATION_PRE_SWITCHOVER] = "pre-switchover",
	[MIGRATION_DEVICE] = "device",
	[MIGRATION_WAIT_UNPLUG] = "wait-unplug",
};

const char *migration_state_to_string(enum migration_state state)
{
	return state < MIGRATION_STATE_MAX ? states[state] : "invalid";
}

int migration_state_from_string(const char *s, enum migration_state *ret)
{
	for (size_t i = 0; i < MIGRATION_STATE_MAX; i++)
		if (streq(s, states[i])) {
			*ret = (enum migration_state)i;
			return 0;
		}
	return -1;
}

bool migration_state_is_final(enum migration_state state)
{
	return state == MIGRATION_NONE || state == MIGRATION_COMPLETED || state == MIGRATION_FAILED ||
	       state == MIGRATION_CANCELLED;
}

bool migration_state_is_post_copy(enum migration_state state)
{
	return state == MIGRATION_POSTCOPY_ACTIVE || state == MIGRATION_POSTCOPY_PAUSED ||
	       state == MIGRATION_POSTCOPY_RECOVER_SETUP || state == MIGRATION_POSTCOPY_RECOVER;
}

int migration_query(struct qmp *qmp, struct deadline deadline, struct migration_progress *ret, struct error *err)
{
	_cleanup_json_ struct json *answer = NULL;

	if (qmp_execute(qmp, "query-migrate", NULL, deadline, &answer, err) < 0)
		return -1;
	return migration_progress_from_json(answer, ret, err);
}

bool migration_is_event(const struct json *event, void *arg)
{
	(void)arg;
	return streq(json_get_string(event, "event", ""), "MIGRATION");
}

int migration_event_state(const struct json *event, enum migration_state *ret)
{
	if (!migration_is_event(event, NULL))
		return -1;
	return migration_state_from_string(json_get_string(json_get(event, "data"), "status", ""), ret);
}

static void put_capability(struct json *list, const char *name, bool on)
{
	struct json *row = json_new_object();

	json_put_string(row, "capability", name);
	json_put_bool(row, "state", on);
	json_append(list, row);
}

/* What differs between what QEMU has and what is wanted; names that QEMU has not are added to unknown. */
static struct json *capability_changes(const struct json *present, char *const *on, char ***unknown)
{
	struct json *list = json_new_array();
	char **known = NULL;

	for (size_t i = 0; i < json_length(present); i++) {
		const struct json *row = json_at(present, i);
		const char *name = json_get_string(row, "capability", "");
		bool wanted = strv_contains(on, name);

		strv_add(&known, name);
		if (json_get_bool(row, "state", false) != wanted)
			put_capability(list, name, wanted);
	}
	for (; on && *on; on++)
		if (!strv_contains(known, *on))
			strv_add(unknown, *on);
	strv_free(known);
	return list;
}

int migration_set_capabilities(struct qmp *qmp, char *const *on, struct deadline deadline, struct error *err)
{
	_cleanup_json_ struct json *present = NULL, *changes = NULL;
	_cleanup_strv_ char **unknown = NULL;
	struct json *arguments;

	if (qmp_execute(qmp, "query-migrate-capabilities", NULL, deadline, &present, err) < 0)
		return -1;
	changes = capability_changes(present, on, &unknown);
	if (unknown) {
		_cleanup_free_ char *names = strv_join(unknown, "\", \"");

		error_set(err, ERROR_QEMU, "QEMU does not have the migration %s \"%s\"",
			  unknown[1] ? "capabilities" : "capability", names);
		return error_hint(err, "take it out of \"migration_caps\" and of the options, or use a newer QEMU");
	}
	if (json_length(changes) == 0)
		return 0;
	arguments = json_new_object();
	json_put(arguments, "capabilities", take_ptr(changes));
	return qmp_execute(qmp, "migrate-set-capabilities", arguments, deadline, NULL, err);
}

int migration_set_parameters(struct qmp *qmp, struct json *parameters, struct deadline deadline, struct error *err)
{
	return qmp_execute(qmp, "migrate-set-parameters", parameters, deadline, NULL, err);
}

int migration_await_resumed(struct qmp *qmp, struct deadline deadline, struct error *err)
{
	do {
		_cleanup_migration_progress_ struct migration_progress progress = { 0 };

		if (migration_query(qmp, deadline, &progress, err) < 0)
			return -1;
		if (progress.state != MIGRATION_POSTCOPY_PAUSED && progress.state != MIGRATION_POSTCOPY_RECOVER_SETUP)
			return 0;
		if (qmp_rest(qmp, migration_is_event, NULL, deadline_earlier(deadline, deadline_in(LOOK_AGAIN_MS)),
			     err) < 0)
			return -1;
	} while (!deadline_passed(deadline));
	return error_set(err, ERROR_QEMU, "the post-copy migration cannot be taken up again");
}
