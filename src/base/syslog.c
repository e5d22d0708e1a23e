/* One datagram to /dev/log. Not syslog(3): that blocks when the log daemon is stopped, and keeps buffers for ever. */
#include "base/syslog.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>

#include "base/text.h"

/* A new socket each time: who stays says something once in days, and a kept one would not survive a restart of the log daemon. */
void syslog_send(int priority, const char *program, const char *text)
{
	static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	_cleanup_free_ char *line = xprintf("<%d>%s[%d]: %s", LOG_DAEMON | priority, program, (int)getpid(), text);
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0)
		(void)sendto(fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&address,
			     sizeof(address));
}
