/* Transactions in a network namespace of the test's own: NICs are put in, replaced and taken out again, whole or not at all
 * (NWF-8, NWF-10, NWF-11, NWF-12). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>

#include "filter_case.h"
#include "host/nft.h"
#include "vm/filter_kernel.h"

static const char plain[] = "<filter name='plain' chain='ipv4'><rule action='drop' direction='out'><ip "
			    "srcipaddr='10.0.0.9'/></rule></filter>";
/* Sets of every kind, sub-chains, counting. */
static const char rich[] =
	"<filter name='rich' chain='arp-x'><rule action='drop' direction='out'><arp gratuitous='true'/></rule>"
	"<rule action='accept' direction='in'><tcp srcipaddr='$LIST' dstportstart='$PORTS'/></rule>"
	"<rule action='accept' direction='out'><udp dstportstart='53'/></rule>"
	"<rule action='reject' direction='in'><tcp dstportstart='25'/></rule>"
	"<rule action='drop' direction='out'><tcp connlimit-above='5'/></rule>"
	"<rule action='drop' direction='out'><udp-ipv6 connlimit-above='5'/></rule></filter>";

static struct filter_kernel kernel;

static int setup(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	if (unshare(CLONE_NEWNET) < 0)
		kernel.bridge = false;
	else if (filter_kernel_probe(FILTER_MARK_MASK, &kernel, &err) < 0)
		print_message("%s\n", err.message);
	return 0;
}

static void needs_kernel(void)
{
	if (!kernel.bridge || !kernel.inet_ct || !(kernel.bridge_ct || kernel.bridge_netfilter)) {
		print_message("no right to make a network namespace, or a kernel that cannot filter\n");
		skip();
	}
}

static struct filter_existing existing_of(const char *interface)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_filter_listing_ struct filter_listing *listing = NULL;
	struct filter_existing existing = { 0 };

	if (filter_kernel_list(&listing, &err) < 0)
		fail_msg("%s", err.message);
	filter_listing_of(listing, interface, &existing);
	return existing;
}

static void load(const char *text)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (nft_load(text, NULL, &err) < 0)
		fail_msg("%s", err.message);
}

static void compile(const char *xml, const struct filter_nic *nic, struct filter_program *ret)
{
	struct filter_case c = { .path = "test" };
	_cleanup_free_ char *failure = NULL;

	case_filter(&c, xml, 1);
	c.top = xstrdup(c.filters[0]->name);
	for (int i = 0; i < 40; i++) {
		_cleanup_free_ char *address = xprintf("LIST=10.0.%d.1", i), *port = xprintf("PORTS=%d", 2 * i + 1);
		case_parameter(&c, address);
		case_parameter(&c, port);
	}
	if (case_compile(&c, &kernel, nic, ret, &failure) < 0)
		fail_msg("%s", failure);
	case_free(&c);
}

static void put(const char *xml, const struct filter_nic *nic)
{
	_cleanup_filter_transaction_ struct filter_transaction *t = filter_transaction_new(&kernel);
	_cleanup_filter_existing_ struct filter_existing existing = existing_of(nic->interface);
	_cleanup_filter_program_ struct filter_program program = { 0 };

	compile(xml, nic, &program);
	filter_transaction_put(t, nic, "br0", &program, &existing);
	load(filter_transaction_text(t));
}

static void take_out(const struct filter_nic *nic)
{
	_cleanup_filter_transaction_ struct filter_transaction *t = filter_transaction_new(&kernel);
	_cleanup_filter_existing_ struct filter_existing existing = existing_of(nic->interface);

	filter_transaction_remove(t, nic, &existing);
	load(filter_transaction_text(t));
}

/* All that is there of the NIC, or of any. */
static char *ruleset(void)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	char *text;

	if (nft_list("ruleset", NFT_TEXT, &text, &err) < 0)
		fail_msg("%s", err.message);
	return text;
}

static void probing_leaves_nothing(void **state)
{
	(void)state;
	needs_kernel();
	_cleanup_free_ char *text = ruleset();
	assert_string_equal(text, "");
}

static void masks_must_be_of_use(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct filter_kernel other;

	(void)state;
	assert_int_equal(filter_kernel_probe(0, &other, &err), -1);
	assert_int_equal(filter_kernel_probe(0xf, &other, &err), -1);
	assert_int_equal(filter_kernel_probe(0xf0f0, &other, &err), -1);
}

static void nics_come_change_and_go(void **state)
{
	static const struct filter_nic one = { "tap0", 2 }, two = { "tap0.5-x", 3 };
	_cleanup_free_ char *first = NULL, *again = NULL, *empty = NULL;

	(void)state;
	needs_kernel();
	put(plain, &one);
	first = ruleset();
	put(rich, &two);
	put(rich, &one);
	put(rich, &one);
	put(plain, &one);
	take_out(&two);
	take_out(&two);
	again = ruleset();
	/* But for the bridge's name all is as it was. */
	assert_null(strstr(again, "rich"));
	assert_null(strstr(again, ".5-x"));
	assert_null(strstr(again, ".2e5-x"));
	assert_true(strlen(again) - strlen(first) < 200);
	take_out(&one);
	empty = ruleset();
	assert_null(strstr(empty, "tap0"));
	load("flush ruleset");
}

/* Two rules in two chains; the second one with this port. */
static char *two_chains(const char *port)
{
	return xprintf(
		"<filter name='two' chain='ipv4'><rule action='drop' direction='out'><ip srcipaddr='10.0.0.9'/></rule>"
		"<rule action='accept' direction='in'><tcp dstportstart='%s'/></rule></filter>",
		port);
}

static char *text_after_put(const char *xml, const struct filter_nic *nic)
{
	put(xml, nic);
	char *text = ruleset();
	take_out(nic);
	return text;
}

/* Of the program before, only the chains that differ are touched; what comes of it is what a whole put makes. */
static void a_difference_is_loaded_alone(void **state)
{
	static const struct filter_nic nic = { "tap0", 2 };
	_cleanup_free_ char *old = two_chains("80"), *new = two_chains("81"), *whole = NULL, *now = NULL;
	_cleanup_filter_program_ struct filter_program before = { 0 }, after = { 0 }, other = { 0 };
	_cleanup_filter_transaction_ struct filter_transaction *t = NULL;

	(void)state;
	needs_kernel();
	whole = text_after_put(new, &nic);
	put(old, &nic);
	compile(old, &nic, &before);
	compile(new, &nic, &after);
	compile(rich, &nic, &other);
	t = filter_transaction_new(&kernel);
	assert_false(filter_transaction_change(t, &nic, &before, &other));
	assert_false(filter_transaction_change(t, &nic, &other, &after));
	assert_null(strstr(filter_transaction_text(t), "tap0"));
	assert_true(filter_transaction_change(t, &nic, &before, &after));
	assert_null(strstr(filter_transaction_text(t), "10.0.0.9"));
	assert_non_null(strstr(filter_transaction_text(t), "81"));
	load(filter_transaction_text(t));
	now = ruleset();
	/* The chain that says which program it is stands elsewhere: lines, not their order. */
	assert_int_equal(strlen(now), strlen(whole));
	_cleanup_filter_existing_ struct filter_existing existing = existing_of("tap0");
	assert_true(filter_existing_is(&existing, &nic, &after));
	assert_false(filter_existing_is(&existing, &nic, &before));
	take_out(&nic);
	load("flush ruleset");
}

static void a_bad_rule_changes_nothing(void **state)
{
	static const struct filter_nic nic = { "tap0", 2 };
	_cleanup_free_ char *before = NULL, *after = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_nft_failure_ struct nft_failure failure = { 0 };

	(void)state;
	needs_kernel();
	put(plain, &nic);
	before = ruleset();
	assert_int_equal(nft_load("flush ruleset\nadd table bridge kvmctl\nadd rule bridge kvmctl nowhere drop comment "
				  "\"x, line 7\"\n",
				  &failure, &err),
			 -1);
	assert_int_equal(failure.line, 3);
	assert_non_null(strstr(failure.command, "x, line 7"));
	assert_non_null(strstr(err.message, "nowhere"));
	after = ruleset();
	assert_string_equal(before, after);
	/* The kernel's own refusals as well. */
	nft_failure_clear(&failure);
	assert_int_equal(nft_load("add chain bridge kvmctl a\nadd element bridge kvmctl o2 { \"tap0\" : goto a }\n",
				  &failure, &err),
			 -1);
	assert_non_null(failure.reason);
	load("flush ruleset");
}

/* Fifty guests in one transaction, each with a program of its own. */
static void many_at_once(void **state)
{
	_cleanup_filter_transaction_ struct filter_transaction *t = NULL;

	(void)state;
	needs_kernel();
	t = filter_transaction_new(&kernel);
	for (unsigned i = 0; i < 50; i++) {
		_cleanup_free_ char *name = xprintf("tap%u", i);
		_cleanup_filter_program_ struct filter_program program = { 0 };
		struct filter_nic nic = { name, 2 + i };

		compile(rich, &nic, &program);
		filter_transaction_put(t, &nic, "br0", &program, &(struct filter_existing){ 0 });
	}
	load(filter_transaction_text(t));

	/* tap4 is not tap40. */
	_cleanup_filter_existing_ struct filter_existing existing = existing_of("tap4");
	assert_true(strv_contains(existing.chains, "o2-tap4"));
	assert_false(strv_contains(existing.chains, "o2-tap40"));
	load("flush ruleset");
}

static void names_of_interfaces(void **state)
{
	static const char *const wrong[] = { "", "a*", "a\"b", "a b", "sixteencharacter", "a/b" };
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(filter_interface_check("kv.tap-0_x", &err), 0);
	for (size_t i = 0; i < ELEMENTS(wrong); i++)
		assert_int_equal(filter_interface_check(wrong[i], &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probing_leaves_nothing),     cmocka_unit_test(masks_must_be_of_use),
		cmocka_unit_test(nics_come_change_and_go),    cmocka_unit_test(a_difference_is_loaded_alone),
		cmocka_unit_test(a_bad_rule_changes_nothing), cmocka_unit_test(many_at_once),
		cmocka_unit_test(names_of_interfaces),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
