/* The fake QEMU itself: what tests rely on must be so. It is talked to with kvmctl's own client, as kvmctl talks to QEMU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/strv.h"
#include "fake_qemu.h"
#include "host/child.h"
#include "host/memfile.h"
#include "host/socket.h"
#include "qemu/qmp.h"

/* Far more than any of it takes, also on a host with other things to do. */
#define WAIT_MS 60000

struct running {
	struct fake_qemu fake;
	pid_t pid;
	int dirfd;
	struct qmp *qmp;
	struct json *events; /* names */
};

static void note_event(const struct json *event, void *arg)
{
	json_append_string(arg, json_get_string(event, "event", ""));
}

/* Two monitors on listening sockets, two vCPUs, a balloon, stopped at first. */
static struct running start(const char *conf)
{
	struct running r = { .fake = fake_qemu_make(conf), .events = json_new_array() };
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int control = -1;
	_cleanup_close_ int query = -1;
	struct child child = CHILD_INIT;
	int fd;
	const char *const argv[] = { r.fake.path,
				     "-name",
				     "guest=web1,debug-threads=on",
				     "-machine",
				     "pc,accel=tcg",
				     "-S",
				     "-smp",
				     "2",
				     "-m",
				     "256",
				     "-chardev",
				     "socket,id=control,fd=10,server=on,wait=off",
				     "-mon",
				     "chardev=control,mode=control",
				     "-chardev",
				     "socket,id=query,fd=11,server=on,wait=off",
				     "-mon",
				     "chardev=query,mode=control",
				     "-device",
				     "{\"driver\":\"virtio-balloon-pci\",\"id\":\"balloon0\"}",
				     "-device",
				     "driver=virtio-blk-pci,id=disk0,drive=node0",
				     NULL };

	r.dirfd = open(r.fake.dir, O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(socket_listen_at(r.dirfd, "control", 0660, 4, &control, &err), 0);
	assert_int_equal(socket_listen_at(r.dirfd, "query", 0660, 4, &query, &err), 0);

	const struct child_fd fds[] = { { control, 10 }, { query, 11 } };
	child.path = r.fake.path;
	child.argv = (char *const *)argv;
	child.fds = fds;
	child.n_fds = 2;
	child.new_session = true;
	/* Connected before the exec, as the supervisor does. */
	assert_int_equal(socket_connect_at(r.dirfd, "control", &fd, &err), 0);
	r.qmp = qmp_new(fd, "control monitor");
	qmp_on_event(r.qmp, note_event, r.events);
	if (child_spawn(&child, &r.pid, NULL, &err) < 0)
		fail_msg("%s", err.message);
	return r;
}

static struct running start_ready(const char *conf)
{
	struct running r = start(conf);
	_cleanup_error_ struct error err = ERROR_INIT;

	if (qmp_handshake(r.qmp, deadline_in(WAIT_MS), &err) < 0)
		fail_msg("%s", err.message);
	return r;
}

/* The exit status as waitpid gives it. */
static int end_of(struct running *r)
{
	int status = -1;

	for (struct deadline end = deadline_in(WAIT_MS); !deadline_passed(end);) {
		if (waitpid(r->pid, &status, WNOHANG) == r->pid) {
			r->pid = 0;
			return status;
		}
		usleep(10000);
	}
	fail_msg("it did not end");
	return -1;
}

static void finish(struct running *r)
{
	qmp_free(r->qmp);
	if (r->pid > 0) {
		kill(r->pid, SIGKILL);
		waitpid(r->pid, NULL, 0);
	}
	close_fd(&r->dirfd);
	json_free(r->events);
	fake_qemu_remove(&r->fake);
}
#define _cleanup_running_ _cleanup_(finish)

static struct json *ask(struct running *r, const char *command, const char *arguments)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct json *j = NULL;
	struct json *ret = NULL;

	if (arguments)
		assert_int_equal(json_parse(arguments, strlen(arguments), 4096, 16, "arguments", &j, &err), 0);
	if (qmp_execute(r->qmp, command, j, deadline_in(WAIT_MS), &ret, &err) < 0)
		fail_msg("%s: %s", command, err.message);
	return ret;
}

static void refused(struct running *r, const char *command, const char *arguments, const char *words)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct json *j = NULL;

	if (arguments)
		assert_int_equal(json_parse(arguments, strlen(arguments), 4096, 16, "arguments", &j, &err), 0);
	assert_int_equal(qmp_execute(r->qmp, command, j, deadline_in(WAIT_MS), NULL, &err), -1);
	if (!strstr(err.message, words))
		fail_msg("%s: %s", command, err.message);
	assert_int_equal(qmp_state(r->qmp), QMP_READY);
}

static bool saw(struct running *r, const char *event)
{
	for (size_t i = 0; i < json_length(r->events); i++)
		if (streq(json_string(json_at(r->events, i), ""), event))
			return true;
	return false;
}

static void state_of_the_guest(void **state)
{
	_cleanup_running_ struct running r = start_ready("");
	_cleanup_json_ struct json *before = ask(&r, "query-status", NULL);

	(void)state;
	assert_string_equal(json_get_string(before, "status", ""), "prelaunch");
	json_free(ask(&r, "cont", NULL));
	_cleanup_json_ struct json *after = ask(&r, "query-status", NULL);
	assert_true(json_get_bool(after, "running", false));
	json_free(ask(&r, "stop", NULL));
	assert_true(saw(&r, "RESUME") && saw(&r, "STOP"));

	json_free(ask(&r, "balloon", "{\"value\": 134217728}"));
	_cleanup_json_ struct json *balloon = ask(&r, "query-balloon", NULL);
	assert_int_equal(json_get_int(balloon, "actual", 0), 134217728);
	assert_true(saw(&r, "BALLOON_CHANGE"));

	_cleanup_json_ struct json *name = ask(&r, "query-name", NULL);
	assert_string_equal(json_get_string(name, "name", ""), "web1");
	_cleanup_json_ struct json *block = ask(&r, "query-block", NULL);
	assert_string_equal(json_get_string(json_at(block, 0), "qdev", ""), "disk0");
}

/* vCPUs are threads of the process, so they can be pinned. */
static void real_threads(void **state)
{
	_cleanup_running_ struct running r = start_ready("");
	_cleanup_json_ struct json *cpus = ask(&r, "query-cpus-fast", NULL);

	(void)state;
	assert_int_equal(json_length(cpus), 2);
	for (size_t i = 0; i < 2; i++) {
		_cleanup_free_ char *path =
			xprintf("/proc/%d/task/%d", (int)r.pid, (int)json_get_int(json_at(cpus, i), "thread-id", 0));

		assert_int_equal(access(path, F_OK), 0);
	}
}

static void what_the_schema_does_not_have(void **state)
{
	_cleanup_running_ struct running r = start_ready("");

	(void)state;
	refused(&r, "query-cpus", NULL, "The command query-cpus has not been found");
	assert_string_equal(qmp_error_class(r.qmp), "CommandNotFound");
	refused(&r, "balloon", "{\"size\": 1}", "Parameter 'size' is unexpected");
	refused(&r, "screendump", "{\"filename\": \"/x\", \"colour\": 1}", "'colour' is unexpected");
	refused(&r, "device_add", "{\"driver\": \"x\", \"id\": \"disk0\"}", "Duplicate");
	refused(&r, "x-exit-preconfig", NULL, "does not do");
	json_free(ask(&r, "set_password", "{\"protocol\": \"vnc\", \"password\": \"abc\"}"));
	json_free(ask(&r, "display-update", "{\"type\": \"vnc\", \"addresses\": []}"));
	json_free(ask(&r, "send-key", "{\"keys\": [{\"type\": \"qcode\", \"data\": \"a\"}], \"hold-time\": 1}"));
}

/* A second client of one monitor hears nothing until the first has gone; the other monitor is free. */
static void one_client_a_monitor(void **state)
{
	_cleanup_running_ struct running r = start_ready("");
	_cleanup_error_ struct error err = ERROR_INIT;
	int fd, other;

	(void)state;
	assert_int_equal(socket_connect_at(r.dirfd, "control", &fd, &err), 0);
	_cleanup_qmp_ struct qmp *second = qmp_new(fd, "second");
	assert_int_equal(socket_connect_at(r.dirfd, "query", &other, &err), 0);
	_cleanup_qmp_ struct qmp *query = qmp_new(other, "query");
	assert_int_equal(qmp_handshake(query, deadline_in(WAIT_MS), &err), 0);
	assert_int_equal(qmp_send(second, "query-status", NULL, &err), 0);
	usleep(20000);
	assert_int_equal(qmp_feed(second, NULL, NULL, &err), 0);
	assert_int_equal(qmp_state(second), QMP_GREETING);
	qmp_free(take_ptr(r.qmp));
	assert_int_equal(qmp_handshake(second, deadline_in(WAIT_MS), &err), 0);
}

static void descriptors_and_pictures(void **state)
{
	_cleanup_running_ struct running r = start_ready("");
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *added = NULL;
	char magic[4] = "";
	int fd = openat(r.dirfd, "picture", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	assert_int_equal(qmp_execute_fds(r.qmp, "add-fd", NULL, &fd, 1, deadline_in(WAIT_MS), &added, &err), 0);
	close(fd);
	_cleanup_free_ char *arguments = xprintf("{\"filename\": \"/dev/fdset/%d\", \"format\": \"png\"}",
						 (int)json_get_int(added, "fdset-id", -1));
	json_free(ask(&r, "screendump", arguments));
	fd = openat(r.dirfd, "picture", O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, magic, 4), 4);
	close(fd);
	assert_memory_equal(magic, "\x89PNG", 4);
	refused(&r, "getfd", "{\"fdname\": \"x\"}", "No file descriptor supplied");
}

static void ways_to_end(void **state)
{
	static const struct {
		const char *conf, *command;
		int signal;
		int status;
		const char *event;
	} cases[] = {
		{ "", "quit", 0, 0, "SHUTDOWN" },
		{ "\"powerdown\": 5", "system_powerdown", 0, 0, "POWERDOWN" },
		{ "", NULL, SIGTERM, 0, NULL },
		{ "", NULL, SIGUSR2, 0, NULL },
		{ "", NULL, SIGUSR1, 0, NULL },
		{ "\"die\": \"query-name\", \"status\": 3", "query-name", 0, 3 << 8, NULL },
		{ "\"die\": \"ready\", \"status\": 4", NULL, 0, 4 << 8, NULL },
		{ "\"crash_after\": 10", NULL, 0, SIGSEGV, NULL },
		{ "\"exit_after\": 10", NULL, 0, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_running_ struct running r = start_ready(cases[i].conf);
		_cleanup_error_ struct error err = ERROR_INIT;

		/* These end by themselves, maybe before they could answer. */
		if (!strstr(cases[i].conf, "ready") && !strstr(cases[i].conf, "crash_after"))
			json_free(ask(&r, "cont", NULL));
		if (cases[i].command)
			qmp_execute(r.qmp, cases[i].command, NULL, deadline_in(WAIT_MS), NULL, &err);
		if (cases[i].signal)
			kill(r.pid, cases[i].signal);
		assert_int_equal(end_of(&r), cases[i].status);
		if (cases[i].event)
			assert_true(saw(&r, cases[i].event));
	}
}

static void what_does_not_end_it(void **state)
{
	_cleanup_running_ struct running r =
		start_ready("\"ignore_sigterm\": true, \"ignore_quit\": true, \"powerdown\": -1");
	_cleanup_json_ struct json *status = NULL;

	(void)state;
	json_free(ask(&r, "cont", NULL));
	kill(r.pid, SIGTERM);
	json_free(ask(&r, "system_powerdown", NULL));
	json_free(ask(&r, "quit", NULL));
	usleep(30000);
	status = ask(&r, "query-status", NULL);
	assert_true(json_get_bool(status, "running", false));
}

static void scripted(void **state)
{
	_cleanup_running_ struct running r =
		start_ready("\"replies\": {\"query-name\": {\"return\": {\"name\": \"other\"}, \"delay\": 30},"
			    "\"query-uuid\": {\"error\": {}}, \"query-kvm\": {\"raw\": \"{\\\"return\\\": 7, "
			    "\\\"id\\\": @ID@}\\n\"}},"
			    "\"events\": [{\"at\": 0, \"event\": \"WATCHDOG\"}]");
	int64_t before = clock_boottime_ms();
	_cleanup_json_ struct json *name = ask(&r, "query-name", NULL);
	_cleanup_json_ struct json *kvm = NULL;

	(void)state;
	assert_true(clock_boottime_ms() - before >= 29);
	assert_string_equal(json_get_string(name, "name", ""), "other");
	refused(&r, "query-uuid", NULL, "gave no reason");
	kvm = ask(&r, "query-kvm", NULL);
	assert_int_equal(json_int(kvm, 0), 7);
	assert_true(saw(&r, "WATCHDOG"));
}

static void await_greeting(struct running *r)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct deadline end = deadline_in(WAIT_MS);

	while (qmp_state(r->qmp) == QMP_GREETING && !deadline_passed(end)) {
		assert_int_equal(qmp_feed(r->qmp, NULL, NULL, &err), 0);
		usleep(5000);
	}
	assert_int_equal(qmp_state(r->qmp), QMP_NEGOTIATING);
}

static void broken_starts(void **state)
{
	static const struct {
		const char *conf, *words;
		int ms;
		bool greets; /* the time that it is given begins there */
	} cases[] = {
		{ "\"die\": \"start\"", "QEMU closed", WAIT_MS, false },
		{ "\"die\": \"greeting\"", "QEMU closed", WAIT_MS, false },
		{ "\"die\": \"device\", \"text\": \"-device x: no\\n\"", "QEMU closed", WAIT_MS, false },
		{ "\"silent\": true", "did not greet", 300, false },
		{ "\"ready_delay\": 120000", "did not answer \"qmp_capabilities\"", 300, true },
		{ "\"long_line\": 100000000", "a line of more than", WAIT_MS, false },
		{ "\"greeting\": \"hello\\n\"", "hello", WAIT_MS, false },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_running_ struct running r = start(cases[i].conf);
		_cleanup_error_ struct error err = ERROR_INIT;

		if (cases[i].greets)
			await_greeting(&r);
		assert_int_equal(qmp_handshake(r.qmp, deadline_in(cases[i].ms), &err), -1);
		if (!strstr(err.message, cases[i].words))
			fail_msg("%s: %s", cases[i].conf, err.message);
	}
}

/* The record of the start and of the commands; a password only as its length. */
static void records(void **state)
{
	_cleanup_running_ struct running r = start_ready("");
	_cleanup_free_ char *name = xprintf("run-%d.json", (int)r.pid);
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *record = NULL;
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *commands = NULL;
	size_t length;

	(void)state;
	json_free(ask(&r, "set_password", "{\"protocol\": \"vnc\", \"password\": \"hunter22\"}"));
	assert_int_equal(file_read_at(r.dirfd, name, 1 << 20, &text, &length, &err), 0);
	assert_int_equal(json_parse(text, length, 1 << 20, 16, "record", &record, &err), 0);
	assert_string_equal(json_string(json_at(json_get(record, "argv"), 1), ""), "-name");
	assert_true(starts_with(json_get_string(json_get(record, "fds"), "10", ""), "socket:"));
	assert_int_equal(json_length(json_get(record, "fds")), 5);
	assert_non_null(json_find(record, "status.NoNewPrivs"));
	assert_string_equal(json_get_string(json_get(record, "status"), "Umask", ""), "0027");
	assert_int_equal(json_get_int(record, "sid", 0), r.pid);

	assert_int_equal(file_read_at(r.dirfd, "commands.jsonl", 1 << 20, &commands, NULL, &err), 0);
	assert_non_null(strstr(commands, "(8 bytes)"));
	assert_null(strstr(commands, "hunter22"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_of_the_guest),
		cmocka_unit_test(real_threads),
		cmocka_unit_test(what_the_schema_does_not_have),
		cmocka_unit_test(one_client_a_monitor),
		cmocka_unit_test(descriptors_and_pictures),
		cmocka_unit_test(ways_to_end),
		cmocka_unit_test(what_does_not_end_it),
		cmocka_unit_test(scripted),
		cmocka_unit_test(broken_starts),
		cmocka_unit_test(records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
