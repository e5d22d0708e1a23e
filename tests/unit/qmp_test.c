/* The QMP client against the other end of a socket pair that says what each test wants it to say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/text.h"
#include "qemu/qmp.h"

#define GREETING                                                                                              \
	"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, \"major\": 7}, \"package\": \"\"}, " \
	"\"capabilities\": [\"oob\"]}}\r\n"
#define CAPABILITIES "{\"return\": {}, \"id\": 1}\r\n"

struct pair {
	struct qmp *qmp;
	int peer;
};

static struct pair pair_new(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	return (struct pair){ qmp_new(fds[0], "control monitor of \"web1\""), fds[1] };
}

static void say(struct pair *pair, const char *text)
{
	assert_int_equal(file_write_all(pair->peer, text, strlen(text)), 0);
}

/* Everything that was sent so far. */
static char *heard(struct pair *pair)
{
	static char buffer[65536];
	ssize_t n = recv(pair->peer, buffer, sizeof(buffer) - 1, MSG_DONTWAIT);

	buffer[n > 0 ? n : 0] = '\0';
	return buffer;
}

static void hang_up(struct pair *pair)
{
	close(pair->peer);
	pair->peer = -1;
}

static void pair_free(struct pair *pair)
{
	qmp_free(pair->qmp);
	close_fd(&pair->peer);
}
#define _cleanup_pair_ _cleanup_(pair_free)

static struct pair pair_ready(void)
{
	struct pair pair = pair_new();
	_cleanup_error_ struct error err = ERROR_INIT;

	say(&pair, GREETING CAPABILITIES);
	if (qmp_handshake(pair.qmp, deadline_in(1000), &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(qmp_state(pair.qmp), QMP_READY);
	assert_string_equal(heard(&pair), "{\"execute\":\"qmp_capabilities\",\"id\":1}\n");
	return pair;
}

static int execute(struct pair *pair, const char *command, struct json **ret, struct error *err)
{
	return qmp_execute(pair->qmp, command, NULL, deadline_in(50), ret, err);
}

/* What was said before the question must end the connection with this error. */
static void dies(struct pair *pair, enum error_kind kind, const char *words)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_error_ struct error again = ERROR_INIT;

	assert_int_equal(execute(pair, "query-status", NULL, &err), -1);
	assert_int_equal(err.kind, kind);
	if (!strstr(err.message, words))
		fail_msg("\"%s\" does not say \"%s\"", err.message, words);
	assert_non_null(strstr(err.message, "\"web1\""));
	assert_int_equal(qmp_state(pair->qmp), QMP_DEAD);

	assert_int_equal(execute(pair, "query-status", NULL, &again), -1);
	assert_int_equal(again.kind, ERROR_QEMU);
	assert_non_null(strstr(again.message, "cannot be used any more"));
}

static void poised(void **state)
{
	_cleanup_pair_ struct pair pair = pair_ready();
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(qmp_poise(pair.qmp, "query-migrate", &err), 0);
	assert_string_equal(heard(&pair), "{\"execute\":\"query-migrate\",\"id\":2");
	assert_int_equal(qmp_state(pair.qmp), QMP_READY);
	qmp_poise_behind(pair.qmp, "cont");
	say(&pair, "{\"return\": {}, \"id\": 2}\n");
	assert_int_equal(execute(&pair, "query-migrate", NULL, &err), 0);
	assert_string_equal(heard(&pair), "}\n{\"execute\":\"cont\",\"id\":3");
	say(&pair, "{\"return\": {}, \"id\": 3}\n");
	assert_int_equal(execute(&pair, "cont", NULL, &err), 0);
	assert_string_equal(heard(&pair), "}\n");
}

/* Another command comes instead: the error that QEMU owes the torn one is nobody's. */
static void poised_in_vain(void **state)
{
	_cleanup_pair_ struct pair pair = pair_ready();
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(qmp_poise(pair.qmp, "cont", &err), 0);
	heard(&pair);
	say(&pair, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error\"}}\n{\"return\": {}, "
		   "\"id\": 2}\n");
	assert_int_equal(execute(&pair, "query-status", NULL, &err), 0);
	assert_string_equal(heard(&pair), "\xff\n{\"execute\":\"query-status\",\"id\":2}\n");
	assert_int_equal(qmp_state(pair.qmp), QMP_READY);
	say(&pair, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error\"}}\n");
	dies(&pair, ERROR_QEMU, "a reply to another question");
}

static void handshake_waits_for_the_reply(void **state)
{
	_cleanup_pair_ struct pair pair = pair_new();
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(qmp_state(pair.qmp), QMP_GREETING);
	say(&pair, GREETING);
	assert_int_equal(qmp_handshake(pair.qmp, deadline_in(20), &err), -1);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
	assert_string_equal(err.message,
			    "the control monitor of \"web1\" did not answer \"qmp_capabilities\" within 0.0 s");
	assert_int_equal(qmp_state(pair.qmp), QMP_DEAD);
}

static void no_greeting(void **state)
{
	_cleanup_pair_ struct pair pair = pair_new();
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(qmp_handshake(pair.qmp, deadline_in(20), &err), -1);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
	assert_non_null(strstr(err.message, "did not greet"));
}

static void ends_before_ready(void **state)
{
	static const char *const said[] = { "", GREETING, "{\"QMP\": {" };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(said); i++) {
		_cleanup_pair_ struct pair pair = pair_new();
		_cleanup_error_ struct error err = ERROR_INIT;

		say(&pair, said[i]);
		hang_up(&pair);
		assert_int_equal(qmp_handshake(pair.qmp, deadline_in(1000), &err), -1);
		assert_int_equal(err.kind, ERROR_QEMU);
		assert_int_equal(err.errnum, ECONNRESET);
		assert_string_equal(err.message, "QEMU closed the control monitor of \"web1\"");
	}
}

static void garbage_for_a_greeting(void **state)
{
	static const char *const said[] = { "220 mail.example.com ESMTP\r\n", "[]\n", "{\"return\": {}, \"id\": 1}\n",
					    "{\"QMP\": 1}\n", "\x01\xff\n" };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(said); i++) {
		_cleanup_pair_ struct pair pair = pair_new();
		_cleanup_error_ struct error err = ERROR_INIT;

		say(&pair, said[i]);
		assert_int_equal(qmp_handshake(pair.qmp, deadline_in(1000), &err), -1);
		assert_int_equal(err.kind, ERROR_QEMU);
		assert_int_equal(err.errnum, 0);
		assert_non_null(err.hint);
		assert_int_equal(qmp_state(pair.qmp), QMP_DEAD);
	}
}

static void capabilities_refused(void **state)
{
	_cleanup_pair_ struct pair pair = pair_new();
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	say(&pair, GREETING "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, \"id\": 1}\n");
	assert_int_equal(qmp_handshake(pair.qmp, deadline_in(1000), &err), -1);
	assert_non_null(strstr(err.message, "refused \"qmp_capabilities\": QEMU: no"));
}

static void a_reply(void **state)
{
	_cleanup_pair_ struct pair pair = pair_ready();
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *ret = NULL;
	struct json *arguments = json_new_object();

	(void)state;
	json_put_int(arguments, "value", 5);
	say(&pair, "{\"return\": {\"status\": \"running\", \"big\": 18446744073709551615}, \"id\": 2}\r\n");
	assert_int_equal(qmp_execute(pair.qmp, "balloon", arguments, deadline_in(1000), &ret, &err), 0);
	assert_string_equal(json_get_string(ret, "status", ""), "running");
	assert_string_equal(heard(&pair), "{\"execute\":\"balloon\",\"arguments\":{\"value\":5},\"id\":2}\n");

	/* Not asked for the value; and a value that is no object. */
	say(&pair, "{\"return\": \"text\", \"id\": 3}\n");
	assert_int_equal(execute(&pair, "human-monitor-command", NULL, &err), 0);
	assert_int_equal(qmp_state(pair.qmp), QMP_READY);
}

static void an_error_reply_keeps_the_connection(void **state)
{
	static const struct {
		const char *reply, *message, *class;
	} cases[] = {
		{ "{\"error\": {\"class\": \"DeviceNotActive\", \"desc\": \"No balloon\"}, \"id\": 2}\n",
		  "QEMU: No balloon", "DeviceNotActive" },
		{ "{\"error\": {}, \"id\": 2}\n", "QEMU: refused \"query-balloon\", and gave no reason", "" },
		{ "{\"error\": \"odd\", \"id\": 2}\n", "QEMU: refused \"query-balloon\", and gave no reason", "" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_pair_ struct pair pair = pair_ready();
		_cleanup_error_ struct error err = ERROR_INIT;

		say(&pair, cases[i].reply);
		assert_int_equal(execute(&pair, "query-balloon", NULL, &err), -1);
		assert_int_equal(err.kind, ERROR_QEMU);
		assert_string_equal(err.message, cases[i].message);
		assert_string_equal(qmp_error_class(pair.qmp), cases[i].class);
		assert_int_equal(qmp_state(pair.qmp), QMP_READY);
	}
}

static void what_kills(void **state)
{
	static const struct {
		const char *said, *words;
	} cases[] = {
		{ "{\"return\": {}, \"id\": 7}\n", "a reply to another question" },
		{ "{\"return\": {}}\n", "a reply to another question" },
		{ "{\"return\": {}, \"id\": \"2\"}\n", "a reply to another question" },
		{ GREETING, "a second greeting" },
		{ "{\"return\": {}, \"id\": 2\n", "not JSON" },
		{ "{'return': {}, 'id': 2}\n", "not JSON" },
		{ "{\"return\": {}, \"id\": 2} x\n", "not JSON" },
		{ "17\n", "not a JSON object" },
		{ "{\"id\": 2}\n", "neither an event nor a reply" },
		{ "{\"event\": 3}\n", "neither an event nor a reply" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_pair_ struct pair pair = pair_ready();

		say(&pair, cases[i].said);
		dies(&pair, ERROR_QEMU, cases[i].words);
	}
}

static void a_reply_nobody_asked_for(void **state)
{
	_cleanup_pair_ struct pair pair = pair_ready();
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	say(&pair, "{\"return\": {}, \"id\": 2}\n{\"return\": {}, \"id\": 3}\n");
	assert_int_equal(execute(&pair, "cont", NULL, &err), 0);
	assert_int_equal(qmp_feed(pair.qmp, NULL, NULL, &err), -1);
	assert_non_null(strstr(err.message, "a question that was not asked"));
	assert_int_equal(qmp_state(pair.qmp), QMP_DEAD);
}

static void a_late_reply_is_not_taken(void **state)
{
	_cleanup_pair_ struct pair pair = pair_ready();

	(void)state;
	dies(&pair, ERROR_TIMEOUT, "did not answer \"query-status\" within");
	say(&pair, "{\"return\": {\"status\": \"running\"}, \"id\": 2}\n");

	_cleanup_error_ struct error err = ERROR_INIT;
	assert_int_equal(execute(&pair, "query-status", NULL, &err), -1);
	assert_non_null(strstr(err.message, "cannot be used any more"));
}

static void ends_instead_of_answering(void **state)
{
	_cleanup_pair_ struct pair pair = pair_ready();

	(void)state;
	hang_up(&pair);
	dies(&pair, ERROR_QEMU, "QEMU closed the control monitor");
}

static void not_ready_yet(void **state)
{
	_cleanup_pair_ struct pair pair = pair_new();
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(execute(&pair, "cont", NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_OTHER);
	assert_string_equal(heard(&pair), "");
}

/* --- events --- */
static void count_event(const struct json *event, void *arg)
{
	assert_non_null(json_get_string(event, "event", NULL));
	++*(int *)arg;
}

static void events_meanwhile(void **state)
{
	_cleanup_pair_ struct pair pair = pair_ready();
	_cleanup_error_ struct error err = ERROR_INIT;
	int n = 0;

	(void)state;
	qmp_on_event(pair.qmp, count_event, &n);
	say(&pair, "{\"event\": \"STOP\", \"timestamp\": {\"seconds\": 1, \"microseconds\": 2}}\n{\"event\": "
		   "\"RESUME\"}\r\n\r\n"
		   "{\"return\": {}, \"id\": 2}\n{\"event\": \"SHUTDOWN\", \"data\": null}\n");
	assert_int_equal(execute(&pair, "cont", NULL, &err), 0);
	assert_int_equal(n, 2);
	assert_int_equal(qmp_feed(pair.qmp, NULL, NULL, &err), 0);
	assert_int_equal(n, 3);
}

static bool is_shutdown(const struct json *event, void *arg)
{
	return streq(json_get_string(event, "event", ""), arg);
}

static void waiting_for_an_event(void **state)
{
	_cleanup_pair_ struct pair pair = pair_ready();
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *event = NULL;
	char shutdown[] = "SHUTDOWN";
	int n = 0;

	(void)state;
	qmp_on_event(pair.qmp, count_event, &n);
	say(&pair, "{\"event\": \"STOP\"}\n{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true}}\n");
	assert_int_equal(qmp_wait_event(pair.qmp, is_shutdown, shutdown, deadline_in(1000), &event, &err), 0);
	assert_true(json_get_bool(json_get(event, "data"), "guest", false));
	assert_int_equal(n, 2);

	assert_int_equal(qmp_wait_event(pair.qmp, is_shutdown, shutdown, deadline_in(20), NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
	/* No reply was owed that could come late. */
	assert_int_equal(qmp_state(pair.qmp), QMP_READY);
}

/* A flood of events must not carry a command past its deadline. */
static void *flood(void *arg)
{
	static const char event[] = "{\"event\": \"RTC_CHANGE\", \"data\": {\"offset\": 78}}\r\n";
	struct pair *pair = arg;

	while (send(pair->peer, event, sizeof(event) - 1, MSG_NOSIGNAL) > 0)
		;
	return NULL;
}

static void event_flood(void **state)
{
	struct pair pair = pair_ready();
	_cleanup_error_ struct error err = ERROR_INIT;
	pthread_t thread;
	int64_t start = clock_boottime_ms();

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, flood, &pair), 0);
	assert_int_equal(qmp_execute(pair.qmp, "query-status", NULL, deadline_in(100), NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
	assert_in_range(clock_boottime_ms() - start, 100, 20000);
	qmp_free(pair.qmp);
	pthread_join(thread, NULL);
	close(pair.peer);
}

/* --- long lines --- */
static void *long_line(void *arg)
{
	struct pair *pair = arg;
	size_t left = 100 * 1000 * 1000;
	char block[65536];

	memset(block, 'x', sizeof(block));
	while (left > 0) {
		ssize_t n = send(pair->peer, block, left < sizeof(block) ? left : sizeof(block), MSG_NOSIGNAL);

		if (n <= 0)
			break;
		left -= (size_t)n;
	}
	return NULL;
}

static void a_line_of_100_mb(void **state)
{
	struct pair pair = pair_ready();
	_cleanup_error_ struct error err = ERROR_INIT;
	int64_t start = clock_boottime_ms();
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, long_line, &pair), 0);
	assert_int_equal(qmp_execute(pair.qmp, "x-slow", NULL, deadline_in(5000), NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_QEMU);
	assert_string_equal(err.message, "the control monitor of \"web1\" sent a line of more than 16777216 bytes");
	assert_in_range(clock_boottime_ms() - start, 0, 20000);
	qmp_free(pair.qmp);
	pthread_join(thread, NULL);
	close(pair.peer);
}

/* A large reply that comes in small pieces. */
static void *trickle(void *arg)
{
	struct pair *pair = arg;
	size_t length = 3 * 1000 * 1000;
	_cleanup_free_ char *text = xcalloc(length + 64, 1);
	size_t n = (size_t)snprintf(text, 64, "{\"id\": 2, \"return\": \"");

	memset(text + n, 'y', length);
	memcpy(text + n + length, "\"}\r\n", 4);
	n += length + 4;
	for (size_t at = 0; at < n; at += 1009)
		file_write_all(pair->peer, text + at, n - at < 1009 ? n - at : 1009);
	return NULL;
}

static void a_large_reply_in_pieces(void **state)
{
	struct pair pair = pair_ready();
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *ret = NULL;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, trickle, &pair), 0);
	assert_int_equal(qmp_execute(pair.qmp, "human-monitor-command", NULL, deadline_in(5000), &ret, &err), 0);
	assert_int_equal(strlen(json_string(ret, "")), 3 * 1000 * 1000);
	pthread_join(thread, NULL);
	pair_free(&pair);
}

/* Each byte a read of its own: no state is lost between them. */
static void byte_by_byte(void **state)
{
	static const char text[] =
		GREETING CAPABILITIES "{\"event\": \"STOP\"}\r\n{\"return\": {\"status\": \"paused\"}, \"id\": 2}\r\n";
	_cleanup_pair_ struct pair pair = pair_new();
	_cleanup_error_ struct error err = ERROR_INIT;
	int n = 0;

	(void)state;
	qmp_on_event(pair.qmp, count_event, &n);
	assert_int_equal(qmp_send(pair.qmp, "query-status", NULL, &err), 0);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		assert_int_equal(qmp_owed(pair.qmp), 1);
		assert_int_equal(send(pair.peer, text + i, 1, 0), 1);
		assert_int_equal(qmp_feed(pair.qmp, NULL, NULL, &err), 0);
	}
	assert_int_equal(n, 1);
	assert_int_equal(qmp_owed(pair.qmp), 0);
	assert_int_equal(qmp_state(pair.qmp), QMP_READY);
}

/* --- many at once --- */
static void note_reply(const struct json *reply, void *arg)
{
	char *seen = arg;
	size_t at = strlen(seen);

	snprintf(seen + at, 64 - at, "%s ",
		 json_get(reply, "error") ? qmp_reply_error(reply) : json_string(json_get(reply, "return"), "?"));
}

static void pipelined(void **state)
{
	_cleanup_pair_ struct pair pair = pair_new();
	_cleanup_error_ struct error err = ERROR_INIT;
	char seen[64] = "";

	(void)state;
	assert_int_equal(qmp_queue(pair.qmp, "query-status", NULL, &err), 0);
	assert_string_equal(heard(&pair), "");
	assert_true(qmp_poll_events(pair.qmp) & POLLOUT);
	assert_int_equal(qmp_send(pair.qmp, "query-balloon", NULL, &err), 0);
	assert_string_equal(heard(&pair),
			    "{\"execute\":\"qmp_capabilities\",\"id\":1}\n{\"execute\":\"query-status\",\"id\":2}\n"
			    "{\"execute\":\"query-balloon\",\"id\":3}\n");
	assert_int_equal(qmp_poll_events(pair.qmp), POLLIN);
	assert_int_equal(qmp_owed(pair.qmp), 2);
	say(&pair, GREETING CAPABILITIES "{\"return\": \"a\", \"id\": 2}\n{\"error\": {\"desc\": \"b\"}, \"id\": 3}\n");
	assert_int_equal(qmp_feed(pair.qmp, note_reply, seen, &err), 0);
	assert_string_equal(seen, "a b ");
	assert_int_equal(qmp_state(pair.qmp), QMP_READY);
	assert_int_equal(qmp_owed(pair.qmp), 0);
}

/* A peer that reads nothing: what does not fit waits, nobody blocks, and there is a bound. */
static void a_full_socket(void **state)
{
	_cleanup_pair_ struct pair pair = pair_ready();
	_cleanup_error_ struct error err = ERROR_INIT;
	int64_t start = clock_boottime_ms();
	_cleanup_free_ char *text = xcalloc(1024 * 1024 + 1, 1);
	int sent = 0;

	(void)state;
	memset(text, 'z', 1024 * 1024);
	for (;;) {
		struct json *arguments = json_new_object();

		json_put_string(arguments, "command-line", text);
		if (qmp_send(pair.qmp, "human-monitor-command", arguments, &err) < 0)
			break;
		sent++;
	}
	assert_in_range(sent, 2, 40);
	assert_int_equal(err.kind, ERROR_QEMU);
	assert_int_equal(qmp_state(pair.qmp), QMP_DEAD);
	assert_in_range(clock_boottime_ms() - start, 0, 20000);
}

/* --- descriptors --- */
static void descriptors(void **state)
{
	_cleanup_pair_ struct pair pair = pair_ready();
	_cleanup_error_ struct error err = ERROR_INIT;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char text[256], control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { text, sizeof(text) };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};

	(void)state;
	say(&pair, "{\"return\": {\"fdset-id\": 1, \"fd\": 9}, \"id\": 2}\n");
	assert_int_equal(qmp_execute_fds(pair.qmp, "add-fd", NULL, &fd, 1, deadline_in(1000), NULL, &err), 0);
	close(fd);

	ssize_t n = recvmsg(pair.peer, &message, 0);
	assert_int_equal(n, (ssize_t)strlen("{\"execute\":\"add-fd\",\"id\":2}\n"));
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int received = -1;
	if (!header || header->cmsg_type != SCM_RIGHTS)
		fail_msg("no descriptor came");
	if (header)
		memcpy(&received, CMSG_DATA(header), sizeof(received));
	assert_int_equal(fcntl(received, F_GETFD) >= 0, 1);
	close(received);
}

/* QEMU's words may not end the terminal's line, and a password that was sent is in no error. */
static void no_secret_in_errors(void **state)
{
	_cleanup_pair_ struct pair pair = pair_ready();
	_cleanup_error_ struct error err = ERROR_INIT;
	struct json *arguments = json_new_object();

	(void)state;
	json_put_string(arguments, "password", "hunter22");
	assert_int_equal(qmp_execute(pair.qmp, "set_password", arguments, deadline_in(20), NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
	assert_null(strstr(err.message, "hunter22"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshake_waits_for_the_reply),
		cmocka_unit_test(no_greeting),
		cmocka_unit_test(ends_before_ready),
		cmocka_unit_test(garbage_for_a_greeting),
		cmocka_unit_test(capabilities_refused),
		cmocka_unit_test(a_reply),
		cmocka_unit_test(an_error_reply_keeps_the_connection),
		cmocka_unit_test(what_kills),
		cmocka_unit_test(a_reply_nobody_asked_for),
		cmocka_unit_test(a_late_reply_is_not_taken),
		cmocka_unit_test(ends_instead_of_answering),
		cmocka_unit_test(not_ready_yet),
		cmocka_unit_test(events_meanwhile),
		cmocka_unit_test(waiting_for_an_event),
		cmocka_unit_test(event_flood),
		cmocka_unit_test(a_line_of_100_mb),
		cmocka_unit_test(a_large_reply_in_pieces),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(pipelined),
		cmocka_unit_test(a_full_socket),
		cmocka_unit_test(descriptors),
		cmocka_unit_test(poised),
		cmocka_unit_test(poised_in_vain),
		cmocka_unit_test(no_secret_in_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
