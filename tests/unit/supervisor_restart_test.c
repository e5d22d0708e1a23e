/* on_crash: the restart with its back-off, its cancelling, and the crashes that are not restarted. */
#include "supervisor_rig.h"

static const char *const restart[] = { "--on-crash", "restart", NULL };

static struct exit_record wait_for_backoff(struct rig *rig)
{
	struct exit_record record;

	assert_true(wait_until(rig_has(rig, "exit/" NAME, "reason")));
	record = rig_record(rig);
	assert_int_equal(record.reason, EXIT_CRASHED);
	return record;
}

static void test_restart(void **state)
{
	struct rig *rig = *state;
	_cleanup_free_ char *expected = xprintf("--run-dir %s start " NAME " --restarts 1\n", rig->dir), *calls = NULL;
	struct exit_record record;
	struct status status;
	int64_t begin;

	rig_begin(rig, restart);
	begin = clock_realtime_ms();
	kill(rig->qemu.pid, SIGSEGV);
	record = wait_for_backoff(rig);
	assert_int_equal(record.restarts, 0);
	assert_true(record.restart_at_ms >= begin + 1000 && record.restart_at_ms < begin + 5000);
	exit_record_free(&record);
	status = rig_status(rig);
	assert_int_equal(status.qemu.pid, 0);
	assert_int_equal(status.phase, PHASE_REBOOTING);
	assert_string_equal(status.reason, "restart");
	assert_int_equal(status.supervisor, rig->supervisor);
	assert_int_equal(rig_wait(rig), 0); /* it has become `kvmctl start` */
	assert_true(clock_realtime_ms() - begin >= 1000);
	calls = rig_read(rig, "calls");
	assert_string_equal(calls, expected);
}

/* The fourth in a row waits eight seconds; `stop` calls it off. */
static void test_cancel(void **state)
{
	struct rig *rig = *state;
	struct exit_record record;
	int64_t begin;

	rig_begin(rig, (const char *const[]){ "--on-crash", "restart", "--restarts", "3", NULL });
	begin = clock_realtime_ms();
	kill(rig->qemu.pid, SIGSEGV);
	record = wait_for_backoff(rig);
	assert_int_equal(record.restarts, 3);
	assert_true(record.restart_at_ms >= begin + 8000 && record.restart_at_ms < begin + 12000);
	exit_record_free(&record);
	kill(rig->supervisor, SIGTERM);
	assert_int_equal(rig_wait(rig), 0);
	assert_true(rig_has(rig, "calls", " teardown " NAME "\n"));
	assert_false(rig_has(rig, "calls", " start "));
	record = rig_record(rig);
	assert_int_equal(record.restart_at_ms, 0);
	assert_int_equal(record.reason, EXIT_CRASHED);
	exit_record_free(&record);
}

/* The record was torn down by somebody during the back-off: there is nothing to start again. */
static void test_gone_meanwhile(void **state)
{
	struct rig *rig = *state;
	_cleanup_close_ int dir = rig_part(rig, "pid");
	struct exit_record record;

	rig_begin(rig, restart);
	kill(rig->qemu.pid, SIGSEGV);
	record = wait_for_backoff(rig);
	exit_record_free(&record);
	assert_int_equal(unlinkat(dir, NAME, 0), 0);
	rig_wait(rig);
	assert_false(rig_has(rig, "calls", "start"));
	record = rig_record(rig);
	assert_int_equal(record.restart_at_ms, 0);
	exit_record_free(&record);
}

/* A crash while it is being stopped, and an orderly end, are not restarted. */
static void test_not_while_stopping(void **state)
{
	struct rig *rig = *state;
	struct exit_record record;

	rig_begin(rig, restart);
	rig_set_rung(rig, "acpi");
	kill(rig->qemu.pid, SIGSEGV);
	rig_wait(rig);
	assert_true(rig_has(rig, "calls", " teardown " NAME "\n"));
	record = rig_record(rig);
	assert_int_equal(record.reason, EXIT_CRASHED);
	assert_int_equal(record.restart_at_ms, 0);
	exit_record_free(&record);
}

static void test_not_after_shutdown(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, restart);
	rig_event(rig, "SHUTDOWN", "{\"guest\": true, \"reason\": \"guest-shutdown\"}");
	rig_order(rig, "exit 0");
	rig_wait(rig);
	assert_true(rig_has(rig, "calls", " teardown " NAME "\n"));
	assert_false(rig_has(rig, "calls", " start "));
}

/* preserve keeps a panicked guest (QEMU pauses it); a QEMU that is gone is torn down. */
static void test_preserve(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, (const char *const[]){ "--on-crash", "preserve", NULL });
	rig_event(rig, "GUEST_PANICKED", "{\"action\": \"pause\"}");
	rig_event(rig, "STOP", "{}");
	rig_sync(rig);
	assert_true(wait_until(streq(rig_status(rig).reason, "panicked")));
	assert_int_equal(waitpid(rig->supervisor, NULL, WNOHANG), 0);
	assert_false(rig_has(rig, "calls", NAME));
	kill(rig->qemu.pid, SIGABRT);
	rig_wait(rig);
	assert_true(rig_has(rig, "calls", " teardown " NAME "\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_restart),
		rig_test(test_cancel),
		rig_test(test_gone_meanwhile),
		rig_test(test_not_while_stopping),
		rig_test(test_not_after_shutdown),
		rig_test(test_preserve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
