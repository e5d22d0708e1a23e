/* The QMP client and what flows: events in between, floods, long lines, pieces, many commands at once, a full socket, descriptors. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>

#include "qmp_pair.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_meanwhile),
		cmocka_unit_test(waiting_for_an_event),
		cmocka_unit_test(event_flood),
		cmocka_unit_test(a_line_of_100_mb),
		cmocka_unit_test(a_large_reply_in_pieces),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(pipelined),
		cmocka_unit_test(a_full_socket),
		cmocka_unit_test(descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
