/* Bandwidth of links: the kernel's numbers, nftables' text; and, in a network namespace of the test's own, what comes to be on a TAP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>

#include "base/text.h"
#include "host/bandwidth_internal.h"
#include "host/tap.h"
#include "shell.h"

#define RATE(...) (&(struct bandwidth_rate){ __VA_ARGS__ })

/* Bytes that pass in so many ticks of 64 ns: what the numbers of the kernel mean. */
static uint64_t bytes_of(uint32_t ticks, uint64_t rate)
{
	return (uint64_t)ticks * 64 * rate / 1000000000;
}

static void assert_about(uint64_t is, uint64_t wanted)
{
	assert_in_range(is, wanted - wanted / 1000 - 1, wanted + 1);
}

static void shapes_have_the_burst_and_the_peak(void **state)
{
	(void)state;
	struct link_shape s = bandwidth_shape(RATE(1024, 4096, 512));

	assert_int_equal(s.rate, 1048576);
	assert_int_equal(s.peak, 4194304);
	assert_about(bytes_of(s.burst, s.rate), 524288);
	assert_about(bytes_of(s.peak_burst, s.peak), 65536);

	/* No peak: the burst is not held back by the second bucket. No burst: a hundredth of a second, 64 KiB at least. */
	s = bandwidth_shape(RATE(1024, 0, 512));
	assert_int_equal(s.peak, s.rate);
	assert_int_equal(s.peak_burst, s.burst);
	s = bandwidth_shape(RATE(1024, 0, 0));
	assert_about(bytes_of(s.burst, s.rate), 65536);
	s = bandwidth_shape(RATE(1024 * 1024, 0, 0));
	assert_about(bytes_of(s.burst, s.rate), 1024 * 1024 * 1024 / 100);
}

static void policers_let_the_largest_packet_pass(void **state)
{
	(void)state;
	struct link_shape s = bandwidth_police(RATE(1, 0, 1));

	assert_int_equal(s.rate, 1024);
	assert_int_equal(s.peak, 0);
	assert_int_equal(s.largest, 66 * 1024);
	assert_about(bytes_of(s.burst, s.rate), 66 * 1024);
	/* A second's worth is libvirt's default. */
	s = bandwidth_police(RATE(4096, 8192, 0));
	assert_about(bytes_of(s.burst, s.rate), 4096 * 1024);
	assert_int_equal(s.peak, 8192 * 1024);
	s = bandwidth_police(RATE(4096, 0, 128));
	assert_about(bytes_of(s.burst, s.rate), 128 * 1024);
}

static void the_largest_and_the_longest_fit(void **state)
{
	(void)state;
	struct link_shape s = bandwidth_shape(RATE(16777216, 16777216, 1048576));

	assert_true(s.rate == UINT64_C(17179869184));
	assert_true(s.burst > 0 && s.peak_burst > 0);
	/* The longest that the rows and BANDWIDTH_BURST_SECONDS allow is no overflow. */
	s = bandwidth_shape(RATE(1, 0, BANDWIDTH_BURST_SECONDS));
	assert_true(s.burst < UINT32_MAX);
	assert_about(bytes_of(s.burst, s.rate), BANDWIDTH_BURST_SECONDS * 1024);
	s = bandwidth_police(RATE(5243, 0, 1048576));
	assert_true(s.burst < UINT32_MAX);
}

static void nftables_bucket_is_a_second_and_the_rest(void **state)
{
	(void)state;
	_cleanup_free_ char *plain = bandwidth_ruleset("kvt1", RATE(1000, 0, 0));
	_cleanup_free_ char *burst = bandwidth_ruleset("kvt1", RATE(1000, 3000, 1500));
	_cleanup_free_ char *slow = bandwidth_ruleset("kvt1", RATE(1, 0, 0)),
			    *none = bandwidth_ruleset("kvt1", RATE(0, 0, 0));

	assert_string_equal(plain, "table netdev kvmctl-kvt1 {\n}\ndelete table netdev kvmctl-kvt1\n"
				   "table netdev kvmctl-kvt1 {\n\tchain outbound {\n"
				   "\t\ttype filter hook ingress device \"kvt1\" priority -500; policy accept;\n"
				   "\t\tlimit rate over 1024000 bytes/second burst 0 bytes drop\n\t}\n}\n");
	assert_non_null(strstr(burst, "\t\tlimit rate over 3072000 bytes/second burst 0 bytes drop\n"
				      "\t\tlimit rate over 1024000 bytes/second burst 512000 bytes drop\n"));
	assert_non_null(strstr(slow, "over 1024 bytes/second burst 66560 bytes drop"));
	assert_string_equal(none, "table netdev kvmctl-kvt1 {\n}\ndelete table netdev kvmctl-kvt1\n");
}

#define CLASS "tc -d class show dev tap"

/* A fresh namespace with the TAP "tap"; skipped where that, HTB or tc is not to be had. */
static int setup(void **state)
{
	static int tap;
	_cleanup_error_ struct error err = ERROR_INIT;

	*state = NULL;
	if (unshare(CLONE_NEWNET) < 0 || tap_open("tap", 1, true, &tap, &err) < 0)
		return 0;
	/* One that is down has no queue to speak of. */
	if (!shows("ip link set tap up; ip link show tap", "UP"))
		return 0;
	*state = &tap;
	return 0;
}

static int teardown(void **state)
{
	if (*state)
		close(*(int *)*state);
	return 0;
}

static void needs_namespace(void **state)
{
	if (!*state || !shows("ip link show tap; tc -V", "tc utility")) {
		print_message("needs root, /dev/net/tun and tc\n");
		skip();
	}
}

static void needs_htb(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	needs_namespace(state);
	if (bandwidth_inbound("tap", RATE(1, 0, 0), &err) < 0 && err.errnum == ENOENT) {
		assert_non_null(strstr(err.hint, "sch_htb"));
		skip();
	}
	assert_int_equal(err.kind, ERROR_NONE);
}

static void inbound_is_set_changed_and_removed(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	needs_htb(state);
	assert_int_equal(bandwidth_inbound("tap", RATE(1000, 4000, 512), &err), 0);
	assert_true(shows("tc qdisc show dev tap", "qdisc htb 6b76: root"));
	assert_true(shows(CLASS, "class htb 6b76:1 root"));
	assert_true(shows(CLASS, "rate 8192Kbit"));
	assert_true(shows(CLASS, "ceil 32768Kbit"));
	assert_true(shows(CLASS, "burst 512Kb"));
	/* Changed in place: the counters of the class would begin again otherwise. */
	assert_int_equal(bandwidth_inbound("tap", RATE(2000, 0, 0), &err), 0);
	assert_true(shows(CLASS, "rate 16384Kbit"));
	assert_true(shows(CLASS, "ceil 16384Kbit"));
	/* 128 GiB/s do not fit into 32 bits of bytes. */
	assert_int_equal(bandwidth_inbound("tap", RATE(16777216, 0, 0), &err), 0);
	assert_true(shows(CLASS, "rate 137438Mbit") || shows(CLASS, "rate 137439Mbit"));
	assert_int_equal(bandwidth_inbound("tap", RATE(0, 0, 0), &err), 0);
	assert_false(shows("tc qdisc show dev tap", "htb"));
	assert_int_equal(bandwidth_inbound("tap", RATE(0, 0, 0), &err), 0);
	assert_int_equal(err.kind, ERROR_NONE);
}

/* What somebody else has put at the root gives way; without a limit of ours it is left alone. */
static void a_foreign_queue_is_replaced_and_not_removed(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	needs_htb(state);
	assert_int_equal(bandwidth_inbound("tap", RATE(0, 0, 0), &err), 0);
	assert_true(shows("tc qdisc replace dev tap root handle 5: tbf rate 1mbit burst 10kb latency 50ms && echo made",
			  "made"));
	assert_int_equal(bandwidth_inbound("tap", RATE(0, 0, 0), &err), 0);
	assert_true(shows("tc qdisc show dev tap", "tbf 5:"));
	assert_int_equal(bandwidth_inbound("tap", RATE(100, 0, 0), &err), 0);
	assert_true(shows("tc qdisc show dev tap", "htb 6b76:"));
	assert_false(shows("tc qdisc show dev tap", "tbf"));
}

static void outbound_by_what_this_kernel_has(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	enum bandwidth_limiter limiter = BANDWIDTH_POLICER;

	needs_namespace(state);
	assert_int_equal(bandwidth_probe(&limiter, &err), 0);
	assert_int_equal(bandwidth_outbound("tap", RATE(1000, 0, 2000), limiter, &err), 0);
	if (limiter == BANDWIDTH_POLICER) {
		assert_true(shows("tc filter show dev tap ingress", "police"));
		assert_true(shows("tc filter show dev tap ingress", "rate 8192Kbit burst 2000Kb"));
		assert_int_equal(bandwidth_outbound("tap", RATE(2000, 0, 0), limiter, &err), 0);
		assert_true(shows("tc filter show dev tap ingress", "rate 16384Kbit"));
		assert_false(shows("tc filter show dev tap ingress", "rate 8192Kbit"));
		assert_int_equal(bandwidth_outbound("tap", RATE(0, 0, 0), limiter, &err), 0);
		assert_false(shows("tc qdisc show dev tap", "ingress"));
		return;
	}
	assert_true(shows("nft list ruleset", "limit rate over 1000 kbytes/second burst 1000 kbytes drop"));
	assert_int_equal(bandwidth_outbound("tap", RATE(2000, 0, 0), limiter, &err), 0);
	assert_true(shows("nft list ruleset", "limit rate over 2000 kbytes/second"));
	assert_false(shows("nft list ruleset", "limit rate over 1000 kbytes/second"));
	assert_int_equal(bandwidth_outbound("tap", RATE(0, 0, 0), limiter, &err), 0);
	assert_false(shows("nft list ruleset", "table"));
	assert_int_equal(bandwidth_forget("tap", &err), 0);
	assert_int_equal(bandwidth_forget("gone", &err), 0);
	/* The greatest of all rows. */
	assert_int_equal(bandwidth_outbound("tap", RATE(16777216, 16777216, 1048576), limiter, &err), 0);
	assert_int_equal(bandwidth_forget("tap", &err), 0);
	assert_int_equal(err.kind, ERROR_NONE);
}

/* Asked for where it is not there, it is no limit that is silently none. */
static void a_policer_that_is_not_there_is_an_error(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	enum bandwidth_limiter limiter = BANDWIDTH_POLICER;

	needs_namespace(state);
	assert_int_equal(bandwidth_probe(&limiter, &err), 0);
	if (limiter == BANDWIDTH_POLICER)
		skip();
	assert_int_equal(bandwidth_outbound("tap", RATE(1000, 0, 0), BANDWIDTH_POLICER, &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_non_null(strstr(err.message, "\"tap\""));
	assert_non_null(strstr(err.hint, "act_police"));
}

static void a_link_that_is_not_there(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT, second = ERROR_INIT;

	needs_namespace(state);
	assert_int_equal(bandwidth_inbound("gone", RATE(1, 0, 0), &err), -1);
	assert_int_equal(err.errnum, ENODEV);
	assert_int_equal(bandwidth_outbound("gone", RATE(1, 0, 0), BANDWIDTH_NFT, &second), -1);
	assert_int_equal(second.errnum, ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes_have_the_burst_and_the_peak),
		cmocka_unit_test(policers_let_the_largest_packet_pass),
		cmocka_unit_test(the_largest_and_the_longest_fit),
		cmocka_unit_test(nftables_bucket_is_a_second_and_the_rest),
		cmocka_unit_test_setup_teardown(inbound_is_set_changed_and_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_foreign_queue_is_replaced_and_not_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(outbound_by_what_this_kernel_has, setup, teardown),
		cmocka_unit_test_setup_teardown(a_policer_that_is_not_there_is_an_error, setup, teardown),
		cmocka_unit_test_setup_teardown(a_link_that_is_not_there, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
