/* While the guest runs: the status line follows the events, garbage does no harm, the logs stay bounded, and silence costs nothing. */
#include "supervisor_rig.h"

static int64_t file_size(const struct rig *rig, const char *file)
{
	_cleanup_close_ int dir = rig_part(rig, ".");
	struct stat st;

	return fstatat(dir, file, &st, 0) == 0 ? st.st_size : -1;
}

/* The number behind "KEY:" in /proc/PID/FILE, or -1. */
static long proc_number(pid_t pid, const char *file, const char *key)
{
	_cleanup_free_ char *path = xprintf("/proc/%d/%s", pid, file), *text = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;
	const char *at;

	assert_int_equal(file_read_at(AT_FDCWD, path, 65536, &text, NULL, &err), 0);
	at = strstr(text, key);
	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

static void expect_status(const struct rig *rig, bool paused, const char *reason)
{
	struct status status;

	rig_sync(rig);
	/* The line is written after the batch of events that the mark was in. */
	wait_until((status = rig_status(rig), status.paused == paused && streq(status.reason, reason)));
	status = rig_status(rig);
	assert_int_equal(status.paused, paused);
	assert_string_equal(status.reason, reason);
}

static void test_follows_events(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, NULL);
	expect_status(rig, false, "");
	rig_event(rig, "STOP", "{}");
	expect_status(rig, true, "user");
	rig_event(rig, "RESUME", "{}");
	expect_status(rig, false, "");
	rig_event(rig, "BLOCK_IO_ERROR", "{\"device\": \"d\", \"action\": \"report\"}");
	rig_event(rig, "STOP", "{}");
	expect_status(rig, true, "user");
	rig_event(rig, "RESUME", "{}");
	rig_event(rig, "BLOCK_IO_ERROR", "{\"device\": \"d\", \"action\": \"stop\"}");
	rig_event(rig, "STOP", "{}");
	expect_status(rig, true, "io-error");
	rig_event(rig, "RESUME", "{}");
	rig_event(rig, "GUEST_PANICKED", "{\"action\": \"pause\"}");
	rig_event(rig, "STOP", "{}");
	expect_status(rig, true, "panicked");
	rig_event(rig, "RESUME", "{}");
	rig_event(rig, "WATCHDOG", "{\"action\": \"pause\"}");
	rig_event(rig, "STOP", "{}");
	expect_status(rig, true, "watchdog");
	rig_event(rig, "RESUME", "{}");
	rig_event(rig, "SUSPEND", "{}");
	expect_status(rig, false, "suspended");
	rig_event(rig, "WAKEUP", "{}");
	expect_status(rig, false, "");
	rig_event(rig, "BALLOON_CHANGE", "{\"actual\": 268435456}");
	assert_true(wait_until(rig_status(rig).memory == 256));
	assert_int_equal(rig_status(rig).maxmem, 1024);
}

/* On the move events are left to wait a little: none is lost, and what came last counts. */
static void test_follows_a_move(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, NULL);
	rig_event(rig, "MIGRATION", "{\"status\": \"setup\"}");
	rig_event(rig, "MIGRATION", "{\"status\": \"active\"}");
	rig_event(rig, "STOP", "{}");
	expect_status(rig, true, "user");
	rig_event(rig, "MIGRATION", "{\"status\": \"completed\"}");
	rig_event(rig, "RESUME", "{}");
	expect_status(rig, false, "");
	assert_true(rig_has(rig, "log/" NAME ".events", "completed"));
	assert_true(rig_has(rig, "log/" NAME ".events", "RESUME"));
}

/* What happened before the handshake is asked for. */
static void test_paused_before(void **state)
{
	struct rig *rig = *state;

	rig->run_state = "io-error";
	rig_launch(rig, NULL);
	rig_commit(rig);
	expect_status(rig, true, "io-error");
}

/* The rung that stop has announced is not overwritten. */
static void test_rung_stays(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, NULL);
	rig_set_rung(rig, "acpi");
	rig_event(rig, "STOP", "{}");
	expect_status(rig, true, "acpi");
	assert_int_equal(rig_status(rig).phase, PHASE_STOPPING);
}

/* A status line of another run is left alone. */
static void test_other_run(void **state)
{
	struct rig *rig = *state;
	struct status other;

	rig_begin(rig, NULL);
	usleep(100000); /* the answer to query-status is in the status line by then */
	other = rig_status(rig);
	other.qemu.start++;
	rig_write_status(rig, &other);
	rig_event(rig, "STOP", "{}");
	expect_status(rig, false, "");
}

/* The raw line, and events that we know nothing of; data may be missing or be of any kind. */
static void test_event_log(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, NULL);
	rig_order(rig,
		  "say {\"event\": \"ODD\"}\r\n{\"event\": \"SHUTDOWN\"}\r\n{\"return\": 7}\r\n{\"error\": {}}\r\n");
	rig_order(rig, "say {\"event\": \"BALLOON_CHANGE\", \"data\": [1]}\r\n{\"event\": \"STOP\", \"data\": "
		       "null}\r\n{}\r\n");
	rig_sync(rig);
	assert_true(rig_has(rig, "log/" NAME ".events",
			    "{\"event\": \"ODD\"}\n{\"event\": \"SHUTDOWN\"}\n{\"event\": \"BALLOON_CHANGE\""));
	assert_false(rig_has(rig, "log/" NAME ".events", "return"));
	expect_status(rig, true, "user");
	assert_int_equal(rig_status(rig).memory, 512);
}

/* The connection is dropped, the supervisor and the guest stay, and the end is still seen. */
static void survives(struct rig *rig)
{
	struct exit_record record;

	assert_int_equal(waitpid(rig->supervisor, NULL, WNOHANG), 0);
	assert_int_equal(kill(rig->qemu.pid, SIGKILL), 0);
	rig_wait(rig);
	record = rig_record(rig);
	assert_int_equal(record.reason, EXIT_CRASHED);
	exit_record_free(&record);
}

static void test_garbage(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, NULL);
	rig_order(rig, "say HTTP/1.1 400 Bad Request\r\n\r\n");
	usleep(50000);
	survives(rig);
}

static void test_endless_line(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, NULL);
	rig_order(rig, "flood 100");
	usleep(300000);
#ifndef __SANITIZE_ADDRESS__
	assert_true(proc_number(rig->supervisor, "status", "VmHWM:") < 8192);
#endif
	survives(rig);
}

/* QEMU stopped by SIGSTOP: its supervisor still answers signals and ends in order. */
static void test_stopped_qemu(void **state)
{
	struct rig *rig = *state;

	rig_launch(rig, NULL);
	kill(rig->qemu.pid, SIGSTOP);
	rig_commit(rig);
	kill(rig->supervisor, SIGTERM);
	assert_int_equal(WEXITSTATUS(rig_wait(rig)), 0);
	assert_int_equal(rig_status(rig).supervisor, 0);
	kill(rig->qemu.pid, SIGKILL);
}

/* SIGTERM sends the supervisor away; the guest runs on and nothing is torn down. */
static void test_term_leaves_guest(void **state)
{
	struct rig *rig = *state;
	struct process_stat stat;

	rig_begin(rig, NULL);
	kill(rig->supervisor, SIGTERM);
	assert_int_equal(WEXITSTATUS(rig_wait(rig)), 0);
	assert_int_equal(process_read_stat(rig->qemu.pid, &stat), 0);
	assert_int_equal(rig_status(rig).supervisor, 0);
	assert_int_equal(rig_status(rig).phase, PHASE_RUNNING);
	assert_false(rig_has(rig, "calls", "teardown"));
	kill(rig->qemu.pid, SIGKILL);
}

static void write_lines(int fd, const char *what, int from, int to)
{
	char line[128];

	for (int i = from; i < to; i++) {
		snprintf(line, sizeof(line), "%s line %06d of a guest that talks a lot\n", what, i);
		assert_int_equal(write(fd, line, strlen(line)), (ssize_t)strlen(line));
	}
}

static void test_logs_are_bounded(void **state)
{
	struct rig *rig = *state;
	_cleanup_close_ int log = rig_open_log(rig, NAME ".log"), serial = rig_open_log(rig, NAME ".serial");
	_cleanup_free_ char *text = NULL;

	rig_begin(rig, NULL); /* 64 KiB */
	write_lines(serial, "serial", 0, 4000);
	write_lines(log, "stderr", 0, 4000);
	assert_true(wait_until(file_size(rig, "log/" NAME ".serial") <= 65536 &&
			       file_size(rig, "log/" NAME ".log") <= 65536));
	text = rig_read(rig, "log/" NAME ".serial");
	assert_true(starts_with(text, "[kvmctl: the log was too long, its older part was cut]\nserial line "));
	assert_true(ends_with(text, "serial line 003999 of a guest that talks a lot\n"));
	assert_true(strlen(text) > 16384);
	/* And again, after it was quiet: the watch is set anew. */
	usleep(300000);
	write_lines(serial, "serial", 4000, 8000);
	assert_true(wait_until(file_size(rig, "log/" NAME ".serial") <= 65536));
	assert_true(rig_has(rig, "log/" NAME ".serial", "serial line 007999"));
}

static void test_event_log_is_bounded(void **state)
{
	struct rig *rig = *state;
	_cleanup_free_ char *text = NULL;

	rig_begin(rig, NULL);
	for (int i = 0; i < 1500; i++)
		rig_event(rig, "RTC_CHANGE", "{\"offset\": 12345}");
	rig_sync(rig);
	assert_true(file_size(rig, "log/" NAME ".events") <= 65536);
	text = rig_read(rig, "log/" NAME ".events");
	assert_true(starts_with(text, "{\"timestamp\": "));
	assert_non_null(strstr(text, "\"KVMCTL_LOG_CUT\"}\n{\"timestamp\""));
}

/* A guest that floods its serial port: its log is cut while it does, and again, and that is hardly any work. The writer
 * waits where the file has grown far over the bound, so that a busy host makes the test slow, not wrong. */
static void test_flood(void **state)
{
	struct rig *rig = *state;
	_cleanup_close_ int serial = rig_open_log(rig, NAME ".serial");
	struct process_stat before, after;
	int64_t began;

	rig_begin(rig, (const char *const[]){ "--log-max", "1048576", NULL });
	assert_int_equal(process_read_stat(rig->supervisor, &before), 0);
	began = clock_boottime_ms();
	for (int i = 0; i < 500; i++) { /* some 5 MB, 5 MB/s */
		write_lines(serial, "flood", 0, 200);
		assert_true(wait_until(file_size(rig, "log/" NAME ".serial") < 3 * 1048576));
		usleep(2000);
	}
	assert_true(wait_until(file_size(rig, "log/" NAME ".serial") <= 1048576));
	assert_int_equal(process_read_stat(rig->supervisor, &after), 0);
	/* ticks of 10 ms: a tenth of the time that it took */
	assert_true((int64_t)(after.utime + after.stime - before.utime - before.stime) <=
		    5 + (clock_boottime_ms() - began) / 100);
}

static long wakeups_of(const struct rig *rig)
{
	return proc_number(rig->supervisor, "status", "\nvoluntary_ctxt_switches:");
}

/* No wake-up while nothing happens. When the beginning is over cannot be seen: so a few times are given to find it quiet. */
static bool is_idle(const struct rig *rig)
{
	for (int i = 0; i < 10; i++) {
		long before = wakeups_of(rig);

		usleep(1500000);
		if (wakeups_of(rig) == before)
			return true;
	}
	return false;
}

/* DESIGN's budget: 400 KiB PSS, no wake-up while nothing happens. */
static void test_idle_costs(void **state)
{
	struct rig *rig = *state;
	long pss;

	rig_begin(rig, NULL);
	usleep(500000);
	assert_true(is_idle(rig));
	pss = proc_number(rig->supervisor, "smaps_rollup", "\nPss:");
	print_message("PSS %ld KiB\n", pss);
	assert_true(pss > 0);
#ifndef __SANITIZE_ADDRESS__
	assert_true(pss <= 400);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_follows_events),
		rig_test(test_follows_a_move),
		rig_test(test_paused_before),
		rig_test(test_rung_stays),
		rig_test(test_other_run),
		rig_test(test_event_log),
		rig_test(test_garbage),
		rig_test(test_endless_line),
		rig_test(test_stopped_qemu),
		rig_test(test_term_leaves_guest),
		rig_test(test_logs_are_bounded),
		rig_test(test_event_log_is_bounded),
		rig_test(test_flood),
		rig_test(test_idle_costs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
