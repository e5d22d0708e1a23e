/* The walk of a managed move, from the first mirror to the hand-over. */
#include "ops/act_driver.h"

#include "base/log.h"
#include "base/text.h"

#define SETUP_MS 15000 /* a target that does not answer at all */

static struct control *control(struct driver *driver)
{
	return driver->outgoing.control;
}

/* The guest is kept for the reason that err holds: it stays the error. */
static int keep(struct driver *driver, struct error *err)
{
	_cleanup_error_ struct error why = ERROR_INIT, trouble = ERROR_INIT;

	error_move(&why, err);
	mirrors_free(take_ptr(driver->outgoing.mirrors));
	if (act_outgoing_keep(control(driver)->context, control(driver)->instance.name, control(driver)->qmp,
			      &trouble) < 0)
		log_warning("%s", trouble.message);
	return error_move(err, &why);
}

/* Until QEMU has connected. A target that is not there is an error of `start`, not of a process that nobody looks at. */
static int await_setup(struct driver *driver, struct error *err)
{
	struct deadline end = context_step(control(driver)->context, SETUP_MS);

	for (;;) {
		_cleanup_migration_progress_ struct migration_progress progress = { 0 };

		if (migration_query(control(driver)->qmp, end, &progress, err) < 0)
			return -1;
		if (progress.state == MIGRATION_FAILED || progress.state == MIGRATION_CANCELLED)
			return error_set(err, ERROR_QEMU, "\"%s\" cannot migrate to \"%s\": QEMU: %s",
					 control(driver)->instance.name, driver->outgoing.uri,
					 progress.error ? progress.error : migration_state_to_string(progress.state));
		if (progress.state != MIGRATION_SETUP && progress.state != MIGRATION_NONE)
			return 0;
		if (qmp_rest(control(driver)->qmp, migration_is_event, NULL, deadline_earlier(end, deadline_in(1000)),
			     err) < 0)
			return -1;
		if (deadline_passed(end))
			return error_set(err, ERROR_TIMEOUT, "\"%s\" does not answer", driver->outgoing.uri);
	}
}

static int begin_stream(struct driver *driver, struct error *err)
{
	if (act_outgoing_begin(&driver->outgoing, err) < 0 || await_setup(driver, err) < 0)
		return keep(driver, err);
	return 0;
}

int act_driver_begin(struct driver *driver, struct error *err)
{
	if (!driver->storage)
		return begin_stream(driver, err);
	if (act_mirror_start(control(driver), driver->storage, &driver->outgoing.mirrors, err) < 0)
		return keep(driver, err);
	return 0;
}

struct shower {
	struct driver *driver;
	int64_t began_ms;
};

static void show_mirrors(const struct mirrors *mirrors, void *arg)
{
	const struct shower *shower = arg;
	const struct outgoing *outgoing = &shower->driver->outgoing;
	struct outgoing_progress shown = { .migration = MIGRATION_PROGRESS_NONE };

	if (!outgoing->show)
		return;
	shown.elapsed_ms = clock_boottime_ms() - shower->began_ms;
	mirrors_progress(mirrors, &shown.disk_total, &shown.disk_done);
	outgoing->show(&shown, outgoing->arg);
}

/* The memory follows when the disks are there: its last pass must find them ready. */
static int copy_storage(struct driver *driver, struct error *err)
{
	struct shower shower = { driver, clock_boottime_ms() };

	if (mirrors_wait(driver->outgoing.mirrors, show_mirrors, &shower, driver->outgoing.interrupted, err) < 0)
		return keep(driver, err);
	return begin_stream(driver, err);
}

static int switch_over(struct driver *driver, struct error *err)
{
	if ((driver->outgoing.mirrors && mirrors_finish(driver->outgoing.mirrors, err) < 0) ||
	    act_outgoing_continue(&driver->outgoing, err) < 0)
		return keep(driver, err);
	mirrors_free(take_ptr(driver->outgoing.mirrors));
	return 0;
}

static int broken(struct driver *driver, struct error *err)
{
	const char *name = control(driver)->instance.name;

	error_set(err, ERROR_QEMU,
		  "the post-copy migration of \"%s\" has lost its connection: half of its memory is here", name);
	return error_hint(err,
			  "let the target wait again (\"kvmctl migration accept NAME --recover\" there), then \"kvmctl "
			  "migration start %s URI\"",
			  name);
}

/* 1: over; 0: on with it; -1. */
static int step(struct driver *driver, enum outgoing_end end, struct error *err)
{
	switch (end) {
	case OUTGOING_PRE_SWITCHOVER:
		return switch_over(driver, err);
	case OUTGOING_POST_COPY:
		return act_outgoing_hand_over(&driver->outgoing, err);
	case OUTGOING_COMPLETED:
		return act_outgoing_hand_over(&driver->outgoing, err) < 0 ? -1 : 1;
	case OUTGOING_BROKEN:
		return broken(driver, err);
	case OUTGOING_FAILED:
		/* After the hand-over only the target's side can tell. */
		return driver->outgoing.told_post_copy ? -1 : keep(driver, err);
	case OUTGOING_END_MAX:
		break;
	}
	return error_set(err, ERROR_OTHER, "a migration that ends in no known way");
}

int act_driver_run(struct driver *driver, struct error *err)
{
	if (driver->storage && copy_storage(driver, err) < 0)
		return -1;
	for (;;) {
		enum outgoing_end end = OUTGOING_END_MAX;
		int over;

		if (act_outgoing_drive(&driver->outgoing, &end, err) < 0)
			return -1;
		over = step(driver, end, err);
		if (over != 0)
			return over < 0 ? -1 : 0;
	}
}
