/* Why QEMU ended: the table of evidence and verdicts. The supervisor's objects are in no library, so its pure rooms are taken in whole. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "supervisor/cause.c"
#include "supervisor/foreign_status.c"
#include "supervisor/kernel_log.c"
#include "vm/move.h"

#define EXITED(n) ((n) << 8)

static const struct {
	struct evidence evidence;
	enum exit_reason expected;
} cases[] = {
	/* the guest's own doing */
	{ { EXITED(0), "", "", "guest-shutdown", true }, EXIT_GUEST },
	{ { EXITED(0), "", "", "guest-reset", true }, EXIT_GUEST_REBOOT },
	{ { EXITED(0), "", "", "guest-panic", true }, EXIT_PANICKED },
	{ { EXITED(0), "", "acpi", "guest-panic", true }, EXIT_PANICKED },
	/* stop, rung by rung */
	{ { EXITED(0), "", "acpi", "guest-shutdown", true }, EXIT_ACPI },
	{ { EXITED(0), "", "quit", "guest-shutdown", true }, EXIT_ACPI },
	{ { EXITED(0), "", "quit", "host-qmp-quit", true }, EXIT_QUIT },
	{ { EXITED(0), "", "sigterm", "host-signal", true }, EXIT_SIGTERM },
	{ { SIGTERM, "", "sigterm", "", true }, EXIT_SIGTERM },
	{ { SIGKILL, "", "sigkill", "", true }, EXIT_SIGKILL },
	{ { SIGKILL, "", "force", "", true }, EXIT_FORCED },
	{ { SIGKILL, "", "force", "", true, false, true }, EXIT_FORCED },
	/* a crash while it is being stopped is a crash */
	{ { SIGSEGV, "", "acpi", "", true }, EXIT_CRASHED },
	{ { SIGKILL, "", "acpi", "", true }, EXIT_CRASHED },
	{ { SIGSEGV, "", "", "guest-shutdown", true }, EXIT_CRASHED },
	{ { EXITED(1), "", "quit", "", true }, EXIT_FAILED },
	/* others */
	{ { EXITED(0), "", "", "host-qmp-quit", true }, EXIT_QUIT },
	{ { EXITED(0), "", "", "host-signal", true }, EXIT_SIGTERM },
	{ { SIGTERM, "", "", "", true }, EXIT_SIGTERM },
	{ { SIGKILL, "", "", "", true }, EXIT_CRASHED },
	{ { SIGABRT, "", "", "", true }, EXIT_CRASHED },
	{ { SIGKILL, "", "", "", true, false, true }, EXIT_OOM },
	{ { SIGSEGV, "", "", "", true, false, true }, EXIT_CRASHED },
	{ { EXITED(1), "", "", "", true }, EXIT_FAILED },
	{ { EXITED(1), "", "", "host-error", true }, EXIT_FAILED },
	{ { EXITED(0), "", "", "", false }, EXIT_UNKNOWN },
	{ { EXITED(0), "", "acpi", "", false }, EXIT_ACPI },
	{ { EXITED(0), "", "", "phase-of-the-moon", true }, EXIT_UNKNOWN },
	/* the watchdog */
	{ { EXITED(0), "", "", "", true, true }, EXIT_WATCHDOG },
	{ { EXITED(0), "", "", "guest-shutdown", true, true }, EXIT_WATCHDOG },
	{ { EXITED(0), "", "", "guest-reset", true, true }, EXIT_WATCHDOG },
	{ { EXITED(0), "", "quit", "host-qmp-quit", true, true }, EXIT_QUIT },
	/* not our child */
	{ { -1, "", "", "guest-shutdown", true }, EXIT_GUEST },
	{ { -1, "", "acpi", "guest-shutdown", true }, EXIT_ACPI },
	{ { -1, "", "", "", true }, EXIT_CRASHED },
	{ { -1, "", "", "", false }, EXIT_UNKNOWN },
	{ { -1, "", "force", "", true }, EXIT_FORCED },
	{ { -1, "", "sigkill", "", true }, EXIT_SIGKILL },
	{ { -1, "", "", "", true, false, true }, EXIT_OOM },
	{ { -1, "", "", "", true, true }, EXIT_WATCHDOG },
	/* on the way: however it ended */
	{ { EXITED(0), MOVE_MIGRATED, "", "host-qmp-quit", true }, EXIT_MIGRATED },
	{ { SIGKILL, MOVE_MIGRATED, "", "", true }, EXIT_MIGRATED },
	{ { SIGKILL, MOVE_SAVED, "", "", true }, EXIT_SAVED },
	{ { EXITED(1), MOVE_WAITING, "", "", true }, EXIT_INCOMING_FAILED },
	{ { -1, MOVE_WAITING, "", "", true }, EXIT_INCOMING_FAILED },
	/* the guest was ours, or runs here */
	{ { SIGSEGV, MOVE_MIGRATING, "", "", true }, EXIT_CRASHED },
	{ { SIGSEGV, MOVE_HANDED_OVER, "", "", true }, EXIT_CRASHED },
	{ { EXITED(1), MOVE_GRANTED, "", "", true }, EXIT_FAILED },
	{ { SIGKILL, MOVE_SAVING, "", "", true }, EXIT_CRASHED },
};

static void test_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		enum exit_reason reason = cause_decide(&cases[i].evidence);
		_cleanup_free_ char *detail = cause_detail(reason, &cases[i].evidence);

		if (reason != cases[i].expected)
			fail_msg("case %zu: %s instead of %s", i, exit_reason_to_string(reason),
				 exit_reason_to_string(cases[i].expected));
		assert_true(strlen(detail) > 10);
	}
}

static void test_details_name_what_was_seen(void **state)
{
	const struct evidence crash = { SIGSEGV, "", "", "", true }, killed = { SIGKILL, "", "", "", true },
			      failed = { EXITED(3), "", "", "", true };
	_cleanup_free_ char *a = cause_detail(EXIT_CRASHED, &crash), *b = cause_detail(EXIT_CRASHED, &killed),
			    *c = cause_detail(EXIT_FAILED, &failed);

	(void)state;
	assert_string_equal(a, "QEMU was killed by signal 11 (SIGSEGV)");
	assert_string_equal(b, "QEMU was killed by signal 9 (SIGKILL), not by kvmctl");
	assert_string_equal(c, "QEMU ended with status 3");
}

static void test_what_on_crash_is_about(void **state)
{
	(void)state;
	for (int i = 0; i < EXIT_REASON_MAX; i++)
		assert_int_equal(cause_is_crash((enum exit_reason)i), i == EXIT_CRASHED || i == EXIT_FAILED ||
									      i == EXIT_PANICKED ||
									      i == EXIT_WATCHDOG || i == EXIT_OOM);
}

static void test_kernel_log(void **state)
{
	static const char record[] =
		"3,1200,5000000,-;Out of memory: Killed process 4711 (qemu-system-x86) total-vm:1kB";

	(void)state;
	assert_true(kernel_log_is_oom(record, 4711, 4000000));
	assert_false(kernel_log_is_oom(record, 471, 4000000));
	assert_false(kernel_log_is_oom(record, 4711, 5000001)); /* an older process of that number */
	assert_false(kernel_log_is_oom("garbage", 4711, 0));
	assert_false(kernel_log_is_oom("1;2,3,4", 4711, 0));
	assert_false(kernel_log_is_oom("6,1,5000000,-;usb 1-1: new device", 4711, 0));
}

static void test_foreign_status(void **state)
{
	/* fields 4 to 21, 23 to 51 are of no interest */
#define TO_START "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 "
#define TO_CODE "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 "
	(void)state;
	assert_int_equal(foreign_status_from_stat("7 (a) b) Z " TO_START "99 " TO_CODE "9\n", 99), 9);
	assert_int_equal(foreign_status_from_stat("7 (q) Z " TO_START "99 " TO_CODE "256\n", 99), 256);
	assert_int_equal(foreign_status_from_stat("7 (q) Z " TO_START "99 " TO_CODE "0\n", 99), -1);
	assert_int_equal(foreign_status_from_stat("7 (q) Z " TO_START "98 " TO_CODE "9\n", 99), -1);
	assert_int_equal(foreign_status_from_stat("7 (q) S " TO_START "99 " TO_CODE "9\n", 99), -1);
	assert_int_equal(foreign_status_from_stat("7 (q) Z 1 2", 99), -1);
	assert_int_equal(foreign_status_from_stat("", 99), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_details_name_what_was_seen),
		cmocka_unit_test(test_what_on_crash_is_about),
		cmocka_unit_test(test_kernel_log),
		cmocka_unit_test(test_foreign_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
