/* NICs of mode routed. The guest's addresses are routed to its TAP; the guest thinks that its network is
 * on its link, so the host answers its ARP and NDP requests for the others (proxy ARP on the TAP), and
 * the others' requests for the guest (a proxy neighbour entry on the link that leads to them). */
#include "host/link.h"

#include <fcntl.h>
#include <net/if.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "host/link_internal.h"

/* One address family of one NIC. */
struct side {
	const char *family; /* as /proc/sys/net has it */
	const char *ip, *gateway, *table;
	const char *link;
	int index;
	const struct link_module *module;
};

static int set_up_link(const struct side *side, struct error *err)
{
	/* A guest must not configure its host: no router advertisements from the TAP. */
	static const char *const four[][2] = { { "forwarding", "1" }, { "proxy_arp", "1" } };
	static const char *const six[][2] = {
		{ "accept_ra", "0" }, { "autoconf", "0" }, { "forwarding", "1" }, { "proxy_ndp", "1" }
	};
	bool is_six = streq(side->family, "ipv6");
	const char *const(*rows)[2] = is_six ? six : four;
	size_t n = is_six ? ELEMENTS(six) : ELEMENTS(four);

	for (size_t i = 0; i < n; i++)
		if (link_sysctl(side->family, side->link, rows[i][0], rows[i][1], err) < 0)
			return -1;
	return 0;
}

/* What the guest believes to be its router. Where the host reaches that by another link, proxying answers
 * for it (taking the address would cut the host off from it). Where it does not, or has it as its own
 * already (for the TAP of another instance, which may go), the TAP gets the address. */
static int set_up_gateway(const struct side *side, struct error *err)
{
	struct link_failure failure;
	struct link_way way;

	if (is_empty(side->gateway))
		return 0;
	bool elsewhere =
		side->module->lookup(side->gateway, &way, &failure) == 0 && !way.local && way.oif != side->index;
	if (!elsewhere) {
		if (side->module->address(side->index, side->gateway, &failure) < 0)
			return link_refused(err, &failure, "cannot give the network link \"%s\" the address \"%s\"",
					    side->link, side->gateway);
		return 0;
	}
	/* Proxy NDP answers for listed addresses only; proxy ARP for all that are routed elsewhere. */
	if (streq(side->family, "ipv6") && side->module->proxy(side->index, side->gateway, &failure) < 0)
		return link_refused(err, &failure, "cannot answer for \"%s\" on the network link \"%s\"", side->gateway,
				    side->link);
	return 0;
}

static bool forwards(const char *family, const char *link)
{
	_cleanup_free_ char *path = xprintf("/proc/sys/net/%s/conf/%s/forwarding", family, link);
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *text = NULL;

	return file_read_at(AT_FDCWD, path, 64, &text, NULL, &ignored) < 0 || text[0] != '0';
}

/* The others' side: `way` is how the guest's address was reached before its route was made. */
static int answer_on_uplink(const struct side *side, const struct link_way *way, struct error *err)
{
	char uplink[IF_NAMESIZE];
	struct link_failure failure;

	/* Behind a router, or nowhere: then that router must know the way, and nobody asks on our links. */
	if (way->oif == 0 || way->oif == side->index || way->gateway || !if_indextoname((unsigned int)way->oif, uplink))
		return 0;
	if (streq(side->family, "ipv6") && link_sysctl("ipv6", uplink, "proxy_ndp", "1", err) < 0)
		return -1;
	if (side->module->proxy(way->oif, side->ip, &failure) < 0)
		return link_refused(err, &failure, "cannot answer for \"%s\" on the network link \"%s\"", side->ip,
				    uplink);
	/* Not switched on here: it changes what the whole host is. */
	if (!forwards(side->family, uplink))
		log_warning("%s forwarding is off on \"%s\": \"%s\" reaches this host only (sysctl "
			    "net.%s.conf.%s.forwarding=1)",
			    side->family, uplink, side->ip, side->family, streq(side->family, "ipv6") ? "all" : uplink);
	return 0;
}

/* How the address is reached now; a host that has it itself must not route it away. */
static int look_for_guest(const struct side *side, struct link_way *ret, struct error *err)
{
	struct link_failure failure;

	if (side->module->lookup(side->ip, ret, &failure) < 0) {
		if (failure.errnum == EINVAL)
			return link_refused(err, &failure, "cannot route \"%s\" to the network link \"%s\"", side->ip,
					    side->link);
		*ret = (struct link_way){ 0 }; /* no way yet */
	}
	if (ret->local)
		return error_set(err, ERROR_HOST, "the address \"%s\" of the NIC on \"%s\" is this host's own",
				 side->ip, side->link);
	return 0;
}

static int route_refused(const struct side *side, const struct link_failure *failure, struct error *err)
{
	link_refused(err, failure, "cannot route \"%s\" to the network link \"%s\"", side->ip, side->link);
	if (failure->errnum == EEXIST)
		error_hint(err, "something else has this address: ip route show %s", side->ip);
	return -1;
}

static int add_side(const struct side *side, struct error *err)
{
	struct link_failure failure;
	struct link_way way;

	if (look_for_guest(side, &way, err) < 0)
		return -1;
	if (side->module->route(true, side->index, side->ip, side->table, &failure) < 0)
		return route_refused(side, &failure, err);
	if (answer_on_uplink(side, &way, err) == 0)
		return 0;
	side->module->route(false, side->index, side->ip, side->table, &failure);
	side->module->unproxy(side->ip, &failure);
	return -1;
}

/* The families in use. */
static size_t sides(const char *name, const struct link_route *route, const struct link_module *module,
		    struct side ret[2])
{
	size_t n = 0;
	int index = (int)if_nametoindex(name);

	if (!is_empty(route->ip))
		ret[n++] = (struct side){ "ipv4", route->ip, route->gateway, route->table, name, index, module };
	if (!is_empty(route->ip6))
		ret[n++] = (struct side){ "ipv6", route->ip6, route->gateway6, route->table, name, index, module };
	for (size_t i = 0; i < n; i++)
		if (!ret[i].table)
			ret[i].table = "";
	return n;
}

int link_route_add(const char *name, const struct link_route *route, struct error *err)
{
	const struct link_module *module;
	struct side side[2];
	int index = 0;

	if (link_index(name, &index, err) < 0 || link_load(&module, err) < 0)
		return -1;
	if (is_empty(route->ip6) && link_disable_ipv6(name, err) < 0)
		return -1;
	size_t n = sides(name, route, module, side);
	for (size_t i = 0; i < n; i++)
		if (set_up_link(&side[i], err) < 0 || set_up_gateway(&side[i], err) < 0)
			return -1;
	if (link_up(name, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (add_side(&side[i], err) == 0)
			continue;
		_cleanup_error_ struct error ignored = ERROR_INIT;
		if (i > 0)
			link_unroute(name, &(struct link_route){ .ip = route->ip, .table = route->table }, &ignored);
		return -1;
	}
	return 0;
}

int link_unroute(const char *name, const struct link_route *route, struct error *err)
{
	const struct link_module *module;
	struct link_failure failure;
	struct side side[2];

	if (link_load(&module, err) < 0)
		return -1;
	size_t n = sides(name, route, module, side);
	for (size_t i = 0; i < n; i++) {
		/* Gone with the link as a rule. */
		if (side[i].index && module->route(false, side[i].index, side[i].ip, side[i].table, &failure) < 0 &&
		    failure.errnum != ESRCH && failure.errnum != ENODEV)
			return link_refused(err, &failure, "cannot remove the route of \"%s\"", side[i].ip);
		if (module->unproxy(side[i].ip, &failure) < 0)
			return link_refused(err, &failure, "cannot remove the proxy neighbour entries of \"%s\"",
					    side[i].ip);
	}
	return 0;
}
