/* For unit tests of the QMP client: a connection whose other end says what a test wants it to say. */
#ifndef KVMCTL_TESTS_QMP_PAIR_H
#define KVMCTL_TESTS_QMP_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

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

static inline struct pair pair_new(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	return (struct pair){ qmp_new(fds[0], "control monitor of \"web1\""), fds[1] };
}

static inline void say(struct pair *pair, const char *text)
{
	assert_int_equal(file_write_all(pair->peer, text, strlen(text)), 0);
}

/* Everything that was sent so far. */
static inline char *heard(struct pair *pair)
{
	static char buffer[65536];
	ssize_t n = recv(pair->peer, buffer, sizeof(buffer) - 1, MSG_DONTWAIT);

	buffer[n > 0 ? n : 0] = '\0';
	return buffer;
}

static inline void hang_up(struct pair *pair)
{
	close(pair->peer);
	pair->peer = -1;
}

static inline void pair_free(struct pair *pair)
{
	qmp_free(pair->qmp);
	close_fd(&pair->peer);
}
#define _cleanup_pair_ _cleanup_(pair_free)

static inline struct pair pair_ready(void)
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

static inline int execute(struct pair *pair, const char *command, struct json **ret, struct error *err)
{
	return qmp_execute(pair->qmp, command, NULL, deadline_in(50), ret, err);
}

#endif
