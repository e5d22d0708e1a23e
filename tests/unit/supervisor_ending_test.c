/* QEMU ends, in each of its ways: the exit record says which, and somebody tears down. */
#include "supervisor_rig.h"

#include <sys/file.h>

/* After QEMU's end: the record, once the supervisor (by then the teardown) has ended. */
static struct exit_record ended(struct rig *rig)
{
	rig_wait(rig);
	return rig_record(rig);
}

static void expect(struct rig *rig, enum exit_reason reason, int status, int signal, const char *by)
{
	struct exit_record record = ended(rig);

	assert_string_equal(exit_reason_to_string(record.reason), exit_reason_to_string(reason));
	assert_int_equal(record.pid, rig->qemu.pid);
	assert_int_equal(record.start, rig->qemu.start);
	assert_int_equal(record.status, status);
	assert_int_equal(record.signal, signal);
	assert_true(clock_realtime_ms() - record.ended_ms < WAIT_MS);
	assert_int_equal(record.restart_at_ms, 0);
	assert_string_equal(record.by ? record.by : "", by);
	assert_true(rig_has(rig, "calls", "teardown " NAME "\n"));
	exit_record_free(&record);
}

static void test_guest(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, NULL);
	rig_event(rig, "SHUTDOWN", "{\"guest\": true, \"reason\": \"guest-shutdown\"}");
	rig_order(rig, "exit 0");
	expect(rig, EXIT_GUEST, 0, 0, "guest");
}

/* What QEMU said last waits still when it ends. */
static void test_guest_on_the_move(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, NULL);
	rig_event(rig, "MIGRATION", "{\"status\": \"active\"}");
	assert_true(wait_until(rig_has(rig, "log/" NAME ".events", "active")));
	rig_event(rig, "SHUTDOWN", "{\"guest\": true, \"reason\": \"guest-shutdown\"}");
	rig_order(rig, "exit 0");
	expect(rig, EXIT_GUEST, 0, 0, "guest");
}

static void test_crash(void **state)
{
	struct rig *rig = *state;
	struct exit_record record;

	rig_begin(rig, NULL);
	rig_order(rig, "print old news\n\nqemu: assertion \a failed\n");
	assert_true(wait_until(rig_has(rig, "log/" NAME ".log", "failed")));
	kill(rig->qemu.pid, SIGSEGV);
	expect(rig, EXIT_CRASHED, -1, SIGSEGV, "");
	record = rig_record(rig);
	assert_string_equal(record.detail, "QEMU was killed by signal 11 (SIGSEGV)");
	assert_string_equal(record.words, "old news\nqemu: assertion \\x07 failed");
	exit_record_free(&record);
}

/* The words of an earlier run are not taken for those of this one. */
static void test_words_of_this_run(void **state)
{
	struct rig *rig = *state;
	_cleanup_close_ int log = rig_open_log(rig, NAME ".log");
	struct exit_record record;

	assert_int_equal(write(log, "yesterday\n", 10), 10);
	rig_begin(rig, (const char *const[]){ "--log-offset", "10", NULL });
	rig_order(rig, "print today\n");
	rig_sync(rig);
	rig_order(rig, "exit 1");
	expect(rig, EXIT_FAILED, 1, 0, "");
	record = rig_record(rig);
	assert_string_equal(record.words, "today");
	exit_record_free(&record);
}

static void test_panic(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, NULL);
	rig_event(rig, "GUEST_PANICKED", "{\"action\": \"poweroff\"}");
	rig_event(rig, "SHUTDOWN", "{\"guest\": true, \"reason\": \"guest-panic\"}");
	rig_order(rig, "exit 0");
	expect(rig, EXIT_PANICKED, 0, 0, "guest");
}

static void test_watchdog(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, NULL);
	rig_event(rig, "WATCHDOG", "{\"action\": \"poweroff\"}");
	rig_order(rig, "exit 0");
	expect(rig, EXIT_WATCHDOG, 0, 0, "watchdog");
}

static void test_watchdog_long_survived(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, NULL);
	rig_event(rig, "WATCHDOG", "{\"action\": \"reset\"}");
	rig_event(rig, "RESET", "{\"guest\": true}");
	rig_event(rig, "SHUTDOWN", "{\"guest\": true, \"reason\": \"guest-shutdown\"}");
	rig_order(rig, "exit 0");
	expect(rig, EXIT_GUEST, 0, 0, "guest");
}

static void test_oom(void **state)
{
	struct rig *rig = *state;
	_cleanup_free_ char *dir = xprintf("%s/cgroup", rig->dir);

	rig_begin(rig, (const char *const[]){ "--cgroup-dir", dir, NULL });
	rig_write(rig, "cgroup/memory.events", "low 0\noom_kill 4\n", 0640);
	kill(rig->qemu.pid, SIGKILL);
	expect(rig, EXIT_OOM, -1, SIGKILL, "the kernel's OOM killer");
}

/* The counter of before this run is no evidence. */
static void test_kill_is_not_oom(void **state)
{
	struct rig *rig = *state;
	_cleanup_free_ char *dir = xprintf("%s/cgroup", rig->dir);

	rig_begin(rig, (const char *const[]){ "--cgroup-dir", dir, NULL });
	kill(rig->qemu.pid, SIGKILL);
	expect(rig, EXIT_CRASHED, -1, SIGKILL, "");
}

static void test_signalled_by_somebody(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, NULL);
	rig_order(rig, "print qemu-system-x86_64: terminating on signal 15 from pid 77 (kill)\n");
	rig_event(rig, "SHUTDOWN", "{\"guest\": false, \"reason\": \"host-signal\"}");
	rig_order(rig, "exit 0");
	expect(rig, EXIT_SIGTERM, 0, 0, "pid 77 (kill)");
}

static void write_holder(struct rig *rig, const char *text)
{
	_cleanup_close_ int dir = rig_part(rig, "lock"), lock = openat(dir, NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

	assert_int_equal(write(lock, text, strlen(text)), (ssize_t)strlen(text));
}

static void forced(struct rig *rig, const char *holder, const char *by)
{
	rig_begin(rig, NULL);
	write_holder(rig, holder);
	rig_set_rung(rig, "force");
	kill(rig->qemu.pid, SIGKILL);
	expect(rig, EXIT_FORCED, -1, SIGKILL, by);
}

static void test_forced(void **state)
{
	forced(*state, "pid 12, stop --force, since 2026-11-22T07:05:07.123Z\n", "kvmctl stop --force (pid 12)");
}

/* It had not yet written that it has the lock. */
static void test_forced_before_the_lock(void **state)
{
	forced(*state, "pid 12, start, since 2026-11-22T07:05:07.123Z\n", "kvmctl stop --force");
}

/* As `stop` does it: it holds the lock, waits for the record, tears down itself, lets go. */
static void stop_by_lock(struct rig *rig, bool tears_down)
{
	_cleanup_close_ int dir = rig_part(rig, "lock"), lock = openat(dir, NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	static const char holder[] = "pid 12, stop, since 2026-11-22T07:05:07.123Z\n";
	_cleanup_close_ int pid_dir = rig_part(rig, "pid"), conf_dir = rig_part(rig, "conf");

	assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(write(lock, holder, strlen(holder)), (ssize_t)strlen(holder));
	rig_set_rung(rig, "acpi");
	rig_event(rig, "SHUTDOWN", "{\"guest\": true, \"reason\": \"guest-shutdown\"}");
	rig_order(rig, "exit 0");
	assert_true(wait_until(rig_has(rig, "exit/" NAME, "reason")));
	assert_int_equal(waitpid(rig->supervisor, NULL, WNOHANG), 0); /* it waits for us */
	if (tears_down) {
		unlinkat(pid_dir, NAME, 0);
		unlinkat(conf_dir, NAME ".runtime", 0);
	}
}

static void test_stop_tears_down(void **state)
{
	struct rig *rig = *state;
	struct exit_record record;

	rig_begin(rig, NULL);
	stop_by_lock(rig, true);
	record = ended(rig);
	assert_int_equal(record.reason, EXIT_ACPI);
	assert_string_equal(record.by, "kvmctl stop (pid 12)");
	assert_false(rig_has(rig, "calls", "teardown"));
	exit_record_free(&record);
}

/* A stop that died half-way leaves it to the supervisor. */
static void test_stop_dies(void **state)
{
	struct rig *rig = *state;
	struct exit_record record;

	rig_begin(rig, NULL);
	stop_by_lock(rig, false);
	record = ended(rig);
	assert_int_equal(record.reason, EXIT_ACPI);
	assert_true(rig_has(rig, "calls", "teardown"));
	exit_record_free(&record);
}

/* QEMU is not its child: no status, but events. */
static void test_attached(void **state)
{
	struct rig *rig = *state;

	rig->attached = true;
	rig_launch(rig, (const char *const[]){ "--attached", NULL });
	rig_sync(rig);
	assert_int_equal(rig_status(rig).supervisor, rig->supervisor);
	rig_event(rig, "SHUTDOWN", "{\"guest\": true, \"reason\": \"guest-shutdown\"}");
	rig_order(rig, "exit 0");
	expect(rig, EXIT_GUEST, -1, 0, "guest");
}

/* Killed while nobody has reaped it (we, its parent, wait): the signal is known all the same. */
static void test_attached_killed(void **state)
{
	struct rig *rig = *state;

	rig->attached = true;
	rig_launch(rig, (const char *const[]){ "--attached", NULL });
	rig_sync(rig);
	kill(rig->qemu.pid, SIGKILL);
	expect(rig, EXIT_CRASHED, -1, SIGKILL, "");
}

/* The run directory was wiped while the guest ran: nothing to write to, nothing hangs. */
static void test_wiped(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, NULL);
	nftw(rig->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	rig_event(rig, "STOP", "{}");
	rig_order(rig, "exit 0");
	assert_int_equal(WEXITSTATUS(rig_wait(rig)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_guest),
		rig_test(test_guest_on_the_move),
		rig_test(test_crash),
		rig_test(test_words_of_this_run),
		rig_test(test_panic),
		rig_test(test_watchdog),
		rig_test(test_watchdog_long_survived),
		rig_test(test_oom),
		rig_test(test_kill_is_not_oom),
		rig_test(test_signalled_by_somebody),
		rig_test(test_forced),
		rig_test(test_forced_before_the_lock),
		rig_test(test_stop_tears_down),
		rig_test(test_stop_dies),
		rig_test(test_attached),
		rig_test(test_attached_killed),
		rig_test(test_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
