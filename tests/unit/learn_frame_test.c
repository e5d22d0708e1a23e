/* What captured frames say of a guest's addresses (NWF-71, NWF-72, NWF-64, NWF-65). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "learn_frames.h"

/* "KIND ADDRESS/SECONDS ..." of a frame. */
static const char *says(const struct bytes *frame, bool from_guest)
{
	static const char *const kinds[] = { "nothing", "sender", "lease", "release", "probe", "claim", "taken" };
	static char text[600];
	struct learn_frame ret;
	char address[46];
	int at;

	learn_frame_parse(frame->data, frame->n, from_guest, guest_mac, &ret);
	at = snprintf(text, sizeof(text), "%s", kinds[ret.kind]);
	for (size_t i = 0; i < ret.n; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at, " %s/%u",
			       learn_address_write(&ret.list[i].address, address), ret.list[i].seconds);
	if (ret.kind == LEARN_LEASE)
		snprintf(text + at, sizeof(text) - (size_t)at, " by %s", learn_address_write(&ret.server, address));
	return text;
}

static void test_senders(void **state)
{
	struct bytes nothing = { .n = 0 }, frame = udp(guest_mac, other_mac, "10.0.0.5", "10.0.0.1", 1, 2, &nothing);
	static const char *const nobodies[] = { "0.0.0.0",   "0.1.2.3",   "127.0.0.1", "169.254.3.4",
						"224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255" };

	(void)state;
	assert_string_equal(says(&frame, true), "sender 10.0.0.5/0");
	assert_string_equal(says(&frame, false), "nothing");
	frame.data[14 + 6] = 0x20; /* fragments have a sender as well */
	assert_string_equal(says(&frame, true), "sender 10.0.0.5/0");
	frame.data[14] = 0x44; /* a header that is too short */
	assert_string_equal(says(&frame, true), "nothing");
	frame = udp(other_mac, guest_mac, "10.0.0.5", "10.0.0.1", 1, 2, &nothing);
	assert_string_equal(says(&frame, true), "nothing");
	for (size_t i = 0; i < ELEMENTS(nobodies); i++) {
		frame = udp(guest_mac, other_mac, nobodies[i], "10.0.0.1", 1, 2, &nothing);
		assert_string_equal(says(&frame, true), "nothing");
		frame = arp(guest_mac, 1, nobodies[i], "10.0.0.1");
		assert_string_equal(says(&frame, true), "nothing");
	}
	frame = arp(guest_mac, 2, "10.0.0.6", "10.0.0.1");
	assert_string_equal(says(&frame, true), "sender 10.0.0.6/0");
	memcpy(frame.data + 22, other_mac, 6);
	assert_string_equal(says(&frame, true), "nothing");
	/* Behind a VLAN tag it is somebody else's link. */
	frame = ethernet(guest_mac, other_mac, 0x8100);
	put_u16(&frame, 5);
	put_u16(&frame, 0x0800);
	put_u16(&frame, 0x4500);
	frame.n += 60;
	assert_string_equal(says(&frame, true), "nothing");
}

static struct bytes answer(unsigned operation, unsigned type, const uint8_t *chaddr, const char *yiaddr, uint32_t lease)
{
	struct bytes message = dhcp(operation, type, chaddr, "0.0.0.0", yiaddr, NULL, lease);

	return udp(other_mac, guest_mac, "10.0.0.1", "255.255.255.255", 67, 68, &message);
}

static void test_dhcp_gives(void **state)
{
	struct bytes frame = answer(2, 5, guest_mac, "10.0.0.7", 3600);

	(void)state;
	assert_string_equal(says(&frame, false), "lease 10.0.0.7/3600 by 10.0.0.1");
	assert_string_equal(says(&frame, true), "nothing"); /* it cannot give itself one */
	frame = answer(2, 5, guest_mac, "10.0.0.7", UINT32_MAX);
	assert_string_equal(says(&frame, false), "lease 10.0.0.7/4294967295 by 10.0.0.1");
	frame = answer(2, 5, other_mac, "10.0.0.7", 3600); /* another's */
	assert_string_equal(says(&frame, false), "nothing");
	frame = answer(1, 5, guest_mac, "10.0.0.7", 3600); /* a request */
	assert_string_equal(says(&frame, false), "nothing");
	frame = answer(2, 2, guest_mac, "10.0.0.7", 3600); /* an offer */
	assert_string_equal(says(&frame, false), "nothing");
	frame = answer(2, 6, guest_mac, "10.0.0.7", 3600); /* NAK */
	assert_string_equal(says(&frame, false), "nothing");
	frame = answer(2, 5, guest_mac, "0.0.0.0", 0); /* to an INFORM */
	assert_string_equal(says(&frame, false), "nothing");
	frame = answer(2, 5, guest_mac, "255.255.255.255", 3600);
	assert_string_equal(says(&frame, false), "nothing");
	frame = answer(2, 0, guest_mac, "10.0.0.7", 3600); /* BOOTP */
	assert_string_equal(says(&frame, false), "nothing");
	frame = answer(2, 5, guest_mac, "10.0.0.7", 3600);
	frame.data[14 + 7] = 1; /* a later fragment */
	assert_string_equal(says(&frame, false), "nothing");
	frame = answer(2, 5, guest_mac, "10.0.0.7", 3600);
	frame.data[14 + 28 + 236] = 98; /* no magic cookie */
	assert_string_equal(says(&frame, false), "nothing");
}

/* Whatever is cut off says nothing, and nothing is read behind its end (under sanitizers). */
static void test_cut_off(void **state)
{
	struct bytes message = dhcpv6(7, "2001:db8::5", 60, NULL, 0);
	struct bytes frames[] = { answer(2, 5, guest_mac, "10.0.0.7", 3600), arp(guest_mac, 1, "10.0.0.5", "10.0.0.1"),
				  neighbour(guest_mac, 135, "::", "2001:db8::5"),
				  dhcpv6_frame(other_mac, guest_mac, "fe80::1", false, &message) };
	struct learn_frame ret;

	(void)state;
	for (size_t i = 0; i < ELEMENTS(frames); i++)
		for (size_t n = 0; n < frames[i].n; n++) {
			uint8_t *exact = malloc(n ? n : 1);

			memcpy(exact, frames[i].data, n);
			assert_int_equal(learn_frame_parse(exact, n, i == 1 || i == 2, guest_mac, &ret), LEARN_NOTHING);
			free(exact);
		}
}

static void test_dhcp_gives_back(void **state)
{
	struct bytes message = dhcp(1, 7, guest_mac, "10.0.0.7", "0.0.0.0", NULL, 0);
	struct bytes frame = udp(guest_mac, other_mac, "10.0.0.7", "10.0.0.1", 68, 67, &message);

	(void)state;
	assert_string_equal(says(&frame, true), "release 10.0.0.7/0");
	message = dhcp(1, 4, guest_mac, "0.0.0.0", "0.0.0.0", "10.0.0.8", 0);
	frame = udp(guest_mac, other_mac, "0.0.0.0", "255.255.255.255", 68, 67, &message);
	assert_string_equal(says(&frame, true), "release 10.0.0.8/0");
	message = dhcp(1, 7, other_mac, "10.0.0.7", "0.0.0.0", NULL, 0); /* in another's name */
	frame = udp(guest_mac, other_mac, "0.0.0.0", "10.0.0.1", 68, 67, &message);
	assert_string_equal(says(&frame, true), "nothing");
	/* Asking says where it stands only. */
	message = dhcp(1, 3, guest_mac, "10.0.0.7", "0.0.0.0", NULL, 0);
	frame = udp(guest_mac, other_mac, "10.0.0.7", "10.0.0.1", 68, 67, &message);
	assert_string_equal(says(&frame, true), "sender 10.0.0.7/0");
}

static void test_dhcpv6(void **state)
{
	struct bytes message = dhcpv6(7, "2001:db8::5", 60, "2001:db8::6", 0);
	struct bytes frame = dhcpv6_frame(other_mac, guest_mac, "fe80::1", false, &message);

	(void)state;
	assert_string_equal(says(&frame, false), "lease 2001:db8::5/60 2001:db8::6/0 by fe80::1");
	frame = dhcpv6_frame(other_mac, other_mac, "fe80::1", false, &message);
	assert_string_equal(says(&frame, false), "nothing");
	message = dhcpv6(7, "fe80::5", 60, "ff02::5", 60);
	frame = dhcpv6_frame(other_mac, guest_mac, "fe80::1", false, &message);
	assert_string_equal(says(&frame, false), "nothing");
	message = dhcpv6(2, "2001:db8::5", 60, NULL, 0); /* advertised */
	frame = dhcpv6_frame(other_mac, guest_mac, "fe80::1", false, &message);
	assert_string_equal(says(&frame, false), "nothing");
	message = dhcpv6(8, "2001:db8::5", 60, NULL, 0);
	frame = dhcpv6_frame(guest_mac, other_mac, "fe80::2", true, &message);
	assert_string_equal(says(&frame, true), "release 2001:db8::5/60");
	message = dhcpv6(9, "2001:db8::5", 60, NULL, 0);
	frame = dhcpv6_frame(guest_mac, other_mac, "fe80::2", true, &message);
	assert_string_equal(says(&frame, true), "release 2001:db8::5/60");
	message = dhcpv6(3, "2001:db8::5", 60, NULL, 0);
	frame = dhcpv6_frame(guest_mac, other_mac, "fe80::2", true, &message);
	assert_string_equal(says(&frame, true), "nothing");
}

static void test_neighbours(void **state)
{
	struct bytes frame = neighbour(guest_mac, 135, "::", "2001:db8::5");

	(void)state;
	assert_string_equal(says(&frame, true), "probe 2001:db8::5/0");
	frame.data[14 + 7] = 254; /* from farther away */
	assert_string_equal(says(&frame, true), "nothing");
	frame = neighbour(guest_mac, 135, "::", "ff02::1");
	assert_string_equal(says(&frame, true), "nothing");
	frame = neighbour(guest_mac, 135, "::", "::1");
	assert_string_equal(says(&frame, true), "nothing");
	frame = neighbour(guest_mac, 135, "::", "::ffff:10.0.0.1");
	assert_string_equal(says(&frame, true), "nothing");
	frame = neighbour(guest_mac, 135, "2001:db8::7", "2001:db8::1"); /* it asks for another */
	assert_string_equal(says(&frame, true), "claim 2001:db8::7/0");
	frame = neighbour(guest_mac, 136, "fe80::7", "2001:db8::7");
	assert_string_equal(says(&frame, true), "claim 2001:db8::7/0");
	frame = neighbour(other_mac, 136, "2001:db8::5", "2001:db8::5");
	assert_string_equal(says(&frame, false), "taken 2001:db8::5/0");
	assert_string_equal(says(&frame, true), "nothing");
	frame = neighbour(other_mac, 135, "::", "2001:db8::5");
	assert_string_equal(says(&frame, false), "taken 2001:db8::5/0");
	frame = neighbour(other_mac, 135, "2001:db8::1", "2001:db8::5"); /* asks for the guest */
	assert_string_equal(says(&frame, false), "nothing");
	frame = neighbour(guest_mac, 135, "::", "2001:db8::5"); /* its own came back */
	assert_string_equal(says(&frame, false), "nothing");
}

static void test_addresses(void **state)
{
	struct learn_address a, b;
	char text[46];

	(void)state;
	assert_true(learn_address_read("10.0.0.1", &a) && learn_address_read("fe80::1", &b));
	assert_false(learn_address_equal(&a, &b));
	assert_true(learn_address_is_link_local(&b));
	assert_false(learn_address_is_link_local(&a));
	assert_string_equal(learn_address_write(&b, text), "fe80::1");
	assert_false(learn_address_read("10.0.0", &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_senders),   cmocka_unit_test(test_dhcp_gives),
		cmocka_unit_test(test_cut_off),   cmocka_unit_test(test_dhcp_gives_back),
		cmocka_unit_test(test_dhcpv6),    cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
