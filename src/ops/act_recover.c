/* A broken post-copy is taken up again: the target's half.
 *
 * QEMU is told through its supervisor, out of band: without the pages that it waits for, its main loop may hang, and with it every other way
 * (vm/out_of_band.h). Where no supervisor is there for that, the control monitor may do. Either way the place is chosen here: what the kernel would
 * choose could not be asked for. */
#include "ops/act_recover.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/text.h"
#include "host/port.h"
#include "qemu/migration.h"
#include "vm/instance.h"
#include "vm/migration_place.h"
#include "vm/monitor.h"
#include "vm/out_of_band.h"
#include "vm/state.h"

#define RECOVER_MS 10000
#define AGAIN_MS 100
#define NOTICES_MS 1000 /* a target that can notice the break has done so by then */
#define PORTS_MAX 8
#define SAME_TRIES 5 /* the kernel lets go of its old socket when its main loop has seen that it is closed */

struct recovery {
	struct context *context;
	const char *name;
	struct deadline deadline;
	struct instance instance;
	struct state *state;
	struct qmp *qmp;              /* NULL: by the supervisor */
	struct migration_place place; /* where it waited before */
	char *told, *found;           /* the URI for QEMU, and for the source */
	struct deadline notices;      /* until then it may notice the break by itself */
	bool told_to_pause;
};

static void recovery_clear(struct recovery *recovery)
{
	qmp_free(recovery->qmp);
	state_free(recovery->state);
	instance_clear(&recovery->instance);
	migration_place_clear(&recovery->place);
	free(recovery->told);
	free(recovery->found);
}

static int tell(struct recovery *recovery, const char *command, struct json *arguments, struct error *err)
{
	if (recovery->qmp)
		return qmp_execute(recovery->qmp, command, arguments, recovery->deadline, NULL, err);
	return out_of_band_execute(&recovery->context->rundir, recovery->name, command, arguments, recovery->deadline,
				   err);
}

/* --- how it is reached --- */

static int hangs(const struct recovery *recovery, struct error *err)
{
	error_prefix(err, "instance \"%s\" cannot be told to wait for its memory again", recovery->name);
	return error_hint(
		err,
		"QEMU seems to wait for a page that is still on the source, and it has no supervisor that could "
		"have told it all the same; \"kvmctl stop %s --force\" gives the guest up",
		recovery->name);
}

/* Nobody is there who could do it out of band. */
static int reach_by_monitor(struct recovery *recovery, struct error *err)
{
	_cleanup_migration_progress_ struct migration_progress progress = { 0 };

	if (monitor_open(&recovery->context->rundir, recovery->name, MONITOR_CONTROL, recovery->deadline,
			 &recovery->qmp, err) < 0 ||
	    migration_query(recovery->qmp, recovery->deadline, &progress, err) < 0)
		return err->kind == ERROR_TIMEOUT ? hangs(recovery, err) : -1;
	if (progress.state != MIGRATION_POSTCOPY_ACTIVE && progress.state != MIGRATION_POSTCOPY_PAUSED)
		return error_set(err, ERROR_STATE, "it does not wait for its memory: its migration is \"%s\"",
				 migration_state_to_string(progress.state));
	if (is_empty(recovery->state->waits_at))
		text_replace(&recovery->state->waits_at, progress.address);
	return 0;
}

static int reach(struct recovery *recovery, struct error *err)
{
	return out_of_band_offered(&recovery->context->rundir, recovery->name) ? 0 : reach_by_monitor(recovery, err);
}

/* --- where it waits --- */

/* A stream that came through a descriptor has no place that could be waited at again. */
static int find_place(struct recovery *recovery, struct error *err)
{
	const char *told = recovery->state->waits_at;
	bool is_place = !is_empty(told) && !starts_with(told, "fd:");

	return migration_place_parse(is_place ? told : NULL, &recovery->place, err);
}

static int use_port(struct recovery *recovery, int port)
{
	_cleanup_free_ char *name = migration_host_name(recovery->place.host);

	free(recovery->told);
	free(recovery->found);
	recovery->told = migration_tcp_uri(recovery->place.host, port);
	recovery->found = migration_tcp_uri(name, port);
	return 0;
}

/* The same port, if nobody has taken it meanwhile: a firewall may know it. Else one that the kernel has free. */
static int choose_port(struct recovery *recovery, bool same, struct error *err)
{
	const struct migration_place *place = &recovery->place;
	int port = same ? (int)place->port : 0;

	/* Its own socket listens there still. */
	if (port > 0 && recovery->state->waits_again)
		return use_port(recovery, port);
	/* one that is free for one family of addresses may be taken for the other */
	for (int i = 0; port <= 0 || (i < PORTS_MAX && !port_is_free(place->host, port)); i++) {
		_cleanup_close_ int fd = -1;

		if (port_listen(place->host, &fd, &port, err) < 0)
			return -1;
	}
	return use_port(recovery, port);
}

static int tell_place(struct recovery *recovery, struct error *err)
{
	struct json *arguments = json_new_object();

	json_put_string(arguments, "uri", recovery->told);
	return tell(recovery, "migrate-recover", arguments, err);
}

static bool is_taken(const struct error *err)
{
	return err->kind == ERROR_QEMU && strstr(err->message, "in use");
}

/* In all versions: "Migrate recover can only be run when postcopy is paused." */
static bool is_not_paused(const struct error *err)
{
	return err->kind == ERROR_QEMU && strstr(err->message, "is paused");
}

/* That it refuses says that it has noticed meanwhile. */
static int tell_to_pause(struct recovery *recovery, struct error *err)
{
	recovery->told_to_pause = true;
	return tell(recovery, "migrate-pause", NULL, err) < 0 && err->kind != ERROR_QEMU ? -1 : 0;
}

/* The source may know of the break before the target does, and where the network just fell silent the target never learns of it: it has to be told.
 * But not while it notices: QEMU takes its stream down before it says that it is paused, and is killed (SIGSEGV) by a migrate-pause that comes in between. So it
 * is told once, and only if it has answered for a while that it is not paused: never one that does not answer, which would find a heap of them when it
 * goes on, and the break with them. */
static int tell_until_paused(struct recovery *recovery, struct error *err)
{
	while (tell_place(recovery, err) < 0) {
		if (!is_not_paused(err) || deadline_passed(recovery->deadline))
			return -1;
		if (!recovery->told_to_pause && deadline_passed(recovery->notices) && tell_to_pause(recovery, err) < 0)
			return -1;
		error_clear(err);
		deadline_poll(NULL, 0, deadline_in(AGAIN_MS));
	}
	return 0;
}

static int wait_on_tcp(struct recovery *recovery, struct error *err)
{
	for (int i = 0; i < SAME_TRIES + PORTS_MAX; i++) {
		error_clear(err);
		if (choose_port(recovery, i < SAME_TRIES, err) < 0)
			return -1;
		if (tell_until_paused(recovery, err) == 0)
			return 0;
		if (!is_taken(err))
			return -1;
		if (i < SAME_TRIES)
			deadline_poll(NULL, 0, deadline_in(AGAIN_MS));
	}
	return -1;
}

/* The directory in which it bound its socket is not QEMU's any more (act_launch_incoming.c). */
static int lend_directory(struct recovery *recovery, int dir, struct error *err)
{
	_cleanup_free_ char *proc = xprintf("/proc/%d", (int)recovery->instance.status.qemu.pid);
	struct stat st;

	if (stat(proc, &st) < 0 || fchown(dir, st.st_uid, st.st_gid) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot give its directory for sockets to QEMU of \"%s\"",
				   recovery->name);
	return 0;
}

static int wait_on_unix(struct recovery *recovery, struct error *err)
{
	_cleanup_free_ char *file = xprintf("%s.incoming", recovery->name);
	int ctrl = rundir_part(&recovery->context->rundir, RUNDIR_CTRL);
	_cleanup_close_ int dir = openat(ctrl, file, O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int result;

	if (dir < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s/ctrl/%s\"", recovery->context->rundir.path,
				   file);
	recovery->told = xstrdup(recovery->state->waits_at);
	recovery->found = xstrdup(is_empty(recovery->state->found_at) ? recovery->told : recovery->state->found_at);
	result = lend_directory(recovery, dir, err) < 0 ? -1 : tell_until_paused(recovery, err);
	if (fchown(dir, geteuid(), getegid()) < 0 ||
	    (fchownat(dir, basename(recovery->told), geteuid(), getegid(), AT_SYMLINK_NOFOLLOW) < 0 && result == 0))
		log_warning("\"%s\" cannot be taken back from QEMU: %s", file, strerror(errno));
	return result;
}

static int open_recovery(struct recovery *recovery, struct error *err)
{
	struct context *context = recovery->context;
	int found;

	if (instance_look(&context->rundir, recovery->name, &context->here, &recovery->instance, err) < 0)
		return -1;
	found = state_read(&context->rundir, recovery->name, &recovery->state, err);
	if (found == 0)
		return error_set(err, ERROR_STATE, "instance \"%s\" is not running", recovery->name);
	return found < 0 ? -1 : 0;
}

int act_recover(struct context *context, const char *name, char **ret, struct error *err)
{
	_cleanup_(recovery_clear) struct recovery recovery = {
		.context = context,
		.name = name,
		.deadline = context_step(context, RECOVER_MS),
		.notices = deadline_in(NOTICES_MS),
		.place = { .fd = -1 },
	};

	if (open_recovery(&recovery, err) < 0 || reach(&recovery, err) < 0 || find_place(&recovery, err) < 0)
		return -1;
	if ((recovery.place.kind == PLACE_UNIX ? wait_on_unix : wait_on_tcp)(&recovery, err) < 0)
		return -1;
	*ret = take_ptr(recovery.found);
	return 0;
}
