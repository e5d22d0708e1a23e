/* Trying TCP ports: bound and let go. */
#include "host/port.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/text.h"

/* As QEMU binds: what is only left of closed connections is no obstacle, and IPv6 is asked for by itself. */
static bool is_taken(const struct addrinfo *at)
{
	_cleanup_close_ int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return false;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (at->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, at->ai_addr, at->ai_addrlen) < 0)
		return errno == EADDRINUSE;
	/* two may bind, one may listen */
	return listen(fd, 1) < 0 && errno == EADDRINUSE;
}

bool port_is_free(const char *address, int port)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
					.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV };
	_cleanup_free_ char *service = xprintf("%d", port);
	struct addrinfo *found = NULL;
	bool taken = false;

	if (getaddrinfo(*address ? address : NULL, service, &hints, &found) != 0)
		return true;
	for (const struct addrinfo *at = found; at && !taken; at = at->ai_next)
		taken = is_taken(at);
	freeaddrinfo(found);
	return !taken;
}
