/* The guest agent: its answers, those of others before them, silence, nonsense. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "qemu/agent.h"

/* What the guest says: before it has heard anything, to the first line, to the second; "%" is the number it was given. */
struct guest {
	int fd;
	const char *before, *first, *second;
	char heard[2][256];
};

static void say(int fd, const char *text, const char *id)
{
	for (const char *p = text; *p; p++)
		if (*p == '%')
			assert_true(write(fd, id, strlen(id)) > 0);
		else
			assert_int_equal(write(fd, p, 1), 1);
}

static void hear(int fd, char *line, size_t size)
{
	size_t length = 0;
	char c = '\0';

	while (c != '\n' && read(fd, &c, 1) == 1)
		if (length < size - 1)
			line[length++] = c;
	line[length] = '\0';
}

static void *run_guest(void *arg)
{
	struct guest *guest = arg;
	char id[32] = "";

	say(guest->fd, guest->before, "");
	hear(guest->fd, guest->heard[0], sizeof(guest->heard[0]));
	const char *at = strstr(guest->heard[0], "\"id\": ");
	if (at)
		snprintf(id, sizeof(id), "%lld", strtoll(at + 6, NULL, 10));
	say(guest->fd, guest->first, id);
	if (guest->second) {
		hear(guest->fd, guest->heard[1], sizeof(guest->heard[1]));
		say(guest->fd, guest->second, id);
	}
	return NULL;
}

static int talk(struct guest *guest, int64_t ms, struct error *err)
{
	int fds[2], result;
	pthread_t thread;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	guest->fd = fds[1];
	assert_int_equal(pthread_create(&thread, NULL, run_guest, guest), 0);
	result = agent_set_time(fds[0], INT64_C(1700000000123456789), deadline_in(ms), err);
	close(fds[0]);
	pthread_join(thread, NULL);
	close(fds[1]);
	return result;
}

#define SYNC "\xff{\"return\": %}\n"

static void test_sets_the_clock(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct guest guest = { .before = "", .first = SYNC, .second = "{\"return\": {}}\n" };

	(void)state;
	assert_int_equal(talk(&guest, 60000, &err), 0);
	assert_non_null(strstr(guest.heard[1], "guest-set-time"));
	assert_non_null(strstr(guest.heard[1], "1700000000123456789"));
}

static void test_what_others_left_is_passed_over(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct guest guest = { .before = "{\"return\": {\"a\": 1}}\nnonsense\n{\"ret",
			       .first = SYNC,
			       .second = "{\"return\": {}}\n" };

	(void)state;
	assert_int_equal(talk(&guest, 60000, &err), 0);
}

static void test_silence(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct guest guest = { .before = "", .first = "" };

	(void)state;
	assert_int_equal(talk(&guest, 200, &err), -1);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
}

static void test_refusal(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct guest guest = { .before = "",
			       .first = SYNC,
			       .second =
				       "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no \\u0007 clock\"}}\n" };

	(void)state;
	assert_int_equal(talk(&guest, 60000, &err), -1);
	assert_int_equal(err.kind, ERROR_QEMU);
	assert_non_null(strstr(err.message, "no \\x07 clock"));
}

static void test_nonsense(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct guest guest = { .before = "", .first = SYNC, .second = "what?\n" };

	(void)state;
	assert_int_equal(talk(&guest, 60000, &err), -1);
	assert_int_equal(err.kind, ERROR_QEMU);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sets_the_clock), cmocka_unit_test(test_what_others_left_is_passed_over),
		cmocka_unit_test(test_silence),        cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
