/* What the host's own interfaces have. */
#include "host/addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include "base/text.h"

static bool is_it(const struct sockaddr *there, const char *address)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (there && there->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)there)->sin_addr, text, sizeof(text));
	else if (there && there->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)there)->sin6_addr, text, sizeof(text));
	return *text && streq(text, address);
}

bool host_has_address(const char *address)
{
	struct ifaddrs *list = NULL;
	bool found = false;

	if (getifaddrs(&list) < 0)
		return false;
	for (const struct ifaddrs *at = list; at && !found; at = at->ifa_next)
		found = is_it(at->ifa_addr, address);
	freeifaddrs(list);
	return found;
}
