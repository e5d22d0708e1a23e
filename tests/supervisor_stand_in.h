/* What stands in for QEMU in the tests of the supervisor: greets, answers the two questions, and does what the test orders. */
#ifndef TESTS_SUPERVISOR_STAND_IN_H
#define TESTS_SUPERVISOR_STAND_IN_H

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

/* Out of band, if that was agreed on: written down, and refused where the test says so in the command; one with "silence" in it has no answer. */
static void stand_in_out_of_band(const char *question, int log, char *answer, size_t size)
{
	const char *id = strstr(question, "\"id\":");

	dprintf(log, "%s\n", question);
	snprintf(answer, size, "{\"%s\": {\"desc\": \"as ordered\"}, \"id\": %ld}\r\n",
		 strstr(question, "refuse") ? "error" : "return", id ? strtol(id + 5, NULL, 10) : -1);
	if (strstr(question, "silence"))
		*answer = '\0';
}

static bool stand_in_answer(int qmp, int log, const char *run_state, const char *question)
{
	char answer[256];

	if (strstr(question, "qmp_capabilities"))
		snprintf(answer, sizeof(answer),
			 strstr(question, "[\"oob\"]") ? "{\"return\": {}}\r\n" : "{\"error\": {}}\r\n");
	else if (strstr(question, "exec-oob"))
		stand_in_out_of_band(question, log, answer, sizeof(answer));
	else
		snprintf(answer, sizeof(answer), "{\"return\": {\"status\": \"%s\", \"running\": %s}}\r\n", run_state,
			 streq(run_state, "running") ? "true" : "false");
	return !*answer || write(qmp, answer, strlen(answer)) > 0;
}

/* False: the supervisor went. QEMU lives on. */
static bool stand_in_hear(int qmp, int log, const char *run_state)
{
	char questions[2048], *rest = questions, *question;
	ssize_t n = recv(qmp, questions, sizeof(questions) - 1, 0);

	if (n <= 0)
		return false;
	questions[n] = '\0';
	while ((question = strsep(&rest, "\n")))
		if (*question && !stand_in_answer(qmp, log, run_state, question))
			return false;
	return true;
}

/* An order is one datagram: "exit 1", "say TEXT" (on the event socket), "flood 100" (MB without a line's end), "print TEXT" (on stderr's log). */
static void stand_in_obey(int orders, int qmp, int log)
{
	static char order[8192], block[65536];
	ssize_t n = recv(orders, order, sizeof(order) - 1, 0);

	if (n <= 0)
		_exit(99);
	order[n] = '\0';
	if (starts_with(order, "exit "))
		_exit((int)strtol(order + 5, NULL, 10));
	if (starts_with(order, "say "))
		(void)!write(qmp, order + 4, strlen(order + 4));
	if (starts_with(order, "print "))
		(void)!write(log, order + 6, strlen(order + 6));
	if (starts_with(order, "flood "))
		for (long i = strtol(order + 6, NULL, 10) * 16; i > 0; i--)
			if (send(qmp, memset(block, 'x', sizeof(block)), sizeof(block), MSG_NOSIGNAL) < 0)
				break;
}

static void stand_in(int qmp, int orders, int log, const char *run_state, const sigset_t *mask)
{
	static const char greeting[] =
		"{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7}}, \"capabilities\": [\"oob\"]}}\r\n";
	struct pollfd fds[] = { { qmp, POLLIN, 0 }, { orders, POLLIN, 0 } };

	/* cmocka's handlers would make a test's failure of a fatal signal. */
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_SETMASK, mask, NULL);
	for (int fd = 3; fd < 64; fd++) /* the test's end of `orders` above all: its end-of-file ends us */
		if (fd != qmp && fd != orders && fd != log)
			close(fd);
	(void)!send(orders, "up", 2, MSG_NOSIGNAL);
	(void)!write(qmp, greeting, strlen(greeting));
	for (;;) {
		poll(fds, 2, -1);
		if (fds[1].revents)
			stand_in_obey(orders, qmp, log);
		if (fds[0].revents && !stand_in_hear(qmp, log, run_state))
			fds[0].fd = -1;
	}
}

#endif
