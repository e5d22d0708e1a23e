/* Mirrors of the disks on the target.
 *
 * A job is asked about, not listened to: its events only wake us. auto-dismiss is off, so one that failed stays until it was asked why; a name of
 * ours tells it from jobs of others. */
#include "ops/act_mirror.h"

#include "base/log.h"
#include "base/text.h"
#include "ops/act_mirror_internal.h"
#include "vm/migration_policy.h"
#include "vm/migration_tls.h"

#define OPEN_MS 20000 /* the target may be far */
#define TICK_MS 250

struct mirror {
	size_t index; /* of the disk */
	char *path;   /* for errors */
	int64_t total, done;
	bool ready, concluded;
};

struct mirrors {
	struct control *control;
	struct mirror *list;
	size_t n;
	bool finishing;            /* each has been told to end */
	int64_t seen, moved_at_ms; /* how much had been copied when something last went on, and when that was */
};

static struct qmp *monitor(const struct mirrors *mirrors)
{
	return mirrors->control->qmp;
}

void mirrors_free(struct mirrors *mirrors)
{
	if (!mirrors)
		return;
	for (size_t i = 0; i < mirrors->n; i++)
		free(mirrors->list[i].path);
	free(mirrors->list);
	free(mirrors);
}

void mirrors_free_ptr(struct mirrors **mirrors)
{
	mirrors_free(*mirrors);
}

void mirrors_progress(const struct mirrors *mirrors, int64_t *ret_total, int64_t *ret_done)
{
	*ret_total = *ret_done = 0;
	for (size_t i = 0; i < mirrors->n; i++) {
		*ret_total += mirrors->list[i].total;
		*ret_done += mirrors->list[i].done;
	}
}

/* --- beginning --- */

static struct json *target_node(const struct mirror_request *request, size_t index)
{
	struct json *node = json_new_object(), *server = json_new_object();

	json_put_string(server, "type", "inet");
	json_put_string(server, "host", request->host);
	json_put_stringf(server, "port", "%d", request->port);
	json_put_string(node, "driver", "nbd");
	json_put_stringf(node, "node-name", MIRROR_NODE "%zu", index);
	json_put(node, "server", server);
	json_put_stringf(node, "export", "disk%zu", index);
	if (request->info->terms.tls) {
		json_put_string(node, "tls-creds", MIGRATION_TLS_CLIENT);
		/* QEMU before 7.0 knows no other name than the host's. */
		if (!is_empty(request->tls_hostname) && !streq(request->tls_hostname, request->host))
			json_put_string(node, "tls-hostname", request->tls_hostname);
	}
	return node;
}

static int begin(struct mirrors *mirrors, const struct mirror_request *request, struct mirror *mirror, int64_t speed,
		 struct error *err)
{
	struct json *job = json_new_object();

	if (qmp_execute(monitor(mirrors), "blockdev-add", target_node(request, mirror->index), deadline_in(OPEN_MS),
			NULL, err) < 0) {
		json_free(job);
		return error_prefix(err, "the target's copy of disk %zu (\"%s\")", mirror->index, mirror->path);
	}
	json_put_stringf(job, "job-id", MIRROR_JOB "%zu", mirror->index);
	json_put_stringf(job, "device", "disk%zu", mirror->index); /* as the plan names the guest's disk */
	json_put_stringf(job, "target", MIRROR_NODE "%zu", mirror->index);
	json_put_string(job, "sync", request->info->terms.storage == STORAGE_INCREMENTAL ? "top" : "full");
	json_put_string(job, "on-source-error", "report");
	json_put_string(job, "on-target-error", "report");
	json_put_bool(job, "auto-dismiss", false);
	if (speed > 0)
		json_put_int(job, "speed", speed);
	if (qmp_execute(monitor(mirrors), "blockdev-mirror", job, deadline_in(OPEN_MS), NULL, err) < 0)
		return error_prefix(err, "copying disk %zu (\"%s\")", mirror->index, mirror->path);
	return 0;
}

static const char *disk_path(const struct migration_info *info, size_t index)
{
	return json_get_string(json_at(json_get(info->spec, "disks"), index), "path", "?");
}

static size_t count(const struct migration_info *info)
{
	size_t n = 0;

	for (size_t i = 0; i < info->n_disks; i++)
		n += info->disks[i].copied ? 1 : 0;
	return n;
}

static int begin_all(struct mirrors *mirrors, const struct mirror_request *request, struct error *err)
{
	size_t n = count(request->info);
	int64_t speed = n ? request->bandwidth / (int64_t)n : 0;

	mirrors->list = xcalloc(n + 1, sizeof(*mirrors->list));
	for (size_t i = 0; i < request->info->n_disks; i++) {
		if (!request->info->disks[i].copied)
			continue;
		struct mirror *mirror = &mirrors->list[mirrors->n++];

		mirror->index = i;
		mirror->path = xstrdup(disk_path(request->info, i));
		if (begin(mirrors, request, mirror, speed, err) < 0)
			return -1;
	}
	return 0;
}

int act_mirror_start(struct control *control, const struct mirror_request *request, struct mirrors **ret,
		     struct error *err)
{
	_cleanup_mirrors_ struct mirrors *mirrors = xcalloc(1, sizeof(*mirrors));
	_cleanup_error_ struct error left = ERROR_INIT;

	mirrors->control = control;
	if (mirrors_sweep(control->qmp, err) < 0)
		return -1;
	if (begin_all(mirrors, request, err) < 0) {
		if (mirrors_sweep(control->qmp, &left) < 0)
			log_warning("%s, ignoring", left.message);
		return -1;
	}
	*ret = take_ptr(mirrors);
	return 0;
}

/* --- looking --- */

/* Takes from query-jobs what it says of one mirror. A job that is not there was dismissed by somebody else: then nobody knows what became of it. */
static int read_job(struct mirror *mirror, const struct json *jobs, struct error *err)
{
	_cleanup_free_ char *id = xprintf(MIRROR_JOB "%zu", mirror->index);

	for (size_t i = 0; i < json_length(jobs); i++) {
		const struct json *job = json_at(jobs, i);
		const char *status = json_get_string(job, "status", ""), *error = json_get_string(job, "error", NULL);

		if (!streq(json_get_string(job, "id", ""), id))
			continue;
		mirror->total = json_get_int(job, "total-progress", mirror->total);
		mirror->done = json_get_int(job, "current-progress", mirror->done);
		mirror->ready = mirror->ready || streq(status, "ready");
		mirror->concluded = streq(status, "concluded");
		if (!error)
			return 0;
		return error_set(err, ERROR_QEMU, "copying disk %zu (\"%s\") failed: QEMU: %s", mirror->index,
				 mirror->path, error);
	}
	return error_set(err, ERROR_QEMU, "copying disk %zu (\"%s\"): its job is not there any more", mirror->index,
			 mirror->path);
}

/* *ret_pending: how many have not concluded. */
static int look(struct mirrors *mirrors, bool *ret_ready, size_t *ret_pending, struct error *err)
{
	_cleanup_json_ struct json *jobs = NULL;

	*ret_ready = true;
	*ret_pending = 0;
	if (qmp_execute(monitor(mirrors), "query-jobs", NULL, deadline_in(MIRROR_ANSWER_MS), &jobs, err) < 0)
		return -1;
	for (size_t i = 0; i < mirrors->n; i++) {
		struct mirror *mirror = &mirrors->list[i];

		if (read_job(mirror, jobs, err) < 0)
			return -1;
		*ret_ready &= mirror->ready;
		*ret_pending += mirror->concluded ? 0 : 1;
		/* Before it was told to, none ends in good order. */
		if (mirror->concluded && !mirrors->finishing)
			return error_set(err, ERROR_QEMU, "copying disk %zu (\"%s\") has ended by itself",
					 mirror->index, mirror->path);
	}
	return 0;
}

int mirrors_look(struct mirrors *mirrors, bool *ret_ready, struct error *err)
{
	size_t pending;

	return look(mirrors, ret_ready, &pending, err);
}

/* An event that came while an answer was awaited is lost to us: the next tick makes up for it. */
static int rest(const struct mirrors *mirrors, struct deadline until, struct error *err)
{
	return qmp_rest(monitor(mirrors), mirror_is_event, NULL, deadline_earlier(until, deadline_in(TICK_MS)), err);
}

/* A target that is only stopped keeps its connection, and QEMU never gives it up. Nothing copied yet says nothing: QEMU looks first for what there is
 * to copy, and writes zeros, as long as that takes. */
static bool is_stuck(struct mirrors *mirrors)
{
	int64_t total, done, now = clock_boottime_ms();

	mirrors_progress(mirrors, &total, &done);
	if (done == mirrors->seen && done > 0)
		return now - mirrors->moved_at_ms >= MIGRATION_STUCK_MS;
	mirrors->seen = done;
	mirrors->moved_at_ms = now;
	return false;
}

static int stuck(struct error *err)
{
	error_set(err, ERROR_TIMEOUT, "the target has taken nothing of the disks for %d s", MIGRATION_STUCK_MS / 1000);
	return error_hint(err, "the guest runs on here; does QEMU there still run, and the network?");
}

int mirrors_wait(struct mirrors *mirrors, void (*show)(const struct mirrors *mirrors, void *arg), void *arg,
		 const volatile int *interrupted, struct error *err)
{
	struct deadline end = mirrors->control->context->deadline;

	for (;;) {
		bool ready;

		if (mirrors_look(mirrors, &ready, err) < 0)
			return -1;
		if (show)
			show(mirrors, arg);
		if (ready)
			return 0;
		if (interrupted && *interrupted)
			return error_set(err, ERROR_OTHER, "interrupted while the disks were copied");
		if (deadline_passed(end))
			return error_set(err, ERROR_TIMEOUT, "the disks could not be copied in time");
		if (is_stuck(mirrors))
			return stuck(err);
		if (rest(mirrors, end, err) < 0)
			return -1;
	}
}

int mirrors_ask(struct qmp *qmp, struct deadline deadline, int64_t *ret_total, int64_t *ret_done, struct error *err)
{
	_cleanup_json_ struct json *jobs = NULL;

	*ret_total = *ret_done = 0;
	if (qmp_execute(qmp, "query-jobs", NULL, deadline, &jobs, err) < 0)
		return -1;
	for (size_t i = 0; i < json_length(jobs); i++) {
		const struct json *job = json_at(jobs, i);

		if (!starts_with(json_get_string(job, "id", ""), MIRROR_JOB))
			continue;
		*ret_total += json_get_int(job, "total-progress", 0);
		*ret_done += json_get_int(job, "current-progress", 0);
	}
	return 0;
}

/* --- the end --- */

/* A mirror that is ready and is cancelled without force ends with both sides alike, and the guest stays on its own disk: just so. */
static int conclude(struct mirrors *mirrors, struct error *err)
{
	mirrors->finishing = true;
	for (size_t i = 0; i < mirrors->n; i++) {
		_cleanup_free_ char *id = xprintf(MIRROR_JOB "%zu", mirrors->list[i].index);

		if (mirror_command(monitor(mirrors), "block-job-cancel", "device", id, err) < 0)
			return error_prefix(err, "copying disk %zu (\"%s\")", mirrors->list[i].index,
					    mirrors->list[i].path);
	}
	return 0;
}

int mirrors_finish(struct mirrors *mirrors, struct error *err)
{
	struct deadline end = deadline_in(MIRROR_CONCLUDE_MS);

	if (conclude(mirrors, err) < 0)
		return -1;
	for (;;) {
		bool ready;
		size_t pending;

		if (look(mirrors, &ready, &pending, err) < 0)
			return -1;
		if (pending == 0)
			return mirrors_sweep(monitor(mirrors), err);
		if (deadline_passed(end))
			return error_set(err, ERROR_TIMEOUT, "the last of the disks could not be copied in %d s",
					 MIRROR_CONCLUDE_MS / 1000);
		if (rest(mirrors, end, err) < 0)
			return -1;
	}
}
