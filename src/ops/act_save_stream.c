/* The stream of memory out of QEMU: through a pipe, whose end says that QEMU has done with it, for better or worse; what it came
 * to is QEMU's to say. */
#include "ops/act_save.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "vm/save_file.h"

#define FD_NAME "kvmctl-save"
#define PIPE_BYTES (1024 * 1024)
#define SLICE_MS 200   /* how late an interruption may be noticed while nothing comes */
#define STALL_MS 30000 /* nothing for so long: QEMU is asked whether it still goes on */
#define SETTLE_MS 30000
#define NO_LIMIT (INT64_C(1) << 60) /* bytes a second */

struct pump {
	const struct save_stream *stream;
	int fd;
	int64_t began_ms, shown_ms;
	enum migration_state state;
};

static void on_event(const struct json *event, void *arg)
{
	struct pump *pump = arg;
	enum migration_state state;

	if (migration_event_state(event, &state) == 0)
		pump->state = state;
}

static int begin(struct pump *pump, int writing, struct error *err)
{
	static char *const capabilities[] = { (char *)"events", NULL };
	struct qmp *qmp = pump->stream->qmp;
	struct deadline deadline = context_step(pump->stream->context, pump->stream->context->settings->timeouts.start);
	struct json *parameters = json_new_object(), *arguments;

	json_put_int(parameters, "max-bandwidth", NO_LIMIT);
	/* What fits into it QEMU writes in one go, and nobody hears from it meanwhile. The guest stands still anyway. */
	json_put_int(parameters, "downtime-limit", 1);
	if (migration_set_capabilities(qmp, capabilities, deadline, err) < 0) {
		json_free(parameters);
		return -1;
	}
	if (migration_set_parameters(qmp, parameters, deadline, err) < 0)
		return -1;
	arguments = json_new_object();
	json_put_string(arguments, "fdname", FD_NAME);
	if (qmp_execute_fds(qmp, "getfd", arguments, &writing, 1, deadline, NULL, err) < 0)
		return -1;
	arguments = json_new_object();
	json_put_string(arguments, "uri", "fd:" FD_NAME);
	return qmp_execute(qmp, "migrate", arguments, deadline, NULL, err);
}

/* A person looks. By our own count: while QEMU writes the last of it, it answers nobody, and it does not get on unless we read. */
static void show(struct pump *pump)
{
	const struct save_stream *stream = pump->stream;
	int64_t now = clock_boottime_ms(), elapsed = now - pump->began_ms;
	int64_t done = (int64_t)save_writer_bytes(stream->writer);

	if (!stream->show || now - pump->shown_ms < SLICE_MS)
		return;
	pump->shown_ms = now;
	struct outgoing_progress progress = { .migration = MIGRATION_PROGRESS_NONE, .elapsed_ms = elapsed };
	progress.migration.state = MIGRATION_ACTIVE;
	progress.migration.ram_total = done > stream->memory ? done : stream->memory;
	progress.migration.ram_transferred = done;
	progress.migration.ram_remaining = progress.migration.ram_total - done;
	progress.migration.mbps = elapsed > 0 ? (double)done * 8 / 1000 / (double)elapsed : -1;
	stream->show(&progress, stream->arg);
}

static int check(const struct pump *pump, struct error *err)
{
	const struct save_stream *stream = pump->stream;

	if (stream->interrupted && *stream->interrupted)
		return error_set(err, ERROR_OTHER, "interrupted by SIG%s", sigabbrev_np(*stream->interrupted));
	if (deadline_passed(stream->context->deadline))
		return error_set(err, ERROR_TIMEOUT, "the time of the command (--timeout) is over");
	return 0;
}

/* 1: there is something to read. */
static int wait_for_bytes(struct pump *pump, struct error *err)
{
	struct deadline stalled = deadline_in(STALL_MS);

	for (;;) {
		struct pollfd p = { .fd = pump->fd, .events = POLLIN };
		int ready = deadline_poll(&p, 1, deadline_in(SLICE_MS));

		if (ready < 0)
			return error_errno(err, ERROR_HOST, errno, "cannot wait for QEMU's stream");
		if (ready > 0)
			return 1;
		if (check(pump, err) < 0)
			return -1;
		if (!deadline_passed(stalled))
			continue;
		_cleanup_migration_progress_ struct migration_progress migration = { 0 };
		if (migration_query(pump->stream->qmp, deadline_in(STALL_MS), &migration, err) < 0)
			return error_prefix(err, "nothing comes any more");
		stalled = deadline_in(STALL_MS);
	}
}

static int copy(struct pump *pump, struct error *err)
{
	for (;;) {
		size_t room;
		uint8_t *at = save_writer_room(pump->stream->writer, &room);
		ssize_t n = read(pump->fd, at, room);

		if (n == 0)
			return 0;
		if (n < 0 && errno == EAGAIN) {
			if (wait_for_bytes(pump, err) < 0)
				return -1;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, ERROR_HOST, errno, "cannot read QEMU's stream");
		if (save_writer_filled(pump->stream->writer, (size_t)n, err) < 0 || check(pump, err) < 0)
			return -1;
		show(pump);
	}
}

static bool is_final(const struct json *event, void *arg)
{
	enum migration_state state;

	(void)arg;
	return migration_event_state(event, &state) == 0 && migration_state_is_final(state);
}

/* All has come through the pipe; did it say so itself? */
static int settle(struct pump *pump, struct error *err)
{
	struct qmp *qmp = pump->stream->qmp;
	struct deadline deadline = context_step(pump->stream->context, SETTLE_MS);
	_cleanup_migration_progress_ struct migration_progress migration = { 0 };

	if (!migration_state_is_final(pump->state) && qmp_wait_event(qmp, is_final, NULL, deadline, NULL, err) < 0)
		return -1;
	if (pump->state == MIGRATION_COMPLETED)
		return 0;
	if (migration_query(qmp, deadline, &migration, err) < 0)
		return -1;
	return error_set(err, ERROR_QEMU, "QEMU did not complete it (%s)%s%s",
			 migration_state_to_string(migration.state), migration.error ? ": " : "",
			 migration.error ? migration.error : "");
}

static int open_pipe(int fds[2], struct error *err)
{
	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make a pipe");
	/* A smaller one works as well. Only our end does not wait. */
	(void)fcntl(fds[0], F_SETPIPE_SZ, PIPE_BYTES);
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0)
		return 0;
	return error_errno(err, ERROR_HOST, errno, "cannot make a pipe that does not wait");
}

int act_save_stream(const struct save_stream *stream, struct error *err)
{
	int fds[2] = { -1, -1 }, result;

	if (open_pipe(fds, err) < 0) {
		close_fd(&fds[0]);
		close_fd(&fds[1]);
		return -1;
	}
	_cleanup_close_ int reading = fds[0];
	struct pump pump = {
		.stream = stream, .fd = reading, .began_ms = clock_boottime_ms(), .state = MIGRATION_SETUP
	};
	qmp_on_event(stream->qmp, on_event, &pump);
	result = begin(&pump, fds[1], err);
	/* Its end is QEMU's alone: when QEMU closes it, that is the end of the stream. */
	close_fd(&fds[1]);
	if (result == 0)
		result = copy(&pump, err);
	if (result == 0)
		result = settle(&pump, err);
	qmp_on_event(stream->qmp, NULL, NULL);
	return result;
}
