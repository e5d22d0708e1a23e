/* Ending the mirrors of the disks by force, and the nodes of their targets: whoever began them, and however far they are. */
#include "ops/act_mirror.h"

#include "base/log.h"
#include "base/text.h"
#include "ops/act_mirror_internal.h"

#define YANK_MS 3000 /* a job that was cancelled waits for a target that does not answer: then its connection is cut */
#define LOOK_AGAIN_MS 50

bool mirrors_is_event(const struct json *event)
{
	const char *name = json_get_string(event, "event", "");

	return starts_with(name, "JOB_") || starts_with(name, "BLOCK_JOB_");
}

bool mirror_is_event(const struct json *event, void *arg)
{
	(void)arg;
	return mirrors_is_event(event);
}

int mirror_command(struct qmp *qmp, const char *name, const char *key, const char *value, struct error *err)
{
	struct json *arguments = json_new_object();

	json_put_string(arguments, key, value);
	return qmp_execute(qmp, name, arguments, deadline_in(MIRROR_ANSWER_MS), NULL, err);
}

static int end_job(struct qmp *qmp, const char *id, const char *status, struct error *err)
{
	struct json *arguments;

	if (streq(status, "concluded"))
		return mirror_command(qmp, "job-dismiss", "id", id, err);
	arguments = json_new_object();
	json_put_string(arguments, "device", id);
	json_put_bool(arguments, "force", true);
	return qmp_execute(qmp, "block-job-cancel", arguments, deadline_in(MIRROR_ANSWER_MS), NULL, err);
}

/* *ret_left: jobs of ours that are still there. A refusal means that it is about to end. */
static int end_jobs(struct qmp *qmp, size_t *ret_left, struct error *err)
{
	_cleanup_json_ struct json *jobs = NULL;

	*ret_left = 0;
	if (qmp_execute(qmp, "query-jobs", NULL, deadline_in(MIRROR_ANSWER_MS), &jobs, err) < 0)
		return -1;
	for (size_t i = 0; i < json_length(jobs); i++) {
		const char *id = json_get_string(json_at(jobs, i), "id", "");
		const char *status = json_get_string(json_at(jobs, i), "status", "");

		if (!starts_with(id, MIRROR_JOB))
			continue;
		++*ret_left;
		if (!streq(status, "aborting") && end_job(qmp, id, status, err) < 0) {
			if (qmp_state(qmp) == QMP_DEAD)
				return -1;
			error_clear(err);
		}
	}
	return 0;
}

static int try_nodes(struct qmp *qmp, struct error *err)
{
	_cleanup_json_ struct json *nodes = NULL, *flat = json_new_object();
	_cleanup_error_ struct error why = ERROR_INIT;

	json_put_bool(flat, "flat", true);
	if (qmp_execute(qmp, "query-named-block-nodes", take_ptr(flat), deadline_in(MIRROR_ANSWER_MS), &nodes, err) < 0)
		return -1;
	for (size_t i = 0; i < json_length(nodes); i++) {
		const char *name = json_get_string(json_at(nodes, i), "node-name", "");

		if (starts_with(name, MIRROR_NODE) && mirror_command(qmp, "blockdev-del", "node-name", name, &why) < 0)
			error_move(err, &why);
	}
	return err->kind == ERROR_NONE ? 0 : -1;
}

/* A driver that copies and the command that calls it off both sweep: what one finds, the other may just have removed. */
static int remove_nodes(struct qmp *qmp, struct error *err)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;

	if (try_nodes(qmp, err) == 0)
		return 0;
	if (qmp_state(qmp) == QMP_DEAD || try_nodes(qmp, &ignored) < 0)
		return error_prefix(err, "the target's copy of a disk");
	error_clear(err);
	return 0;
}

/* Cuts the connections to the target: what is under way on them fails, and the jobs end. Since QEMU 6.0; without it they end when the target does. */
static void yank(struct qmp *qmp)
{
	_cleanup_json_ struct json *known = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;
	struct json *ours = json_new_array(), *arguments = json_new_object();

	if (qmp_execute(qmp, "query-yank", NULL, deadline_in(MIRROR_ANSWER_MS), &known, &err) < 0)
		log_debug("%s, ignoring", err.message);
	for (size_t i = 0; i < json_length(known); i++)
		if (starts_with(json_get_string(json_at(known, i), "node-name", ""), MIRROR_NODE))
			json_append(ours, json_ref(json_at(known, i)));
	bool any = json_length(ours) > 0;
	json_put(arguments, "instances", ours);
	error_clear(&err);
	if (!any)
		json_free(arguments);
	else if (qmp_execute(qmp, "yank", arguments, deadline_in(MIRROR_ANSWER_MS), NULL, &err) < 0)
		log_debug("%s, ignoring", err.message);
}

int mirrors_sweep(struct qmp *qmp, struct error *err)
{
	struct deadline end = deadline_in(MIRROR_CONCLUDE_MS), patience = deadline_in(YANK_MS);

	for (;;) {
		size_t left;

		if (end_jobs(qmp, &left, err) < 0)
			return -1;
		if (left == 0)
			return remove_nodes(qmp, err);
		if (deadline_passed(patience)) {
			yank(qmp);
			patience = DEADLINE_NEVER;
		}
		if (deadline_passed(end))
			return error_set(err, ERROR_TIMEOUT, "QEMU does not end its copying of the disks");
		if (qmp_rest(qmp, mirror_is_event, NULL, deadline_in(LOOK_AGAIN_MS), err) < 0)
			return -1;
	}
}
