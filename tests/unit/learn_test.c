/* The rules of learning: who has which address until when, and what has to be done (NWF-64, NWF-65, NWF-71, NWF-72, NWF-74, NWF-113). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"
#include "vm/learn.h"

static struct learn_address address(const char *text)
{
	struct learn_address ret;

	assert_true(learn_address_read(text, &ret));
	return ret;
}

static void see(struct learn *learn, enum learn_kind kind, const char *what, uint32_t seconds, int64_t now)
{
	struct learn_frame frame = { .kind = kind,
				     .server = address(strchr(what, ':') ? "fe80::1" : "10.0.0.1"),
				     .n = 1 };

	frame.list[0].address = address(what);
	frame.list[0].seconds = seconds;
	learn_frame(learn, &frame, now);
}

/* "+ADDRESS SOURCE UNTIL" or "-ADDRESS" of what is to be done, "" when nothing is. */
static const char *next(struct learn *learn, int64_t now)
{
	static char text[128];
	char at[46];
	struct learn_action action;

	if (!learn_next(learn, now, &action))
		return "";
	learn_address_write(&action.address, at);
	if (!action.add)
		snprintf(text, sizeof(text), "-%s", at);
	else if (action.until == LEARN_NEVER)
		snprintf(text, sizeof(text), "+%s %s", at, learn_source_to_string(action.source));
	else
		snprintf(text, sizeof(text), "+%s %s %lld", at, learn_source_to_string(action.source),
			 (long long)action.until);
	return text;
}

/* It is what is wanted, and is carried out. */
static void does(struct learn *learn, int64_t now, const char *wanted)
{
	assert_string_equal(next(learn, now), wanted);
	/* Nobody is woken for nothing. */
	if (*wanted)
		learn_done(learn, true, now);
	else
		assert_true(learn_deadline(learn) > now);
}

static void test_any_is_one_for_good(void **state)
{
	struct learn learn = { .any = true, .ipv4 = true };

	(void)state;
	assert_int_equal(learn_wishes(&learn), LEARN_WANTS_SENDERS | LEARN_WANTS_DHCP);
	assert_int_equal(learn_deadline(&learn), LEARN_NEVER);
	see(&learn, LEARN_PROBE, "2001:db8::1", 0, 1000); /* IPv6 is not asked for */
	see(&learn, LEARN_SENDER, "10.0.0.5", 0, 1000);
	see(&learn, LEARN_SENDER, "10.0.0.6", 0, 1000);
	does(&learn, 1000, "+10.0.0.5 any");
	see(&learn, LEARN_SENDER, "10.0.0.6", 0, 2000);
	see(&learn, LEARN_LEASE, "10.0.0.6", 60, 2000);
	see(&learn, LEARN_RELEASE, "10.0.0.5", 0, 2000);
	does(&learn, 2000, "");
	assert_int_equal(learn_wishes(&learn), 0);
	assert_int_equal(learn_deadline(&learn), LEARN_NEVER);
}

/* A lease tells the address as well; an address that is refused (another has it) leaves room for the right one. */
static void test_any_refused(void **state)
{
	struct learn learn = { .any = true, .ipv4 = true };

	(void)state;
	see(&learn, LEARN_SENDER, "10.0.0.9", 0, 1000);
	assert_string_equal(next(&learn, 1000), "+10.0.0.9 any");
	assert_string_equal(next(&learn, 1000), ""); /* one at a time */
	learn_done(&learn, false, 1100);
	does(&learn, 1100, "");
	see(&learn, LEARN_LEASE, "10.0.0.5", 60, 1200);
	does(&learn, 1200, "+10.0.0.5 any");
}

static void test_dhcp_leases(void **state)
{
	struct learn learn = { .ipv4 = true };

	(void)state;
	assert_int_equal(learn_wishes(&learn), LEARN_WANTS_DHCP);
	see(&learn, LEARN_SENDER, "10.0.0.5", 0, 1000);
	does(&learn, 1000, "");
	see(&learn, LEARN_LEASE, "10.0.0.5", 60, 1000);
	see(&learn, LEARN_LEASE, "10.0.0.6", LEARN_FOREVER, 1000);
	does(&learn, 1000, "+10.0.0.5 dhcp 61000");
	does(&learn, 1000, "+10.0.0.6 dhcp");
	does(&learn, 1000, "");
	assert_int_equal(learn_deadline(&learn), 61000);
	/* Prolonged in time: never taken away. */
	see(&learn, LEARN_LEASE, "10.0.0.5", 60, 31000);
	does(&learn, 31000, "+10.0.0.5 dhcp 91000");
	does(&learn, 90999, "");
	does(&learn, 91000, "-10.0.0.5");
	does(&learn, 91000, "");
	assert_int_equal(learn_deadline(&learn), LEARN_NEVER);
	see(&learn, LEARN_RELEASE, "10.0.0.6", 0, 92000);
	does(&learn, 92000, "-10.0.0.6");
	assert_int_equal(learn.n, 0);
	see(&learn, LEARN_RELEASE, "10.0.0.7", 0, 92000);
	does(&learn, 92000, "");
}

static void test_servers(void **state)
{
	struct learn learn = { .ipv4 = true, .ipv6 = true, .servers = { { 0 } }, .n_servers = 1 };

	(void)state;
	learn.servers[0] = address("10.0.0.2");
	see(&learn, LEARN_LEASE, "10.0.0.5", 60, 1000); /* by 10.0.0.1 */
	does(&learn, 1000, "");
	see(&learn, LEARN_LEASE, "2001:db8::5", 60, 1000); /* of IPv6 none was named */
	does(&learn, 1000, "+2001:db8::5 dhcp 61000");
	learn.servers[learn.n_servers++] = address("10.0.0.1");
	see(&learn, LEARN_LEASE, "10.0.0.5", 60, 1000);
	does(&learn, 1000, "+10.0.0.5 dhcp 61000");
}

/* A server that says the same again and again keeps nobody busy. */
static void test_same_lease_again(void **state)
{
	struct learn learn = { .ipv4 = true };
	int notes = 0;

	(void)state;
	see(&learn, LEARN_LEASE, "10.0.0.5", 3600, 0);
	does(&learn, 0, "+10.0.0.5 dhcp 3600000");
	for (int64_t now = 100; now < 100000; now += 100) {
		see(&learn, LEARN_LEASE, "10.0.0.5", 3600, now);
		if (*next(&learn, now)) {
			notes++;
			learn_done(&learn, true, now);
		}
		assert_true(learn_deadline(&learn) > now);
	}
	assert_int_equal(notes, 3);
	see(&learn, LEARN_LEASE, "10.0.0.5", 10, 100000); /* shorter counts at once */
	does(&learn, 100000, "+10.0.0.5 dhcp 110000");
}

static void test_removal_that_fails_is_tried_again(void **state)
{
	struct learn learn = { .ipv4 = true };

	(void)state;
	see(&learn, LEARN_LEASE, "10.0.0.5", 2, 0);
	does(&learn, 0, "+10.0.0.5 dhcp 2000");
	assert_string_equal(next(&learn, 2000), "-10.0.0.5");
	assert_int_equal(learn_deadline(&learn), LEARN_NEVER); /* the end of what is being done wakes us */
	learn_done(&learn, false, 2000);
	assert_string_equal(next(&learn, 2001), "");
	assert_int_equal(learn_deadline(&learn), 7000);
	does(&learn, 7000, "-10.0.0.5");
	assert_int_equal(learn.n, 0);
}

/* What changes while kvmctl is at it is not lost. */
static void test_changes_in_between(void **state)
{
	struct learn learn = { .ipv4 = true };

	(void)state;
	see(&learn, LEARN_LEASE, "10.0.0.5", 60, 0);
	assert_string_equal(next(&learn, 0), "+10.0.0.5 dhcp 60000");
	see(&learn, LEARN_RELEASE, "10.0.0.5", 0, 10);
	learn_done(&learn, true, 20);
	assert_string_equal(next(&learn, 20), "-10.0.0.5");
	see(&learn, LEARN_LEASE, "10.0.0.5", 60, 30);
	learn_done(&learn, true, 40);
	does(&learn, 40, "+10.0.0.5 dhcp 60030");
	/* Released while it is being noted. */
	see(&learn, LEARN_LEASE, "10.0.0.5", 100, 50);
	assert_string_equal(next(&learn, 50), "+10.0.0.5 dhcp 100050");
	see(&learn, LEARN_RELEASE, "10.0.0.5", 0, 60);
	learn_done(&learn, true, 70);
	does(&learn, 70, "-10.0.0.5");
	does(&learn, 70, "");
}

static void test_probe(void **state)
{
	struct learn learn = { .ipv4 = true, .ipv6 = true, .own = address("fe80::5054:ff:fe00:1") };

	(void)state;
	assert_int_equal(learn_wishes(&learn),
			 LEARN_WANTS_DHCP | LEARN_WANTS_DHCPV6 | LEARN_WANTS_PROBES | LEARN_WANTS_OTHERS);
	see(&learn, LEARN_PROBE, "fe80::5054:ff:fe00:1", 0, 0); /* passes anyway */
	assert_int_equal(learn.n, 0);
	see(&learn, LEARN_CLAIM, "2001:db8::5", 0, 0); /* not enough for dhcp */
	assert_int_equal(learn.n, 0);
	see(&learn, LEARN_PROBE, "2001:db8::5", 0, 0);
	does(&learn, 0, "");
	assert_int_equal(learn_deadline(&learn), 800);
	does(&learn, 800, "+2001:db8::5 nd");
	/* Too late to object. */
	see(&learn, LEARN_TAKEN, "2001:db8::5", 0, 900);
	does(&learn, 900, "");
	/* In time. */
	see(&learn, LEARN_PROBE, "2001:db8::6", 0, 1000);
	see(&learn, LEARN_TAKEN, "2001:db8::6", 0, 1003);
	does(&learn, 5000, "");
	/* A lease for what it took itself ends as a lease. */
	see(&learn, LEARN_LEASE, "2001:db8::5", 5, 10000);
	does(&learn, 10000, "+2001:db8::5 dhcp 15000");
	does(&learn, 15000, "-2001:db8::5");
	see(&learn, LEARN_LEASE, "2001:db8::7", 5, 20000);
	does(&learn, 20000, "+2001:db8::7 dhcp 25000");
	see(&learn, LEARN_LEASE, "2001:db8::7", 0, 21000);
	does(&learn, 21000, "-2001:db8::7");
}

/* With `any`, a guest that came from elsewhere asks nobody whether its address is free. */
static void test_claim(void **state)
{
	struct learn learn = { .any = true, .ipv6 = true };

	(void)state;
	assert_true(learn_wishes(&learn) & LEARN_WANTS_CLAIMS);
	see(&learn, LEARN_CLAIM, "2001:db8::5", 0, 0);
	does(&learn, 800, "+2001:db8::5 nd");
	assert_false(learn_wishes(&learn) & LEARN_WANTS_CLAIMS);
	see(&learn, LEARN_CLAIM, "2001:db8::6", 0, 1000);
	does(&learn, 2000, "");
}

/* The one that was not used for the longest time makes room; a guest cannot have many changes made. */
static void test_too_many(void **state)
{
	struct learn learn = { .ipv4 = true, .ipv6 = true };
	char text[46];
	int64_t now = 0;
	int added = 0;

	(void)state;
	for (int i = 0; i < LEARN_FAMILY_MAX; i++) {
		snprintf(text, sizeof(text), "2001:db8::%x", i + 1);
		see(&learn, LEARN_PROBE, text, 0, now);
		now += 10000;
		_cleanup_free_ char *wanted = xprintf("+%s nd", text);
		does(&learn, now, wanted);
	}
	assert_true(learn_wishes(&learn) & LEARN_WANTS_CLAIMS);
	see(&learn, LEARN_CLAIM, "2001:db8::1", 0, now);
	see(&learn, LEARN_PROBE, "2001:db8::aa", 0, now);
	now += 10000;
	does(&learn, now, "-2001:db8::2");
	does(&learn, now, "+2001:db8::aa nd");

	for (int64_t end = now + 100000; now < end; now += 10) {
		struct learn_action action;

		snprintf(text, sizeof(text), "2001:db8:1::%x", (unsigned)(now & 0xffff));
		see(&learn, LEARN_PROBE, text, 0, now);
		snprintf(text, sizeof(text), "10.0.%u.%u", (unsigned)(now / 10 % 200), (unsigned)(now / 10 % 250));
		see(&learn, LEARN_LEASE, text, 1, now);
		if (learn_next(&learn, now, &action)) {
			added += action.add;
			learn_done(&learn, true, now);
		} else {
			assert_true(learn_deadline(&learn) > now);
		}
		assert_true(learn.n <= ELEMENTS(learn.leases));
	}
	assert_in_range(added, 1, 10 + 50 + 1);
}

static void test_known_from_before(void **state)
{
	struct learn learn = { .ipv4 = true };
	struct learn_address known = address("10.0.0.5");

	(void)state;
	learn_know(&learn, &known, LEARN_BY_SERVER, 5000, 0);
	does(&learn, 0, "");
	does(&learn, 5000, "-10.0.0.5");

	learn = (struct learn){ .any = true, .ipv4 = true };
	learn_know(&learn, &known, LEARN_BY_TRAFFIC, LEARN_NEVER, 0);
	assert_int_equal(learn_wishes(&learn), 0);
}

static void test_rate(void **state)
{
	struct learn_rate rate = { 0 };
	int taken = 0;

	(void)state;
	for (int64_t now = 100000; now < 110000; now++)
		taken += learn_rate_take(&rate, LEARN_FRAME_MS, LEARN_FRAME_BURST, now);
	assert_in_range(taken, 149, 150);
	assert_in_range(learn_rate_next(&rate, LEARN_FRAME_MS, LEARN_FRAME_BURST), 110000, 110100);
	for (int64_t now = 200000; now < 200010; now++)
		taken += learn_rate_take(&rate, LEARN_FRAME_MS, LEARN_FRAME_BURST, now);
	assert_in_range(taken, 159, 160);
}

static void test_words(void **state)
{
	(void)state;
	for (int i = 0; i < LEARN_SOURCE_MAX; i++)
		assert_int_equal(learn_source_from_string(learn_source_to_string((enum learn_source)i)), i);
	assert_int_equal(learn_source_from_string("arp"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_is_one_for_good),
		cmocka_unit_test(test_any_refused),
		cmocka_unit_test(test_dhcp_leases),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_same_lease_again),
		cmocka_unit_test(test_removal_that_fails_is_tried_again),
		cmocka_unit_test(test_changes_in_between),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_claim),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_known_from_before),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
