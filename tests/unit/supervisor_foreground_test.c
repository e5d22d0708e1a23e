/* `start --foreground`: the main process of a service. Readiness, SIGTERM, exit statuses, a starter that fails. */
#include "supervisor_rig.h"

#include <sys/un.h>

static const char *const foreground[] = { "--foreground", NULL };

/* The service manager's socket; NOTIFY_SOCKET is set for what we launch. */
static int listen_as_systemd(const struct rig *rig)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", rig->dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	return fd;
}

/* The next message of the supervisor; "" when none came. */
static void heard_by_systemd(int fd, char *ret, size_t size)
{
	struct pollfd pfd = { fd, POLLIN, 0 };
	ssize_t n = poll(&pfd, 1, WAIT_MS) == 1 ? recv(fd, ret, size - 1, 0) : 0;

	ret[n > 0 ? n : 0] = '\0';
}

static void test_ready_after_commit(void **state)
{
	struct rig *rig = *state;
	_cleanup_close_ int systemd = listen_as_systemd(rig);
	_cleanup_free_ char *main_pid = NULL;
	struct pollfd pfd = { systemd, POLLIN, 0 };
	char text[256];

	rig_launch(rig, foreground);
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(poll(&pfd, 1, 100), 0); /* not ready before */
	rig_commit(rig);
	heard_by_systemd(systemd, text, sizeof(text));
	main_pid = xprintf("READY=1\nMAINPID=%d\n", rig->supervisor);
	assert_true(starts_with(text, main_pid));
	rig_sync(rig);
	kill(rig->supervisor, SIGTERM);
	heard_by_systemd(systemd, text, sizeof(text));
	assert_true(starts_with(text, "STOPPING=1\n"));
	assert_int_equal(rig_wait(rig), 0);
}

/* The stop is a child's; the status of the service is 0, and the teardown is done before we end. */
static void test_term_stops_guest(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, foreground);
	kill(rig->supervisor, SIGTERM);
	assert_int_equal(rig_wait(rig), 0);
	assert_true(rig_has(rig, "calls", " stop " NAME "\n"));
	assert_true(rig_has(rig, "calls", " teardown " NAME "\n"));
}

static void test_second_term_kills(void **state)
{
	struct rig *rig = *state;

	rig_write(rig, "deaf", "", 0640); /* the guest does not follow */
	rig_begin(rig, foreground);
	kill(rig->supervisor, SIGINT);
	assert_true(wait_until(rig_has(rig, "calls", " stop " NAME "\n")));
	usleep(50000);
	assert_int_equal(waitpid(rig->supervisor, NULL, WNOHANG), 0);
	kill(rig->supervisor, SIGTERM);
	rig_wait(rig);
	assert_true(rig_has(rig, "calls", " stop " NAME " --force\n"));
}

static void test_status_of_a_crash(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, foreground);
	kill(rig->qemu.pid, SIGSEGV);
	assert_int_equal(WEXITSTATUS(rig_wait(rig)), 1);
	assert_true(rig_has(rig, "calls", " teardown " NAME "\n"));
}

static void test_status_of_a_shutdown(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, foreground);
	rig_event(rig, "SHUTDOWN", "{\"guest\": true, \"reason\": \"guest-shutdown\"}");
	rig_order(rig, "exit 0");
	assert_int_equal(rig_wait(rig), 0);
}

static void test_restart_stays_in_foreground(void **state)
{
	struct rig *rig = *state;

	rig_begin(rig, (const char *const[]){ "--foreground", "--on-crash", "restart", NULL });
	kill(rig->qemu.pid, SIGSEGV);
	assert_int_equal(rig_wait(rig), 0);
	assert_true(rig_has(rig, "calls", " start " NAME " --restarts 1 --foreground\n"));
}

/* A start that fails undoes its work itself; its exit status is that of the service. */
static void test_starter_fails(void **state)
{
	struct rig *rig = *state;

	rig->starter_exit = 6;
	rig_launch(rig, NULL);
	rig_say(rig, "undo");
	kill(rig->qemu.pid, SIGKILL);
	usleep(50000);
	assert_int_equal(waitpid(rig->supervisor, NULL, WNOHANG), 0); /* it is still at it */
	assert_int_equal(write(rig->starter_fd, "x", 1), 1);
	assert_int_equal(WEXITSTATUS(rig_wait(rig)), 6);
	assert_false(rig_has(rig, "calls", "teardown"));
}

/* One that succeeds goes, and its status is forgotten: the guest's end is what counts. */
static void test_starter_succeeds(void **state)
{
	struct rig *rig = *state;

	rig->starter_exit = 7;
	rig_launch(rig, NULL);
	rig_commit(rig);
	assert_int_equal(write(rig->starter_fd, "x", 1), 1);
	rig_sync(rig);
	rig_event(rig, "SHUTDOWN", "{\"guest\": true, \"reason\": \"guest-shutdown\"}");
	rig_order(rig, "exit 0");
	assert_int_equal(rig_wait(rig), 0);
}

/* SIGTERM while it starts goes to the starter. */
static void test_term_while_starting(void **state)
{
	struct rig *rig = *state;
	struct process_stat stat = { 0 };

	rig->starter_exit = 6;
	rig_launch(rig, NULL);
	assert_true(
		wait_until(process_read_stat(rig->supervisor, &stat) == 0 && starts_with(stat.comm, "kvmctl-super")));
	kill(rig->supervisor, SIGTERM);
	usleep(100000);
	assert_int_equal(waitpid(rig->supervisor, NULL, WNOHANG), 0);
	rig_hang_up(rig); /* the starter was killed by it, so its end of the socket closes */
	assert_int_equal(WEXITSTATUS(rig_wait(rig)), 1);
	assert_true(rig_has(rig, "calls", " teardown " NAME "\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_ready_after_commit),   rig_test(test_term_stops_guest),
		rig_test(test_second_term_kills),    rig_test(test_status_of_a_crash),
		rig_test(test_status_of_a_shutdown), rig_test(test_restart_stays_in_foreground),
		rig_test(test_starter_fails),        rig_test(test_starter_succeeds),
		rig_test(test_term_while_starting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
