/* The kernel's look at frames: run by the kernel, on a pair of sockets. There all frames come from the guest's side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/socket.h>
#include <unistd.h>

#include "learn_frames.h"
#include "vm/learn.h"
#include "vm/learn_filter.h"

struct rig {
	int in, out;
};

static void attach(struct rig *rig, unsigned wishes)
{
	struct sock_filter code[LEARN_FILTER_MAX];
	struct sock_fprog program = { (unsigned short)learn_filter_make(wishes, guest_mac, code), code };

	assert_true(program.len < LEARN_FILTER_MAX);
	assert_int_equal(setsockopt(rig->out, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
}

static bool passes(struct rig *rig, struct bytes frame)
{
	uint8_t data[2048];

	(void)send(rig->in, frame.data, frame.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	return recv(rig->out, data, sizeof(data), MSG_DONTWAIT) == (ssize_t)frame.n;
}

static void test_what_passes(void **state)
{
	struct bytes nothing = { .n = 0 }, message = dhcp(1, 7, guest_mac, "10.0.0.7", "0.0.0.0", NULL, 0);
	struct bytes release = udp(guest_mac, other_mac, "10.0.0.7", "10.0.0.1", 68, 67, &message);
	struct bytes plain = udp(guest_mac, other_mac, "10.0.0.7", "10.0.0.1", 1, 2, &nothing);
	struct bytes discover = udp(guest_mac, other_mac, "0.0.0.0", "255.255.255.255", 68, 67, &message);
	struct bytes v6_message = dhcpv6(8, "2001:db8::5", 60, NULL, 0);
	struct bytes v6_release = dhcpv6_frame(guest_mac, other_mac, "fe80::2", true, &v6_message);
	struct bytes probe = neighbour(guest_mac, 135, "::", "2001:db8::5"),
		     claim = neighbour(guest_mac, 136, "fe80::7", "2001:db8::7");
	struct bytes solicits = neighbour(guest_mac, 135, "2001:db8::7", "2001:db8::1"),
		     asks = arp(guest_mac, 1, "10.0.0.6", "10.0.0.1");
	const struct {
		struct bytes *frame;
		unsigned wishes;
	} cases[] = {
		{ &plain, LEARN_WANTS_SENDERS },
		{ &asks, LEARN_WANTS_SENDERS },
		{ &release, LEARN_WANTS_SENDERS | LEARN_WANTS_DHCP },
		{ &discover, LEARN_WANTS_DHCP },
		{ &v6_release, LEARN_WANTS_DHCPV6 },
		{ &probe, LEARN_WANTS_PROBES },
		{ &claim, LEARN_WANTS_CLAIMS },
	};
	struct rig rig;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	rig = (struct rig){ pair[0], pair[1] };
	for (unsigned wishes = 0; wishes < 64; wishes++) {
		attach(&rig, wishes);
		for (size_t i = 0; i < ELEMENTS(cases); i++)
			assert_int_equal(passes(&rig, *cases[i].frame), (wishes & cases[i].wishes) != 0);
		assert_int_equal(passes(&rig, solicits), (wishes & (LEARN_WANTS_PROBES | LEARN_WANTS_CLAIMS)) ==
								 (LEARN_WANTS_PROBES | LEARN_WANTS_CLAIMS));
	}
	attach(&rig, 63);
	/* From another MAC; with IPv4 options; a fragment. */
	memcpy(plain.data + 6, other_mac, 6);
	assert_false(passes(&rig, plain));
	attach(&rig, LEARN_WANTS_DHCP);
	memmove(release.data + 14 + 24, release.data + 14 + 20, release.n - 34);
	release.n += 4;
	release.data[14] = 0x46;
	assert_true(passes(&rig, release));
	release.data[14 + 7] = 1;
	assert_false(passes(&rig, release));
	probe.n = 30;
	attach(&rig, 63);
	assert_false(passes(&rig, probe));
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
