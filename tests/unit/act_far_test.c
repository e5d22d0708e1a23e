/* The session through a remote shell, with small shell scripts for the far side: what is understood, and how each kind of bad answer is said. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <signal.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "ops/act_far.h"

#define GREETING "echo '{\"ok\": {\"protocol\": 1}}'; "

/* The words of a command that runs the script. */
static char **script(const char *text)
{
	char **command = NULL;

	strv_add(&command, "sh");
	strv_add(&command, "-c");
	strv_add(&command, text);
	return command;
}

/* The script is opened and must fail with that kind, its message having both texts. */
static void refused(const char *text, int ms, enum error_kind kind, const char *says, const char *hint)
{
	_cleanup_strv_ char **command = script(text);
	_cleanup_error_ struct error err = ERROR_INIT;
	struct far *far = NULL;

	assert_int_equal(far_open(command, "b", "web1", deadline_in(ms), &far, &err), -1);
	assert_null(far);
	if (err.kind != kind || !strstr(err.message, says) || (hint && (!err.hint || !strstr(err.hint, hint))))
		fail_msg("kind %d, \"%s\", hint \"%s\"", err.kind, err.message, err.hint ? err.hint : "");
}

static struct far *opened(const char *text)
{
	_cleanup_strv_ char **command = script(text);
	_cleanup_error_ struct error err = ERROR_INIT;
	struct far *far = NULL;

	if (far_open(command, "b", "web1", deadline_in(20000), &far, &err) < 0)
		fail_msg("%s", err.message);
	return far;
}

static char *command_text(const char *shell, const char *program)
{
	_cleanup_strv_ char **words = NULL;
	struct error err = ERROR_INIT;

	if (far_command(shell, "root@b", program, &words, &err) < 0)
		fail_msg("%s", err.message);
	return strv_join(words, " ");
}

static void commands(void **state)
{
	static const char *const rows[][3] = {
		{ NULL, NULL, "ssh root@b kvmctl" },
		{ "ssh -p 2222", NULL, "ssh -p 2222 root@b kvmctl" },
		{ "ssh -J gate %h sudo", NULL, "ssh -J gate root@b sudo kvmctl" },
		{ "ip netns exec B", NULL, "ip netns exec B kvmctl" },
		{ "lxc-attach -n 'x%h' --", "/opt/bin/kvmctl", "lxc-attach -n xroot@b -- /opt/bin/kvmctl" },
	};
	_cleanup_strv_ char **words = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		_cleanup_free_ char *text = command_text(rows[i][0], rows[i][1]);

		assert_string_equal(text, rows[i][2]);
	}
	assert_int_equal(far_command("ssh 'x", "b", NULL, &words, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_int_equal(far_command(" ", "b", NULL, &words, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
}

static void uris(void **state)
{
	static const char *const rows[][3] = {
		{ "tcp:[::]:4000", "b", "tcp:b:4000" },
		{ "tcp:[::]:4000", "192.0.2.1", "tcp:192.0.2.1:4000" },
		{ "tcp:0.0.0.0:4000", "192.0.2.1:4000", "tcp:192.0.2.1:4000" },
		{ "tcp:b:4000", "fd00::1", "tcp:[fd00::1]:4000" },
		{ "tcp:b:4000", "[fd00::1]:0", "tcp:[fd00::1]:4000" },
		{ "tcp:b:4000", "tcp:[fd00::1]:1", "tcp:[fd00::1]:4000" },
		{ "unix:/x", "unix:/x", "unix:/x" },
	};
	_cleanup_free_ char *all = far_address("", "fd00::1"), *one = far_address("192.0.2.7", "b");

	(void)state;
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		_cleanup_free_ char *uri = far_uri(rows[i][0], rows[i][1]);

		assert_string_equal(uri, rows[i][2]);
	}
	assert_string_equal(all, "fd00::1");
	assert_string_equal(one, "192.0.2.7");
}

static void questions_and_answers(void **state)
{
	struct far *far = opened(GREETING "read x; echo '{\"ok\": {\"x\": 1}}'; read x");
	_cleanup_json_ struct json *reply = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(far_ask(far, "check", NULL, deadline_in(20000), &reply, &err), 0);
	assert_int_equal(json_get_int(reply, "x", 0), 1);
	far_close(far);
}

static void what_it_is_called_with(void **state)
{
	struct far *far = opened(GREETING "read x; echo \"{\\\"ok\\\": {\\\"args\\\": \\\"$0 $*\\\"}}\"");
	_cleanup_json_ struct json *reply = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(far_ask(far, "check", NULL, deadline_in(20000), &reply, &err), 0);
	assert_string_equal(json_get_string(reply, "args", ""), "--json migration serve web1");
	far_close(far);
}

/* Longer than a pipe holds, both ways at once. */
static void long_documents(void **state)
{
	struct far *far = opened(
		GREETING "printf '{\"ok\": {\"a\": \"'; head -c 300000 /dev/zero | tr '\\0' x; echo '\"}}'; read -r x; "
			 "echo \"{\\\"ok\\\": {\\\"n\\\": ${#x}}}\"");
	_cleanup_free_ char *text = xcalloc(1, 300001);
	_cleanup_json_ struct json *first = NULL, *second = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;
	struct json *arguments = json_new_object();

	(void)state;
	memset(text, 'y', 300000);
	json_put_string(arguments, "text", text);
	assert_int_equal(far_ask(far, "check", arguments, deadline_in(60000), &first, &err), 0);
	assert_int_equal(strlen(json_get_string(first, "a", "")), 300000);
	assert_int_equal(far_ask(far, "again", NULL, deadline_in(60000), &second, &err), 0);
	assert_true(json_get_int(second, "n", 0) > 300000);
	far_close(far);
}

static void bad_beginnings(void **state)
{
	(void)state;
	refused("echo 'sh: 1: kvmctl: not found' >&2; exit 127", 20000, ERROR_HOST, "kvmctl: not found",
		"--far-kvmctl");
	refused("echo Welcome; cat", 20000, ERROR_HOST, "\"Welcome\"", "remote shell");
	refused("echo '{\"ok\": 1}'", 20000, ERROR_HOST, "something else", NULL);
	refused("echo '{\"ok\": {\"protocol\": 99}}'", 20000, ERROR_HOST, "protocol 99", "versions");
	refused("printf '{\"ok\": {\"protocol\": 1}}'", 20000, ERROR_HOST, "ended", NULL);
	refused("kill -9 $$", 20000, ERROR_HOST, "killed by signal 9", NULL);
	refused("exec sleep 60", 200, ERROR_TIMEOUT, "does not answer", NULL);
	refused("head -c 3000000 /dev/zero | tr '\\0' x; sleep 60", 20000, ERROR_HOST, "it says: a line of more than",
		NULL);
	refused("printf 'a\\0b\\n'", 20000, ERROR_HOST, "no text", NULL);
	refused("echo '{\"error\": {\"kind\": \"busy\", \"message\": \"instance \\\"web1\\\" is busy\", \"hint\": "
		"\"wait\"}}'",
		20000, ERROR_BUSY, "host \"b\": instance \"web1\" is busy", "wait");
}

static void no_such_command(void **state)
{
	_cleanup_strv_ char **command = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;
	struct far *far = NULL;

	(void)state;
	strv_add(&command, "kvmctl-no-such-shell");
	assert_int_equal(far_open(command, "b", "web1", deadline_in(20000), &far, &err), -1);
	assert_non_null(strstr(err.message, "command not found"));
}

/* An error of theirs leaves the session as it is; an end, or silence, leaves us without knowledge. */
static void errors_in_the_middle(void **state)
{
	struct far *far = opened(GREETING "read x; echo '{\"error\": {\"kind\": \"host-refused\", \"message\": \"no "
					  "bridge \\\"br7\\\"\"}}'; read x; "
					  "echo 'out of luck' >&2; exit 3");
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(far_ask(far, "check", NULL, deadline_in(20000), NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_string_equal(err.message, "host \"b\": no bridge \"br7\"");
	assert_int_equal(far_ask(far, "run", NULL, deadline_in(20000), NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_UNKNOWN);
	assert_non_null(strstr(err.message, "exit status 3"));
	assert_non_null(strstr(err.message, "out of luck"));
	assert_int_equal(far_ask(far, "run", NULL, deadline_in(20000), NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_UNKNOWN);
	far_close(far);
}

static void silence_in_the_middle(void **state)
{
	struct far *far = opened(GREETING "exec sleep 60");
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(far_ask(far, "run", NULL, deadline_in(200), NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_UNKNOWN);
	far_close(far);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands),
		cmocka_unit_test(uris),
		cmocka_unit_test(questions_and_answers),
		cmocka_unit_test(what_it_is_called_with),
		cmocka_unit_test(long_documents),
		cmocka_unit_test(bad_beginnings),
		cmocka_unit_test(no_such_command),
		cmocka_unit_test(errors_in_the_middle),
		cmocka_unit_test(silence_in_the_middle),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
