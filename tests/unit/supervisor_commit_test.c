/* The conversation between `kvmctl start` and the supervisor, and what is left when either goes. */
#include "supervisor_rig.h"

#define CALL_TEARDOWN "teardown " NAME "\n"

static bool qemu_gone(const struct rig *rig)
{
	struct process_stat stat;

	return process_read_stat(rig->qemu.pid, &stat) < 0 || stat.start != rig->qemu.start || process_ended(&stat);
}

static void test_commit(void **state)
{
	struct rig *rig = *state;
	struct process_stat self;
	struct status status;

	rig_launch(rig, NULL);
	rig_commit(rig);
	status = rig_status(rig);
	assert_int_equal(status.supervisor, rig->supervisor);
	assert_int_equal(process_read_stat(rig->supervisor, &self), 0);
	assert_int_equal(status.supervisor_start, self.start);
	assert_int_equal(status.phase, PHASE_RUNNING);
	rig_sync(rig);
	assert_false(qemu_gone(rig));
}

static void test_start_dies(void **state)
{
	struct rig *rig = *state;
	_cleanup_free_ char *expected = xprintf("--run-dir %s --config /etc/x.json " CALL_TEARDOWN, rig->dir),
			    *calls = NULL;

	rig_launch(rig, (const char *const[]){ "--config", "/etc/x.json", NULL });
	rig_hang_up(rig);
	assert_int_equal(rig_wait(rig), 0); /* the status of the teardown that it became */
	assert_true(qemu_gone(rig));
	calls = rig_read(rig, "calls");
	assert_string_equal(calls, expected);
	assert_false(rig_has(rig, "exit/" NAME, "reason"));
}

/* Somebody else has started the instance again since: his run is not torn down. */
static void test_start_dies_and_another_runs(void **state)
{
	struct rig *rig = *state;
	struct status other;

	rig_launch(rig, NULL);
	other = rig_status(rig);
	other.qemu.start++;
	rig_write_status(rig, &other);
	rig_hang_up(rig);
	assert_int_equal(WEXITSTATUS(rig_wait(rig)), 1);
	assert_true(qemu_gone(rig));
	assert_false(rig_has(rig, "calls", "teardown"));
}

static void test_undo(void **state)
{
	struct rig *rig = *state;

	rig_launch(rig, NULL);
	rig_say(rig, "undo"); /* start waits until we have let go of it */
	usleep(50000);
	assert_false(qemu_gone(rig)); /* start ends it, not we */
	assert_int_equal(kill(rig->qemu.pid, SIGKILL), 0);
	assert_int_equal(WEXITSTATUS(rig_wait(rig)), 1);
	assert_false(rig_has(rig, "calls", "teardown"));
}

/* Held up for so long that start waits no longer: nobody else is left who could. */
static void test_undo_and_start_is_gone(void **state)
{
	struct rig *rig = *state;

	rig_launch(rig, NULL);
	assert_int_equal(kill(rig->supervisor, SIGSTOP), 0);
	rig_say(rig, "undo");
	rig_hang_up(rig);
	assert_int_equal(kill(rig->supervisor, SIGCONT), 0);
	rig_wait(rig);
	assert_true(qemu_gone(rig));
	assert_true(rig_has(rig, "calls", CALL_TEARDOWN));
}

/* Held up for so long that start has given up what it had committed to, and said both. */
static void test_undo_behind_a_commit(void **state)
{
	struct rig *rig = *state;
	_cleanup_free_ char *answer = NULL;

	rig_launch(rig, NULL);
	assert_int_equal(kill(rig->supervisor, SIGSTOP), 0);
	rig_say(rig, "commit");
	rig_say(rig, "undo");
	assert_int_equal(kill(rig->supervisor, SIGCONT), 0);
	answer = rig_heard(rig);
	assert_string_equal(answer, "");
	assert_int_equal(kill(rig->qemu.pid, SIGKILL), 0);
	assert_int_equal(WEXITSTATUS(rig_wait(rig)), 1);
	assert_false(rig_has(rig, "exit/" NAME, "reason"));
	assert_false(rig_has(rig, "calls", "teardown"));
}

static void test_ends_early(void **state)
{
	struct rig *rig = *state;
	_cleanup_free_ char *answer = NULL;

	rig_launch(rig, NULL);
	rig_order(rig, "exit 3");
	answer = rig_heard(rig);
	assert_string_equal(answer, "ended 768");
	rig_say(rig, "undo");
	assert_int_equal(WEXITSTATUS(rig_wait(rig)), 1);
	assert_false(rig_has(rig, "calls", "teardown"));
}

static void test_ends_early_and_start_dies(void **state)
{
	struct rig *rig = *state;
	_cleanup_free_ char *answer = NULL;

	rig_launch(rig, NULL);
	assert_int_equal(kill(rig->qemu.pid, SIGSEGV), 0);
	answer = rig_heard(rig);
	assert_string_equal(answer, "ended 11");
	rig_hang_up(rig);
	rig_wait(rig);
	assert_true(rig_has(rig, "calls", CALL_TEARDOWN));
}

/* "commit" when QEMU has ended already: start hears "ended", never "ok". */
static void test_commit_too_late(void **state)
{
	struct rig *rig = *state;
	_cleanup_free_ char *answer = NULL;
	struct pollfd pfd;

	rig_launch(rig, NULL);
	rig_order(rig, "exit 0");
	pfd = (struct pollfd){ rig->start_fd, POLLIN, 0 };
	assert_int_equal(poll(&pfd, 1, WAIT_MS), 1);
	rig_say(rig, "commit");
	answer = rig_heard(rig);
	assert_string_equal(answer, "ended 0");
	pfd = (struct pollfd){ rig->start_fd, POLLIN, 0 };
	assert_int_equal(poll(&pfd, 1, 50), 0);
}

/* Where a link of /proc/PID leads; "" when it is not there. */
static void follow(pid_t pid, const char *link, char target[64])
{
	_cleanup_free_ char *path = xprintf("/proc/%d/%s", pid, link);
	ssize_t n = readlink(path, target, 63);

	target[n > 0 ? n : 0] = '\0';
}

/* A pipe, or a file, that it was born with (or has open in this very moment). */
static bool holds_foreign_fd(pid_t pid)
{
	char target[64], link[16];

	for (int fd = 3; fd < 256; fd++) {
		snprintf(link, sizeof(link), "fd/%d", fd);
		follow(pid, link, target);
		if (starts_with(target, "pipe:") || starts_with(target, "/"))
			return true;
	}
	return false;
}

/* The supervisor holds nothing that it was not given, and listens to no terminal. */
static void test_context_is_shed(void **state)
{
	struct rig *rig = *state;
	char target[64], link[16];

	rig_launch(rig, NULL);
	rig_commit(rig);
	rig_sync(rig);
	for (int fd = 0; fd < 3; fd++) {
		snprintf(link, sizeof(link), "fd/%d", fd);
		follow(rig->supervisor, link, target);
		assert_string_equal(target, "/dev/null");
	}
	assert_true(wait_until(!holds_foreign_fd(rig->supervisor)));
	follow(rig->supervisor, "cwd", target);
	assert_string_equal(target, "/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_commit),
		rig_test(test_start_dies),
		rig_test(test_start_dies_and_another_runs),
		rig_test(test_undo),
		rig_test(test_undo_and_start_is_gone),
		rig_test(test_undo_behind_a_commit),
		rig_test(test_ends_early),
		rig_test(test_ends_early_and_start_dies),
		rig_test(test_commit_too_late),
		rig_test(test_context_is_shed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
