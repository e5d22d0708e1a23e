/* One datagram to /dev/log. Not syslog(3): that blocks when the log daemon is stopped, and keeps buffers for ever. */
#include "supervisor/report.h"

#include <stdarg.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/text.h"

/* A new socket each time: a supervisor says something once in days, and a kept one would not survive a
 * restart of the log daemon. */
static void send_syslog(const char *line)
{
	static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0)
		(void)sendto(fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&address,
			     sizeof(address));
}

void report(const struct options *options, int priority, const char *format, ...)
{
	_cleanup_free_ char *text = NULL, *line = NULL;
	va_list ap;

	va_start(ap, format);
	text = xvprintf(format, ap);
	va_end(ap);
	line = xprintf("<%d>kvmctl-supervisor[%d]: %s: %s\n", LOG_DAEMON | priority, (int)getpid(), options->name,
		       text);
	if (options->foreground)
		(void)file_write_all(STDERR_FILENO, strchr(line, '>') + 1, strlen(strchr(line, '>') + 1));
	line[strlen(line) - 1] = '\0';
	send_syslog(line);
}
