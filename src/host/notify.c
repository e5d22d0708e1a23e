/* sd_notify(3) without libsystemd: one datagram to the socket that $NOTIFY_SOCKET names. */
#include "host/notify.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/text.h"

int notify_send(const char *state)
{
	const char *target = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;
	size_t length;
	socklen_t size;

	if (is_empty(target))
		return 0;
	length = strlen(target);
	if ((*target != '/' && *target != '@') || length < 2 || length >= sizeof(address.sun_path)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(address.sun_path, target, length);
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	if (*target == '@')
		address.sun_path[0] =
			'\0'; /* the abstract name space (unix(7)): its length counts, no NUL at the end */
	else
		size++;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* Never blocks: a service manager that does not read must not stop a guest's supervisor. */
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&address, size) < 0)
		return -1;
	return 0;
}
