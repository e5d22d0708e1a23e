/* base/deadline: bounded waits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <limits.h>
#include <signal.h>
#include <sys/time.h>

#include "base/deadline.h"
#include "base/text.h"

static void test_left(void **state)
{
	(void)state;
	assert_int_equal(deadline_left(DEADLINE_NEVER), -1);
	assert_false(deadline_passed(DEADLINE_NEVER));
	assert_int_equal(deadline_left(deadline_in(0)), 0);
	assert_true(deadline_passed(deadline_in(0)));
	assert_int_equal(deadline_left(deadline_in(-5000)), 0);
	assert_in_range(deadline_left(deadline_in(5000)), 4000, 5000);
	assert_int_equal(deadline_left(deadline_in((int64_t)INT_MAX * 10)), INT_MAX);
	assert_int_equal(deadline_left(deadline_in(INT64_MAX)), -1);
}

static void test_earlier(void **state)
{
	struct deadline soon = { 5 };

	(void)state;
	assert_int_equal(deadline_earlier(soon, DEADLINE_NEVER).at_ms, 5);
	assert_int_equal(deadline_earlier(DEADLINE_NEVER, soon).at_ms, 5);
}

static int signals;

static void on_alarm(int sig)
{
	(void)sig;
	signals++;
}

static void test_poll_goes_on_after_signals(void **state)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval timer = { .it_interval.tv_usec = 5000, .it_value.tv_usec = 5000 }, off = { 0 };
	int64_t start = clock_boottime_ms();

	(void)state;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	assert_int_equal(deadline_poll(NULL, 0, deadline_in(60)), 0);
	setitimer(ITIMER_REAL, &off, NULL);
	assert_true(signals > 2);
	assert_in_range(clock_boottime_ms() - start, 59, 2000);
}

static void test_poll_ready(void **state)
{
	struct pollfd waiting = { .events = POLLIN };
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	waiting.fd = fds[0];
	assert_int_equal(deadline_poll(&waiting, 1, deadline_in(0)), 1);
	close(fds[0]);
	close(fds[1]);
}

static void test_time_as_text(void **state)
{
	_cleanup_free_ char *text = clock_to_text(1795503907123), *zero = clock_to_text(-1);

	(void)state;
	assert_string_equal(text, "2026-11-24T07:05:07.123Z");
	assert_string_equal(zero, "1969-12-31T23:59:59.999Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_earlier),
		cmocka_unit_test(test_poll_goes_on_after_signals),
		cmocka_unit_test(test_poll_ready),
		cmocka_unit_test(test_time_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
