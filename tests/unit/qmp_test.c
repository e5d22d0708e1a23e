/* The QMP client, one question after the other: the greeting, replies, what ends a connection, commands that are poised. */
#include "qmp_pair.h"

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
		cmocka_unit_test(poised),
		cmocka_unit_test(poised_in_vain),
		cmocka_unit_test(no_secret_in_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
