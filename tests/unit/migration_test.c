/* What QEMUs of different age say of a migration, and what they are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/strv.h"
#include "base/text.h"
#include "qemu/migration.h"

static struct json *parsed(const char *text)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct json *j = NULL;

	assert_int_equal(json_parse(text, strlen(text), 100000, 20, "answer", &j, &err), 0);
	return j;
}

static struct migration_progress read_progress(const char *text)
{
	_cleanup_json_ struct json *answer = parsed(text);
	_cleanup_error_ struct error err = ERROR_INIT;
	struct migration_progress progress = { 0 };

	assert_int_equal(migration_progress_from_json(answer, &progress, &err), 0);
	return progress;
}

#define RAM                                                                                                       \
	"\"total\":1091379200,\"postcopy-requests\":3,\"dirty-sync-count\":4,\"multifd-bytes\":0,\"pages-per-"    \
	"second\":8000,"                                                                                          \
	"\"page-size\":4096,\"remaining\":10000000,\"mbps\":268.5,\"transferred\":80000000,\"duplicate\":241000," \
	"\"dirty-pages-rate\":1000,\"normal-bytes\":70000000,\"normal\":17000"

static void of_each_age(void **state)
{
	static const char *const answers[] = {
		"{\"expected-downtime\":300,\"status\":\"active\",\"setup-time\":2,\"total-time\":1500,\"ram\":{" RAM
		",\"skipped\":0}}",
		"{\"expected-downtime\":300,\"status\":\"active\",\"setup-time\":2,\"total-time\":1500,\"ram\":{" RAM
		",\"skipped\":0,\"precopy-bytes\":79000000,\"downtime-bytes\":0,\"postcopy-bytes\":0}}",
		"{\"expected-downtime\":300,\"status\":\"active\",\"setup-time\":2,\"total-time\":1500,\"ram\":{" RAM
		",\"precopy-bytes\":79000000,\"dirty-sync-missed-zero-copy\":0},\"dirty-limit-ring-full-time\":0}",
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(answers); i++) {
		_cleanup_migration_progress_ struct migration_progress progress = read_progress(answers[i]);

		assert_int_equal(progress.state, MIGRATION_ACTIVE);
		assert_int_equal(progress.ram_total, 1091379200);
		assert_int_equal(progress.ram_transferred, 80000000);
		assert_int_equal(progress.ram_remaining, 10000000);
		assert_int_equal(progress.passes, 4);
		assert_int_equal(progress.dirty_rate, 4096000);
		assert_int_equal(progress.postcopy_requests, 3);
		assert_int_equal(progress.total_time, 1500);
		assert_int_equal(progress.setup_time, 2);
		assert_int_equal(progress.expected_downtime, 300);
		assert_int_equal(progress.downtime, -1);
		assert_int_equal(progress.throttle, 0);
		/* 10 MB at 33.56 - 4.1 MB/s */
		assert_in_range(migration_remaining_ms(&progress), 330, 350);
	}
}

/* The guest has switched over. */
static void in_post_copy(void **state)
{
	_cleanup_migration_progress_ struct migration_progress progress = read_progress(
		"{\"expected-downtime\":27613,\"downtime\":307,\"status\":\"postcopy-active\",\"ram\":{" RAM "}}");

	(void)state;
	assert_int_equal(progress.expected_downtime, -1);
	assert_int_equal(progress.downtime, 307);
}

static void before_any(void **state)
{
	_cleanup_migration_progress_ struct migration_progress progress = read_progress("{}");
	_cleanup_json_ struct json *document = migration_progress_to_json(&progress);

	(void)state;
	assert_int_equal(progress.state, MIGRATION_NONE);
	assert_int_equal(progress.ram_total, -1);
	assert_int_equal(migration_remaining_ms(&progress), -1);
	assert_string_equal(json_get_string(document, "migration", ""), "none");
	assert_int_equal(json_type_of(json_get(document, "ram_total")), JSON_NULL);
}

static void what_it_says_of_failure_and_address(void **state)
{
	_cleanup_migration_progress_ struct migration_progress
		failed = read_progress(
			"{\"status\":\"failed\",\"error-desc\":\"Unable to write to socket: Broken pipe\"}"),
		six = read_progress("{\"status\":\"setup\",\"socket-address\":[{\"port\":\"40123\",\"ipv6\":true,"
				    "\"host\":\"::\",\"type\":\"inet\"}]}"),
		four = read_progress("{\"status\":\"setup\",\"socket-address\":[{\"port\":\"1\",\"host\":\"0.0.0.0\","
				     "\"type\":\"inet\"}]}"),
		path = read_progress("{\"status\":\"setup\",\"socket-address\":[{\"path\":\"/x\",\"type\":\"unix\"}]}"),
		other = read_progress("{\"status\":\"setup\",\"socket-address\":[{\"cid\":\"1\",\"type\":\"vsock\"}]}");

	(void)state;
	assert_string_equal(failed.error, "Unable to write to socket: Broken pipe");
	assert_string_equal(six.address, "tcp:[::]:40123");
	assert_string_equal(four.address, "tcp:0.0.0.0:1");
	assert_string_equal(path.address, "unix:/x");
	assert_null(other.address);
}

static void nonsense(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "[]", "another shape" },
		{ "null", "another shape" },
		{ "{\"status\":7}", "another shape" },
		{ "{\"status\":\"teleporting\"}", "\"teleporting\"" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_json_ struct json *answer = parsed(cases[i].text);
		_cleanup_error_ struct error err = ERROR_INIT;
		struct migration_progress progress;

		assert_int_equal(migration_progress_from_json(answer, &progress, &err), -1);
		assert_int_equal(err.kind, ERROR_QEMU);
		assert_non_null(strstr(err.message, cases[i].says));
	}
	/* Numbers of another type are not said, and none overflows. */
	_cleanup_migration_progress_ struct migration_progress odd =
		read_progress("{\"status\":\"active\",\"ram\":{\"total\":\"x\",\"page-size\":4096,\"dirty-pages-rate\":"
			      "9223372036854775807,"
			      "\"remaining\":9223372036854775807,\"mbps\":0.0000001}}");
	assert_int_equal(odd.ram_total, -1);
	assert_int_equal(odd.dirty_rate, -1);
	assert_int_equal(migration_remaining_ms(&odd), -1);
}

static void does_not_converge(void **state)
{
	struct migration_progress progress = {
		.state = MIGRATION_ACTIVE, .ram_remaining = 1000000, .dirty_rate = 2000000, .mbps = 8
	};

	(void)state;
	assert_int_equal(migration_remaining_ms(&progress), -1);
	progress.state = MIGRATION_POSTCOPY_ACTIVE;
	assert_int_equal(migration_remaining_ms(&progress), 1000);
	progress.state = MIGRATION_COMPLETED;
	assert_int_equal(migration_remaining_ms(&progress), 0);
}

static void words(void **state)
{
	enum migration_state back = MIGRATION_NONE;

	(void)state;
	for (size_t i = 0; i < MIGRATION_STATE_MAX; i++) {
		assert_int_equal(migration_state_from_string(migration_state_to_string((enum migration_state)i), &back),
				 0);
		assert_int_equal(back, i);
	}
	assert_int_equal(migration_state_from_string("Active", &back), -1);
	assert_string_equal(migration_state_to_string(MIGRATION_STATE_MAX), "invalid");
	assert_true(migration_state_is_final(MIGRATION_CANCELLED));
	assert_false(migration_state_is_final(MIGRATION_CANCELLING));
	assert_false(migration_state_is_final(MIGRATION_POSTCOPY_PAUSED));
}

static void events(void **state)
{
	_cleanup_json_ struct json *yes = parsed("{\"event\":\"MIGRATION\",\"data\":{\"status\":\"pre-switchover\"}}"),
				   *pass = parsed("{\"event\":\"MIGRATION_PASS\",\"data\":{\"pass\":2}}"),
				   *newer = parsed("{\"event\":\"MIGRATION\",\"data\":{\"status\":\"levitating\"}}");
	enum migration_state now = MIGRATION_NONE;

	(void)state;
	assert_int_equal(migration_event_state(yes, &now), 0);
	assert_int_equal(now, MIGRATION_PRE_SWITCHOVER);
	assert_int_equal(migration_event_state(pass, &now), -1);
	assert_int_equal(migration_event_state(newer, &now), -1);
}

/* A QEMU that has three capabilities, of which one is on; it tells what it was asked last. */
struct peer {
	int fd;
	char last[1000];
};

static void *answer(void *arg)
{
	struct peer *peer = arg;
	static const char capabilities[] =
		"{\"return\":[{\"capability\":\"events\",\"state\":false},{\"capability\":\"xbzrle\",\"state\":true},"
		"{\"capability\":\"multifd\",\"state\":true}],\"id\":%d}\n";
	char line[1000];
	int id = 1;

	dprintf(peer->fd, "{\"QMP\":{\"version\":{},\"capabilities\":[]}}\n");
	for (;;) {
		ssize_t n = read(peer->fd, line, sizeof(line) - 1);

		if (n <= 0)
			return NULL;
		line[n] = '\0';
		if (strstr(line, "query-migrate-capabilities")) {
			dprintf(peer->fd, capabilities, id++);
			continue;
		}
		snprintf(peer->last, sizeof(peer->last), "%s", line);
		dprintf(peer->fd, "{\"return\":{},\"id\":%d}\n", id++);
	}
}

static void set_capabilities(char *const *on, int expected, struct error *err, char *last, size_t size)
{
	struct peer peer = { 0 };
	pthread_t thread;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	peer.fd = fds[1];
	assert_int_equal(pthread_create(&thread, NULL, answer, &peer), 0);
	struct qmp *qmp = qmp_new(fds[0], "test monitor");
	assert_int_equal(qmp_handshake(qmp, deadline_in(60000), err), 0);
	assert_int_equal(migration_set_capabilities(qmp, on, deadline_in(60000), err), expected);
	qmp_free(qmp);
	pthread_join(thread, NULL);
	close(fds[1]);
	snprintf(last, size, "%s", peer.last);
}

static void only_what_differs_is_set(void **state)
{
	char *const on[] = { (char[]){ "events" }, (char[]){ "multifd" }, NULL };
	_cleanup_error_ struct error err = ERROR_INIT;
	char last[1000];

	(void)state;
	set_capabilities(on, 0, &err, last, sizeof(last));
	assert_non_null(strstr(
		last, "{\"capability\":\"events\",\"state\":true},{\"capability\":\"xbzrle\",\"state\":false}]"));
	assert_null(strstr(last, "multifd"));
}

static void what_it_does_not_have_is_named(void **state)
{
	char *const on[] = { (char[]){ "events" }, (char[]){ "teleport" }, (char[]){ "mind-meld" }, NULL };
	_cleanup_error_ struct error err = ERROR_INIT;
	char last[1000];

	(void)state;
	set_capabilities(on, -1, &err, last, sizeof(last));
	assert_int_equal(err.kind, ERROR_QEMU);
	assert_string_equal(err.message, "QEMU does not have the migration capabilities \"teleport\", \"mind-meld\"");
	assert_null(strstr(last, "migrate-set-capabilities"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_each_age),
		cmocka_unit_test(in_post_copy),
		cmocka_unit_test(before_any),
		cmocka_unit_test(what_it_says_of_failure_and_address),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(does_not_converge),
		cmocka_unit_test(words),
		cmocka_unit_test(events),
		cmocka_unit_test(only_what_differs_is_set),
		cmocka_unit_test(what_it_does_not_have_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
