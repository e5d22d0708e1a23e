/* sd_notify: a datagram to a path, to an abstract name, to nobody, to somebody who does not read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sys/socket.h>
#include <sys/un.h>

#include "base/text.h"
#include "host/notify.h"

/* A bound datagram socket; name "@x" is abstract. */
static int receiver(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, name, strlen(name));
	if (*name == '@')
		address.sun_path[0] = '\0';
	else
		size++;
	assert_return_code(bind(fd, (const struct sockaddr *)&address, size), errno);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void arrives_at(const char *name)
{
	char text[64] = "";
	int fd = receiver(name);

	assert_int_equal(notify_send("READY=1\nSTATUS=runs"), 0);
	assert_int_equal(recv(fd, text, sizeof(text) - 1, 0), 19);
	assert_string_equal(text, "READY=1\nSTATUS=runs");
	close(fd);
}

static void arrives(void **state)
{
	_cleanup_free_ char *abstract = xprintf("@kvmctl-notify-%d", (int)getpid());
	char dir[] = "/tmp/kvmctl-notify-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(dir));
	_cleanup_free_ char *path = xprintf("%s/s", dir);
	arrives_at(path);
	/* The receiver is gone, its name is not. */
	assert_int_equal(notify_send("STOPPING=1"), -1);
	assert_int_equal(errno, ECONNREFUSED);
	unlink(path);
	rmdir(dir);
	arrives_at(abstract);
}

static void nobody_asked(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_send("READY=1"), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	assert_int_equal(notify_send("READY=1"), 0);
}

static void nonsense_is_refused(void **state)
{
	char name[200];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_send("READY=1"), -1);
	assert_int_equal(errno, EINVAL);
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(notify_send("READY=1"), -1);
	setenv("NOTIFY_SOCKET", "/", 1);
	assert_int_equal(notify_send("READY=1"), -1);
}

/* A full queue must not block the sender. */
static void a_manager_that_does_not_read(void **state)
{
	_cleanup_free_ char *name = xprintf("@kvmctl-notify-full-%d", (int)getpid());
	int fd = receiver(name), i;

	(void)state;
	for (i = 0; i < 100000 && notify_send("WATCHDOG=1") == 0; i++)
		;
	assert_true(i < 100000);
	assert_int_equal(errno, EAGAIN);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrives),
		cmocka_unit_test(nobody_asked),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(a_manager_that_does_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
