/* claim/: what one instance has another cannot have, until its owner is gone for certain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "scratch.h"
#include "vm/claim.h"
#include "vm/status.h"

struct world {
	struct rundir rundir;
	struct process_id here;
};

static struct claim disk = { (char *)"disk-8:1", (char *)"writable disk \"/dev/sda1\"" };

static struct world make_world(void **state)
{
	const struct scratch *scratch = *state;
	struct error err = ERROR_INIT;
	struct world world;

	assert_int_equal(rundir_open(scratch->dir, true, &world.rundir, &err), 0);
	assert_int_equal(process_here(&world.here, &err), 0);
	return world;
}

/* 0, or the kind of the error. */
static enum error_kind take(struct world *world, const char *name)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	return claims_take(&world->rundir, &disk, 1, name, &world->here, &err) == 0 ? ERROR_NONE : err.kind;
}

static void run(struct world *world, const char *name, pid_t pid, uint64_t start)
{
	struct error err = ERROR_INIT;
	struct status status = { .qemu = world->here, .phase = PHASE_RUNNING };

	status.qemu.pid = pid;
	status.qemu.start = start;
	assert_int_equal(status_write(rundir_part(&world->rundir, RUNDIR_PID), name, &status, &err), 0);
}

static void test_a_running_owner_keeps_it(void **state)
{
	struct world world = make_world(state);

	assert_int_equal(take(&world, "one"), ERROR_NONE);
	assert_int_equal(take(&world, "one"), ERROR_NONE);
	run(&world, "one", world.here.pid, world.here.start);
	assert_int_equal(take(&world, "two"), ERROR_STATE);
	claims_release(&world.rundir, (char *[]){ disk.key, NULL }, "two");
	assert_int_equal(take(&world, "two"), ERROR_STATE);
	claims_release(&world.rundir, (char *[]){ disk.key, NULL }, "one");
	assert_int_equal(take(&world, "two"), ERROR_NONE);
	rundir_close(&world.rundir);
}

static void test_what_is_left_behind_is_taken_over(void **state)
{
	struct world world = make_world(state);

	assert_int_equal(take(&world, "one"), ERROR_NONE);
	run(&world, "one", world.here.pid, world.here.start + 1); /* another process has the number now */
	assert_int_equal(take(&world, "two"), ERROR_NONE);
	run(&world, "two", world.here.pid, world.here.start);
	assert_int_equal(take(&world, "one"), ERROR_STATE);
	rundir_close(&world.rundir);
}

/* A start takes its claims before there is a status line: its lock is all that tells. */
static void test_an_owner_that_starts_is_not_gone(void **state)
{
	struct world world = make_world(state);
	struct error err = ERROR_INIT;
	int lock;

	assert_int_equal(rundir_lock(&world.rundir, "one", "start", deadline_in(0), &lock, &err), 0);
	assert_int_equal(take(&world, "one"), ERROR_NONE);
	assert_int_equal(take(&world, "two"), ERROR_STATE);
	close(lock);
	assert_int_equal(take(&world, "two"), ERROR_NONE);
	rundir_close(&world.rundir);
}

static void test_a_link_that_cannot_be_made_is_no_conflict(void **state)
{
	struct world world = make_world(state);
	char key[300];
	struct claim odd = { key, (char *)"" };
	_cleanup_error_ struct error err = ERROR_INIT;

	memset(key, 'x', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	assert_int_equal(claims_take(&world.rundir, &odd, 1, "one", &world.here, &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	rundir_close(&world.rundir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_running_owner_keeps_it, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_what_is_left_behind_is_taken_over, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(test_an_owner_that_starts_is_not_gone, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_a_link_that_cannot_be_made_is_no_conflict, scratch_setup,
						scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
