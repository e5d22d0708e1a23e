/* Network links: MTU, address, bridge, VLAN, up and down. What speaks netlink is in the module kvmctl-link.so. */
#include "host/link.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdarg.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/log.h"
#include "base/module.h"
#include "base/parse.h"
#include "base/text.h"
#include "host/link_internal.h"

int link_load(const struct link_module **ret, struct error *err)
{
	const void *symbol;

	if (module_load("link", "link_module", &symbol, err) < 0)
		return -1;
	*ret = symbol;
	return 0;
}

int link_refused(struct error *err, const struct link_failure *failure, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	_cleanup_free_ char *what = xvprintf(format, ap);
	va_end(ap);

	/* The kernel's own sentence says more than the errno's, which stays for those who decide by it. */
	if (failure->text[0]) {
		error_set(err, ERROR_HOST, "%s: %s (%s)", what, failure->text, strerror(failure->errnum));
		err->errnum = failure->errnum;
	} else {
		error_errno(err, ERROR_HOST, failure->errnum, "%s", what);
	}
	if (failure->errnum == EPERM)
		error_hint(err, "this needs the capability CAP_NET_ADMIN: run as root");
	return -1;
}

int link_sysctl(const char *family, const char *link, const char *key, const char *value, struct error *err)
{
	_cleanup_free_ char *path = xprintf("/proc/sys/net/%s/conf/%s/%s", family, link, key);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || file_write_all(fd, value, strlen(value)) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot write \"%s\" into \"%s\"", value, path);
	return 0;
}

bool link_exists(const char *name)
{
	return if_nametoindex(name) != 0;
}

int link_index(const char *name, int *ret, struct error *err)
{
	unsigned int index = if_nametoindex(name);

	if (index == 0)
		return error_errno(err, ERROR_HOST, ENODEV, "there is no network link \"%s\"", name);
	*ret = (int)index;
	return 0;
}

/* The module and what it says of the link: what every call below begins with. */
static int look(const char *name, const struct link_module **ret_module, struct link_facts *ret, struct error *err)
{
	struct link_failure failure;

	if (link_load(ret_module, err) < 0)
		return -1;
	if ((*ret_module)->get(name, 0, ret, &failure) == 0)
		return 0;
	if (failure.errnum == ENODEV)
		return error_errno(err, ERROR_HOST, ENODEV, "there is no network link \"%s\"", name);
	return link_refused(err, &failure, "cannot look at the network link \"%s\"", name);
}

/* The index is looked up with libc first: a link that is not there is told without loading the module. */
static int change(const char *name, struct link_change what, const char *verb, struct error *err)
{
	const struct link_module *module;
	struct link_failure failure;
	int index = 0;

	if (link_index(name, &index, err) < 0 || link_load(&module, err) < 0)
		return -1;
	if (module->change(index, &what, &failure) == 0)
		return 0;
	return link_refused(err, &failure, "cannot %s the network link \"%s\"", verb, name);
}

int link_is_bridge(const char *name, bool *ret, struct error *err)
{
	const struct link_module *module;
	struct link_facts facts;

	if (look(name, &module, &facts, err) < 0)
		return -1;
	*ret = streq(facts.kind, "bridge");
	return 0;
}

int link_get_mtu(const char *name, int64_t *ret, struct error *err)
{
	const struct link_module *module;
	struct link_facts facts;

	if (look(name, &module, &facts, err) < 0)
		return -1;
	*ret = facts.mtu;
	return 0;
}

/* The kernel takes more for some links, but 16 bits are all that an IP packet can fill. */
int link_set_mtu(const char *name, int64_t mtu, struct error *err)
{
	struct link_change what = LINK_CHANGE_NONE;

	if (mtu <= 0 || mtu > UINT16_MAX)
		return error_set(err, ERROR_HOST, "%lld is no MTU for the network link \"%s\"", (long long)mtu, name);
	what.mtu = (uint32_t)mtu;
	_cleanup_free_ char *verb = xprintf("set the MTU %lld of", (long long)mtu);
	return change(name, what, verb, err);
}

int link_set_mac(const char *name, const char *guest_mac, struct error *err)
{
	struct link_change what = LINK_CHANGE_NONE;
	char text[18];
	uint8_t mac[6] = { 0 };

	if (parse_mac(guest_mac, "MAC address", text, err) < 0)
		return -1;
	parse_mac_octets(text, mac);
	mac[0] = mac[0] == 0xfe ? 0xfa : 0xfe;
	what.mac = mac;
	return change(name, what, "set the MAC address of", err);
}

int link_up(const char *name, struct error *err)
{
	struct link_change what = LINK_CHANGE_NONE;

	what.up = 1;
	return change(name, what, "bring up", err);
}

int link_down(const char *name, struct error *err)
{
	struct link_change what = LINK_CHANGE_NONE;

	what.up = 0;
	return change(name, what, "take down", err);
}

int link_disable_ipv6(const char *name, struct error *err)
{
	/* No IPv6 in the kernel is what is wanted. */
	if (link_sysctl("ipv6", name, "disable_ipv6", "1", err) < 0 && err->errnum != ENOENT)
		return -1;
	error_clear(err);
	return 0;
}

/* The bridge as it must be for a port: there, and a bridge. */
static int look_at_bridge(const char *bridge, const struct link_module **ret_module, struct link_facts *ret,
			  struct error *err)
{
	if (look(bridge, ret_module, ret, err) < 0) {
		if (err->errnum == ENODEV)
			error_hint(err, "make the bridge: ip link add \"%s\" type bridge && ip link set \"%s\" up",
				   bridge, bridge);
		return error_prefix(err, "bridge");
	}
	if (streq(ret->kind, "bridge"))
		return 0;
	error_set(err, ERROR_HOST, "the network link \"%s\" is no bridge but %s%s", bridge,
		  ret->kind[0] ? "of kind " : "a plain device", ret->kind);
	return error_hint(err, "an Open vSwitch bridge needs the NIC mode \"openvswitch\"");
}

/* The order matters: a port with a smaller MTU would pull the bridge's down for everybody on it. */
int link_attach(const char *name, const char *bridge, struct error *err)
{
	const struct link_module *module;
	struct link_change what = LINK_CHANGE_NONE;
	struct link_facts port, master;
	struct link_failure failure;
	_cleanup_error_ struct error ignored = ERROR_INIT;

	if (look_at_bridge(bridge, &module, &master, err) < 0 || look(name, &module, &port, err) < 0)
		return -1;
	if (port.mtu != master.mtu) {
		what.mtu = master.mtu;
		if (module->change(port.index, &what, &failure) < 0)
			return link_refused(err, &failure,
					    "cannot give the network link \"%s\" the MTU %u of the bridge \"%s\"", name,
					    master.mtu, bridge);
		what.mtu = 0;
	}
	/* A read-only /proc/sys (containers) only costs the extra wall: a port's own IPv6 address is not
	 * reachable through the bridge. */
	if (link_disable_ipv6(name, &ignored) < 0)
		log_warning("%s, ignoring", ignored.message);
	what.master = master.index;
	if (module->change(port.index, &what, &failure) < 0)
		return link_refused(err, &failure, "cannot attach the network link \"%s\" to the bridge \"%s\"", name,
				    bridge);
	return 0;
}

int link_vlan(const char *name, int64_t vlan, struct error *err)
{
	const struct link_module *module;
	struct link_facts port, bridge;
	struct link_failure failure;
	struct link_bridge filtering;

	if (vlan < 1 || vlan > 4094)
		return error_set(err, ERROR_HOST, "%lld is no VLAN for the network link \"%s\"", (long long)vlan, name);
	if (look(name, &module, &port, err) < 0)
		return -1;
	if (port.master == 0)
		return error_set(err, ERROR_HOST, "the network link \"%s\" is in no bridge: VLAN %lld cannot be set",
				 name, (long long)vlan);
	if (module->get(NULL, port.master, &bridge, &failure) < 0 ||
	    module->bridge(port.master, &filtering, &failure) < 0)
		return link_refused(err, &failure, "cannot look at the bridge of the network link \"%s\"", name);
	if (!filtering.vlan_filtering) {
		char bridge_name[IF_NAMESIZE] = "";
		if_indextoname((unsigned int)port.master, bridge_name);
		error_set(err, ERROR_HOST,
			  "the bridge \"%s\" does not filter VLANs: VLAN %lld of the network link \"%s\" would have no "
			  "effect",
			  bridge_name, (long long)vlan, name);
		return error_hint(err, "ip link set \"%s\" type bridge vlan_filtering 1", bridge_name);
	}
	if (module->vlan(port.index, (uint16_t)vlan, &failure) < 0)
		return link_refused(err, &failure, "cannot set VLAN %lld of the network link \"%s\"", (long long)vlan,
				    name);
	return 0;
}

int link_bridge_of(const char *name, char **ret, struct error *err)
{
	const struct link_module *module;
	struct link_facts port;
	char bridge[IF_NAMESIZE] = "";

	if (look(name, &module, &port, err) < 0)
		return -1;
	if (port.master > 0)
		if_indextoname((unsigned int)port.master, bridge);
	*ret = xstrdup(bridge);
	return 0;
}

int link_bridge_netfilter(const char *bridge, bool *ret, struct error *err)
{
	const struct link_module *module;
	struct link_facts facts;
	struct link_bridge what;
	struct link_failure failure;

	if (look_at_bridge(bridge, &module, &facts, err) < 0)
		return -1;
	if (module->bridge(facts.index, &what, &failure) < 0)
		return link_refused(err, &failure, "cannot look at the bridge \"%s\"", bridge);
	*ret = what.netfilter;
	return 0;
}

int link_bridge_set_netfilter(const char *bridge, bool on, struct error *err)
{
	const struct link_module *module;
	struct link_facts facts;
	struct link_failure failure;

	if (look_at_bridge(bridge, &module, &facts, err) < 0)
		return -1;
	if (module->bridge_netfilter(facts.index, on, &failure) == 0)
		return 0;
	return link_refused(err, &failure, "cannot switch br_netfilter %s on the bridge \"%s\"", on ? "on" : "off",
			    bridge);
}

int link_delete(const char *name, struct error *err)
{
	const struct link_module *module;
	struct link_failure failure;
	unsigned int index = if_nametoindex(name);

	if (index == 0)
		return 0;
	if (link_load(&module, err) < 0)
		return -1;
	if (module->delete ((int)index, &failure) < 0 && failure.errnum != ENODEV)
		return link_refused(err, &failure, "cannot delete the network link \"%s\"", name);
	return 0;
}

/* The text of an address that is of the family and can be reached from elsewhere; "" when it is not. */
static void address_text(const struct sockaddr *address, int family, char ret[INET6_ADDRSTRLEN])
{
	ret[0] = '\0';
	if (!address || address->sa_family != family)
		return;
	if (family == AF_INET) {
		inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, ret, INET6_ADDRSTRLEN);
		return;
	}
	const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;
	if (!IN6_IS_ADDR_LINKLOCAL(six))
		inet_ntop(AF_INET6, six, ret, INET6_ADDRSTRLEN);
}

static void free_addresses(struct ifaddrs **list)
{
	if (*list)
		freeifaddrs(*list);
}

int link_address(const char *name, int family, char **ret, struct error *err)
{
	_cleanup_(free_addresses) struct ifaddrs *list = NULL;
	const int families[] = { family ? family : AF_INET, family ? AF_UNSPEC : AF_INET6 };
	char text[INET6_ADDRSTRLEN];

	if (!link_exists(name))
		return error_errno(err, ERROR_HOST, ENODEV, "there is no network link \"%s\"", name);
	if (getifaddrs(&list) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot read the addresses of the network links");
	for (size_t i = 0; i < ELEMENTS(families) && families[i] != AF_UNSPEC; i++) {
		for (const struct ifaddrs *a = list; a; a = a->ifa_next) {
			if (!streq(a->ifa_name, name))
				continue;
			address_text(a->ifa_addr, families[i], text);
			if (text[0]) {
				*ret = xstrdup(text);
				return 0;
			}
		}
	}
	return error_set(err, ERROR_HOST, "the network link \"%s\" has no %s address", name,
			 family == AF_INET    ? "IPv4"
			 : family == AF_INET6 ? "IPv6"
					      : "IP");
}
