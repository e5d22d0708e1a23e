/* A guest out of a file: a QEMU that waits for it, is fed, and let run.
 *
 * QEMU waits (phase incoming, reason waiting) at one end of a pipe. As long as the grant has not been given, whatever goes wrong ends that
 * QEMU, and the file is as it was: not used, and its instance is saved. The grant is the one of every guest that comes from elsewhere; it
 * marks the file (act_restore_consume) between its word in the status line and the guest's first instruction, so a killed restore is refused or
 * finished by `cleanup`, as a killed migration is. */
#include "ops/act_restore.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "host/socket.h"
#include "ops/act_incoming.h"
#include "ops/act_launch.h"
#include "ops/act_recorded.h"
#include "ops/act_shutdown.h"
#include "qemu/agent.h"
#include "qemu/migration.h"
#include "vm/monitor.h"
#include "vm/save_disks.h"
#include "vm/state.h"

#define PIPE_BYTES (1024 * 1024)
#define SLICE_MS 200
#define STALL_MS 60000
#define CLOCK_MS 3000
#define ENDING_MS 1000

struct restore {
	struct context *context;
	const struct restore_file *file;
	const struct restore_request *request;
	struct state *state; /* as recorded in the file */
	struct spec_loaded loaded;
	int pipe; /* QEMU reads what is written here */
	struct qmp *qmp;
	enum migration_state seen;
	uint64_t done, total;
};

static void restore_clear(struct restore *restore)
{
	qmp_free(restore->qmp);
	close_fd(&restore->pipe);
	spec_loaded_clear(&restore->loaded);
	state_free(restore->state);
}

/* --- nothing is touched yet --- */

static int refuse_used(const struct restore *restore, struct error *err)
{
	if (restore->request->how.force || !save_reader_used(restore->file->reader))
		return 0;
	error_set(err, ERROR_STATE, "\"%s\" was restored already: its guest has written to its disks since",
		  restore->file->path);
	return error_hint(err, "--force restores it again, which damages the file systems on disks that have changed");
}

static int refuse_changed(const struct restore *restore, struct error *err)
{
	const struct json *closing = save_reader_closing(restore->file->reader);
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_free_ char *what = xprintf("disks of \"%s\" have changed since it was saved", restore->file->name);

	save_disks_compare(json_get(closing, "disks"), &problems);
	if (restore->request->how.force || problems_to_error(&problems, ERROR_STATE, what, err) == 0)
		return 0;
	return error_hint(err,
			  "\"kvmctl start %s --discard-saved\" starts it from its disks; \"kvmctl restore %s "
			  "--force\" restores it all the same, which damages their file systems",
			  restore->file->name, restore->file->name);
}

static int read_state(struct restore *restore, struct error *err)
{
	const struct json *header = save_reader_header(restore->file->reader);

	if (state_from_json(json_get(header, "state"), &restore->state, err) < 0)
		return error_prefix(err, "\"%s\"", restore->file->path);
	if (!streq(restore->state->name, restore->file->name))
		return error_set(err, ERROR_SPEC, "\"%s\" is damaged: it names two instances", restore->file->path);
	return 0;
}

static int prepare(struct restore *restore, struct error *err)
{
	if (refuse_used(restore, err) < 0 || save_reader_verify(restore->file->reader, err) < 0 ||
	    refuse_changed(restore, err) < 0 || read_state(restore, err) < 0)
		return -1;
	restore->total = (uint64_t)json_get_int(save_reader_closing(restore->file->reader), "bytes", 0);
	return act_recorded_spec(restore->context, restore->state, &restore->loaded, err);
}

/* --- a QEMU that waits --- */

static bool stays_paused(const struct restore *restore)
{
	return restore->request->how.paused ||
	       json_get_bool(save_reader_header(restore->file->reader), "paused", false);
}

static struct move *new_move(const struct restore *restore)
{
	struct move *move = xcalloc(1, sizeof(*move));

	move->file = xstrdup(restore->file->path);
	move->id = xstrdup(json_get_string(save_reader_header(restore->file->reader), "id", ""));
	move->was_paused = stays_paused(restore);
	return move;
}

static int launch(struct restore *restore, int reading, pid_t *ret_pid, struct error *err)
{
	static const struct migration_terms terms = { 0 };
	char listen[32];
	_cleanup_move_ struct move *move = new_move(restore);
	struct launch_incoming incoming = { .terms = &terms, .move = move, .listen = listen };
	struct launch_request request = {
		.loaded = &restore->loaded,
		.recorded = &restore->state->hardware,
		.foreground = restore->request->foreground,
		.allow_unsafe_cache = restore->state->allow_unsafe_cache,
		.incoming = &incoming,
	};

	snprintf(listen, sizeof(listen), "fd:%d", reading);
	int result = act_launch(restore->context, &request, ret_pid, err);
	free(incoming.uri);
	free(incoming.told);
	return result;
}

static int open_pipe(int fds[2], struct error *err)
{
	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make a pipe");
	/* A smaller one works as well. Only our end does not wait. */
	(void)fcntl(fds[1], F_SETPIPE_SZ, PIPE_BYTES);
	(void)fcntl(fds[1], F_SETFL, O_NONBLOCK);
	return 0;
}

/* --- its memory --- */

static void on_event(const struct json *event, void *arg)
{
	struct restore *restore = arg;
	enum migration_state state;

	if (migration_event_state(event, &state) == 0)
		restore->seen = state;
}

static int check(const struct restore *restore, struct error *err)
{
	const volatile int *interrupted = restore->request->how.interrupted;

	if (interrupted && *interrupted)
		return error_set(err, ERROR_OTHER, "interrupted by SIG%s", sigabbrev_np(*interrupted));
	if (deadline_passed(restore->context->deadline))
		return error_set(err, ERROR_TIMEOUT, "the time of the command (--timeout) is over");
	return 0;
}

static int wait_for_room(const struct restore *restore, struct error *err)
{
	struct deadline stalled = deadline_in(STALL_MS);

	while (!deadline_passed(stalled)) {
		struct pollfd p = { .fd = restore->pipe, .events = POLLOUT };
		int ready = deadline_poll(&p, 1, deadline_in(SLICE_MS));

		if (ready < 0)
			return error_errno(err, ERROR_HOST, errno, "cannot wait for QEMU");
		if (ready > 0)
			return 0;
		if (check(restore, err) < 0)
			return -1;
	}
	return error_set(err, ERROR_TIMEOUT, "QEMU takes nothing of the memory any more");
}

static int write_piece(struct restore *restore, const uint8_t *data, size_t length, struct error *err)
{
	while (length > 0) {
		ssize_t n = write(restore->pipe, data, length);

		if (n < 0 && errno == EAGAIN) {
			if (wait_for_room(restore, err) < 0)
				return -1;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, ERROR_QEMU, errno, "QEMU takes the memory no further");
		data += n;
		length -= (size_t)n;
		restore->done += (uint64_t)n;
	}
	return 0;
}

static int feed(struct restore *restore, struct error *err)
{
	const uint8_t *data;
	size_t length;
	int more;

	while ((more = save_reader_next(restore->file->reader, &data, &length, err)) > 0) {
		if (write_piece(restore, data, length, err) < 0 || check(restore, err) < 0)
			return -1;
		if (restore->request->how.show)
			restore->request->how.show(restore->done, restore->total, restore->request->how.arg);
	}
	close_fd(&restore->pipe);
	restore->pipe = -1;
	return more;
}

static bool is_final(const struct json *event, void *arg)
{
	enum migration_state state;

	(void)arg;
	return migration_event_state(event, &state) == 0 && migration_state_is_final(state);
}

static int settle(struct restore *restore, struct error *err)
{
	struct deadline deadline = context_step(restore->context, STALL_MS);

	if (!migration_state_is_final(restore->seen) &&
	    qmp_wait_event(restore->qmp, is_final, NULL, deadline, NULL, err) < 0)
		return -1;
	if (restore->seen == MIGRATION_COMPLETED)
		return 0;
	return error_set(err, ERROR_QEMU, "QEMU did not complete it (%s)", migration_state_to_string(restore->seen));
}

static int transfer(struct restore *restore, struct error *err)
{
	struct context *context = restore->context;

	if (monitor_open(&context->rundir, restore->file->name, MONITOR_CONTROL,
			 context_step(context, context->settings->timeouts.command), &restore->qmp, err) < 0)
		return -1;
	qmp_on_event(restore->qmp, on_event, restore);
	int result = feed(restore, err) < 0 ? -1 : settle(restore, err);
	/* The grant has a connection of its own. */
	qmp_free(take_ptr(restore->qmp));
	return result;
}

/* --- why not, and afterwards --- */

/* Whether it has ended, or does so just now. */
static bool has_ended(const struct instance *instance)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_close_ int pidfd = -1;

	return process_open(&instance->status.qemu, &pidfd, &ignored) == 0 &&
	       (pidfd < 0 || process_wait(pidfd, deadline_in(ENDING_MS), &ignored) == 1);
}

/* A QEMU that cannot read what it is given says why and ends: its last words are the reason. */
static void explain(struct restore *restore, struct error *err)
{
	struct context *context = restore->context;
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_instance_ struct instance instance = { 0 };
	_cleanup_(exit_record_free) struct exit_record record = { 0 };

	if (err->kind != ERROR_QEMU ||
	    instance_look(&context->rundir, restore->file->name, &context->here, &instance, &ignored) < 0 ||
	    !instance.has_status || !has_ended(&instance) ||
	    act_settle_exit(context, &instance, EXIT_INCOMING_FAILED, &ignored) < 0 ||
	    exit_record_read(rundir_part(&context->rundir, RUNDIR_EXIT), restore->file->name, &record, &ignored) != 1)
		return;
	if (!is_empty(record.words))
		error_set(err, ERROR_QEMU, "QEMU ended: %s", record.words);
}

static int refuse(struct restore *restore, struct error *err)
{
	_cleanup_error_ struct error refused = ERROR_INIT;

	/* The command's time may be over: undoing has its own. */
	restore->context->deadline = DEADLINE_NEVER;
	explain(restore, err);
	error_prefix(err, "\"%s\" was not restored", restore->file->path);
	if (act_refuse(restore->context, restore->file->name, &refused) < 0)
		log_warning("%s; \"kvmctl cleanup %s\" sees to it", refused.message, restore->file->name);
	return -1;
}

/* The guest has slept without knowing it. */
static void set_clock(struct restore *restore)
{
	struct rundir *rundir = &restore->context->rundir;
	_cleanup_free_ char *socket = xprintf("%s.agent", restore->file->name);
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int fd = -1;

	if (!restore->loaded.spec->hv.use_guest_agent || stays_paused(restore))
		return;
	if (socket_connect_at(rundir_part(rundir, RUNDIR_CTRL), socket, &fd, &err) < 0 ||
	    agent_set_time(fd, clock_realtime_ms() * 1000000, context_step(restore->context, CLOCK_MS), &err) < 0)
		log_notice("the clock of \"%s\" was not set: %s", restore->file->name, err.message);
}

int act_restore(struct context *context, const struct restore_file *file, const struct restore_request *request,
		pid_t *ret_pid, struct error *err)
{
	_cleanup_(restore_clear) struct restore restore = { .context = context,
							    .file = file,
							    .request = request,
							    .pipe = -1,
							    .seen = MIGRATION_SETUP,
							    .loaded = SPEC_LOADED_INIT };
	int fds[2];

	if (prepare(&restore, err) < 0 || open_pipe(fds, err) < 0)
		return -1;
	restore.pipe = fds[1];
	int launched = launch(&restore, fds[0], ret_pid, err);
	/* QEMU's alone: when it ends, we are told. */
	close_fd(&fds[0]);
	if (launched < 0)
		return -1;
	if (transfer(&restore, err) < 0 || act_grant(context, file->name, stays_paused(&restore), err) < 0)
		return refuse(&restore, err);
	set_clock(&restore);
	return 0;
}
