/* Network links, in a network namespace of the test's own; devices are made by TAP ioctls and the ip command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <spawn.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/link.h"
#include "host/tap.h"
#include "shell.h"

/* The words of one command; its status is the answer, its output is dropped. */
static int command(const char *line)
{
	_cleanup_strv_ char **argv = strv_split(line, ' ');
	posix_spawn_file_actions_t actions;
	char *const env[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, env) == 0)
		waitpid(pid, &status, 0);
	posix_spawn_file_actions_destroy(&actions);
	return status;
}

struct fixture {
	int tap;
};

/* A fresh namespace for each test, with the TAP "tap" and the bridge "bridge0". */
static int setup(void **state)
{
	static struct fixture fixture;
	_cleanup_error_ struct error err = ERROR_INIT;

	*state = NULL;
	fixture.tap = -1;
	if (unshare(CLONE_NEWNET) < 0 || command("ip link set lo up") != 0 ||
	    tap_open("tap", 1, true, &fixture.tap, &err) < 0)
		return 0;
	if (command("ip link add bridge0 type bridge") == 0 && command("ip link set bridge0 up mtu 1400") == 0)
		*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	if (fixture && fixture->tap >= 0)
		close(fixture->tap);
	return 0;
}

static void needs_namespace(void **state)
{
	if (!*state) {
		print_message("needs root, /dev/net/tun and the ip command\n");
		skip();
	}
}

static bool is_up(const char *name)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP);
}

static bool sysctl_is(const char *path, const char *value)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *text = NULL;

	return file_read_at(AT_FDCWD, path, 64, &text, NULL, &err) == 0 && starts_with(text, value);
}

static void attach_takes_the_bridges_mtu_and_leaves_the_link_down(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	int64_t mtu = 0;

	needs_namespace(state);
	assert_int_equal(link_attach("tap", "bridge0", &err), 0);
	assert_int_equal(link_get_mtu("tap", &mtu, &err), 0);
	assert_int_equal(mtu, 1400);
	assert_int_equal(link_get_mtu("bridge0", &mtu, &err), 0);
	assert_int_equal(mtu, 1400);
	assert_true(shows("ip -o link show tap", "master bridge0"));
	assert_true(sysctl_is("/proc/sys/net/ipv6/conf/tap/disable_ipv6", "1"));
	assert_false(is_up("tap"));
	assert_int_equal(link_up("tap", &err), 0);
	assert_true(is_up("tap"));
	assert_int_equal(link_down("tap", &err), 0);
	assert_false(is_up("tap"));
}

static void attach_names_what_is_missing(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	needs_namespace(state);
	assert_int_equal(link_attach("tap", "nobridge", &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_int_equal(err.errnum, ENODEV);
	assert_non_null(strstr(err.message, "\"nobridge\""));
	assert_int_equal(link_attach("tap", "lo", &err), -1);
	assert_non_null(strstr(err.message, "\"lo\" is no bridge"));
	assert_int_equal(link_attach("notap", "bridge0", &err), -1);
	assert_non_null(strstr(err.message, "\"notap\""));
}

static void hosts_mac_is_high_and_never_the_guests(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	needs_namespace(state);
	assert_int_equal(link_set_mac("tap", "aa:00:00:35:ac:23", &err), 0);
	assert_true(shows("ip -o link show tap", "fe:00:00:35:ac:23"));
	assert_int_equal(link_set_mac("tap", "fe:00:00:35:ac:23", &err), 0);
	assert_true(shows("ip -o link show tap", "fa:00:00:35:ac:23"));
	assert_int_equal(link_set_mac("tap", "nonsense", &err), -1);
}

static void mtu_is_set_or_refused_in_the_kernels_words(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	int64_t mtu = 0;

	needs_namespace(state);
	assert_int_equal(link_set_mtu("tap", 9000, &err), 0);
	assert_int_equal(link_get_mtu("tap", &mtu, &err), 0);
	assert_int_equal(mtu, 9000);
	assert_int_equal(link_set_mtu("tap", 20, &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_non_null(strstr(err.message, "\"tap\""));
	assert_non_null(strstr(err.message, "mtu less than device minimum"));
}

static void vlan_needs_a_filtering_bridge(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	needs_namespace(state);
	assert_int_equal(link_vlan("tap", 12, &err), -1);
	assert_int_equal(link_attach("tap", "bridge0", &err), 0);
	assert_int_equal(link_vlan("tap", 12, &err), -1);
	assert_non_null(strstr(err.message, "\"bridge0\" does not filter VLANs"));
	assert_non_null(err.hint);
	assert_int_equal(link_vlan("tap", 4095, &err), -1);
}

static void vlan_is_the_ports_only_one(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	needs_namespace(state);
	if (command("ip link set bridge0 type bridge vlan_filtering 1") != 0) {
		print_message("this kernel's bridges do not filter VLANs\n");
		skip();
	}
	assert_int_equal(link_attach("tap", "bridge0", &err), 0);
	assert_int_equal(link_vlan("tap", 12, &err), 0);
	assert_true(shows("bridge vlan show dev tap", "12 PVID Egress Untagged"));
	assert_false(shows("bridge vlan show dev tap", "  1 "));
	assert_int_equal(link_vlan("tap", 1, &err), 0);
	assert_int_equal(link_vlan("tap", 4094, &err), 0);
	assert_true(shows("bridge vlan show dev tap", "4094 PVID Egress Untagged"));
}

static void bridges_and_others_are_told_apart(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	bool bridge = false;
	int index = 0;

	needs_namespace(state);
	assert_int_equal(link_is_bridge("bridge0", &bridge, &err), 0);
	assert_true(bridge);
	assert_int_equal(link_is_bridge("tap", &bridge, &err), 0);
	assert_false(bridge);
	assert_int_equal(link_is_bridge("none", &bridge, &err), -1);
	assert_int_equal(err.errnum, ENODEV);
	assert_int_equal(link_index("bridge0", &index, &err), 0);
	assert_int_equal(index, (int)if_nametoindex("bridge0"));
	assert_int_equal(link_index("none", &index, &err), -1);
	assert_int_equal(err.errnum, ENODEV);
}

static void deleting_twice_is_no_error(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	needs_namespace(state);
	assert_int_equal(link_delete("bridge0", &err), 0);
	assert_false(link_exists("bridge0"));
	assert_int_equal(link_delete("bridge0", &err), 0);
}

static void addresses_are_found_by_family(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *any = NULL, *six = NULL, *none = NULL;

	needs_namespace(state);
	assert_int_equal(link_address("bridge0", 0, &none, &err), -1);
	assert_int_equal(command("ip addr add 2001:db8::1/64 dev bridge0 nodad"), 0);
	assert_int_equal(link_address("bridge0", 0, &six, &err), 0);
	assert_string_equal(six, "2001:db8::1");
	assert_int_equal(command("ip addr add 192.0.2.1/24 dev bridge0"), 0);
	assert_int_equal(link_address("bridge0", 0, &any, &err), 0);
	assert_string_equal(any, "192.0.2.1");
	assert_int_equal(link_address("missing", 0, &none, &err), -1);
	assert_int_equal(err.errnum, ENODEV);
}

static void routed_link_gets_routes_proxies_and_is_up(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	const struct link_route route = { "192.0.2.50", "2001:db8::50", "192.0.2.1", "2001:db8::1", "" };

	needs_namespace(state);
	/* "bridge0" is the link to the others: its subnet holds the guest's addresses. The gateway is another machine there. */
	assert_int_equal(command("ip addr add 192.0.2.9/24 dev bridge0"), 0);
	assert_int_equal(command("ip addr add 2001:db8::9/64 dev bridge0 nodad"), 0);
	assert_int_equal(link_route_add("tap", &route, &err), 0);
	assert_true(is_up("tap"));
	assert_true(shows("ip route show", "192.0.2.50 dev tap proto static"));
	assert_true(shows("ip -6 route show", "2001:db8::50 dev tap proto static"));
	assert_true(shows("ip neigh show proxy", "192.0.2.50 dev bridge0"));
	assert_true(shows("ip -6 neigh show proxy", "2001:db8::50 dev bridge0"));
	assert_true(shows("ip -6 neigh show proxy", "2001:db8::1 dev tap"));
	assert_true(sysctl_is("/proc/sys/net/ipv4/conf/tap/proxy_arp", "1"));
	assert_true(sysctl_is("/proc/sys/net/ipv4/conf/tap/forwarding", "1"));
	assert_true(sysctl_is("/proc/sys/net/ipv6/conf/tap/proxy_ndp", "1"));
	assert_true(sysctl_is("/proc/sys/net/ipv6/conf/tap/accept_ra", "0"));
	/* The router is somebody else: its address stays there. */
	assert_false(shows("ip addr show", "192.0.2.1/"));

	assert_int_equal(link_unroute("tap", &route, &err), 0);
	assert_false(shows("ip route show", "192.0.2.50"));
	assert_false(shows("ip neigh show proxy", "192.0.2.50"));
	assert_false(shows("ip -6 neigh show proxy", "2001:db8::50"));
	assert_int_equal(link_unroute("tap", &route, &err), 0);
}

static void unroute_works_after_the_link_went(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct fixture *fixture = *state;
	const struct link_route route = { "192.0.2.50", "", "", "", "" };

	needs_namespace(state);
	assert_int_equal(command("ip addr add 192.0.2.9/24 dev bridge0"), 0);
	assert_int_equal(link_route_add("tap", &route, &err), 0);
	assert_true(sysctl_is("/proc/sys/net/ipv6/conf/tap/disable_ipv6", "1"));
	close(fixture->tap);
	fixture->tap = -1;
	assert_true(shows("ip neigh show proxy", "192.0.2.50 dev bridge0"));
	assert_int_equal(link_unroute("tap", &route, &err), 0);
	assert_false(shows("ip neigh show proxy", "192.0.2.50"));
}

static void gateway_that_nobody_has_becomes_ours(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	const struct link_route route = { "198.51.100.4", "", "198.51.100.1", "", "77" };
	const struct link_route second = { "198.51.100.5", "", "198.51.100.1", "", "77" };
	_cleanup_close_ int tap2 = -1;

	needs_namespace(state);
	assert_int_equal(link_route_add("tap", &route, &err), 0);
	assert_true(shows("ip addr show dev tap", "198.51.100.1/32"));
	assert_true(shows("ip route show table 77", "198.51.100.4 dev tap"));
	assert_int_equal(tap_open("tap2", 1, true, &tap2, &err), 0);
	/* Each TAP has it, so that the others keep their router when one goes. */
	assert_int_equal(link_route_add("tap2", &second, &err), 0);
	assert_true(shows("ip addr show dev tap2", "198.51.100.1/32"));
}

static void one_address_is_not_routed_twice(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	const struct link_route route = { "192.0.2.50", "", "", "", "" };
	const struct link_route own = { "192.0.2.9", "", "", "", "" };
	const struct link_route strange = { "192.0.2.51", "", "", "", "nosuchtable" };
	const struct link_route wrong = { "no address", "", "", "", "" };
	_cleanup_close_ int tap2 = -1;

	needs_namespace(state);
	assert_int_equal(command("ip addr add 192.0.2.9/24 dev bridge0"), 0);
	assert_int_equal(link_route_add("tap", &route, &err), 0);
	assert_int_equal(tap_open("tap2", 1, true, &tap2, &err), 0);
	assert_int_equal(link_route_add("tap2", &route, &err), -1);
	assert_non_null(strstr(err.message, "192.0.2.50"));
	assert_non_null(err.hint);
	assert_int_equal(link_route_add("tap2", &own, &err), -1);
	assert_non_null(strstr(err.message, "this host's own"));
	assert_int_equal(link_route_add("tap2", &strange, &err), -1);
	assert_non_null(strstr(err.message, "nosuchtable"));
	assert_false(shows("ip neigh show proxy", "192.0.2.51"));
	assert_int_equal(link_route_add("tap2", &wrong, &err), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(attach_takes_the_bridges_mtu_and_leaves_the_link_down),
		TEST(attach_names_what_is_missing),
		TEST(hosts_mac_is_high_and_never_the_guests),
		TEST(mtu_is_set_or_refused_in_the_kernels_words),
		TEST(vlan_needs_a_filtering_bridge),
		TEST(vlan_is_the_ports_only_one),
		TEST(bridges_and_others_are_told_apart),
		TEST(deleting_twice_is_no_error),
		TEST(addresses_are_found_by_family),
		TEST(routed_link_gets_routes_proxies_and_is_up),
		TEST(unroute_works_after_the_link_went),
		TEST(gateway_that_nobody_has_becomes_ours),
		TEST(one_address_is_not_routed_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
