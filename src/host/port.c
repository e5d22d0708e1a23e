/* Trying TCP ports: bound and let go. */
#include "host/port.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/parse.h"
#include "base/text.h"

#define BACKLOG 16

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

/* IPv6 first: one that is asked for all addresses takes IPv4 as well. */
static int listen_at(const struct addrinfo *at, bool all, int *ret_fd)
{
	_cleanup_close_ int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int only = !all;

	if (fd < 0)
		return -1;
	if (at->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	if (bind(fd, at->ai_addr, at->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
		return -1;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	char service[NI_MAXSERV] = "0";
	_cleanup_error_ struct error none = ERROR_INIT;
	int64_t port = 0;

	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0 ||
	    getnameinfo((const struct sockaddr *)&address, length, NULL, 0, service, sizeof(service), NI_NUMERICSERV) !=
		    0)
		return 0;
	return parse_int(service, "port", 0, 65535, &port, &none) < 0 ? 0 : (int)port;
}

int port_listen(const char *address, int *ret_fd, int *ret_port, struct error *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	int failed = getaddrinfo(*address ? address : NULL, "0", &hints, &found), fd = -1, errnum = 0;

	if (failed)
		return error_set(err, ERROR_HOST, "cannot listen on \"%s\": %s", address, gai_strerror(failed));
	for (int family = 0; family < 2 && fd < 0; family++)
		for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
			if ((at->ai_family == AF_INET6) == (family == 0) && listen_at(at, !*address, &fd) < 0)
				errnum = errno;
	freeaddrinfo(found);
	if (fd < 0)
		return error_errno(err, ERROR_HOST, errnum, "cannot listen on \"%s\"", address);
	*ret_fd = fd;
	*ret_port = port_of(fd);
	return 0;
}

static bool can_bind(const struct addrinfo *at)
{
	_cleanup_close_ int fd = -1;

	return listen_at(at, false, &fd) == 0;
}

int port_addresses(const char *address)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	int n = 0;

	if (getaddrinfo(*address ? address : NULL, "0", &hints, &found) != 0)
		return 0;
	for (const struct addrinfo *at = found; at; at = at->ai_next)
		n += can_bind(at);
	freeaddrinfo(found);
	return n;
}
