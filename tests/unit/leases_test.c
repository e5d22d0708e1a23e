/* Leases on disk, and whose an address is (NWF-72). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/deadline.h"
#include "base/strv.h"
#include "scratch.h"
#include "vm/leases.h"

static void test_file(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_filter_binding_ struct filter_binding *binding = filter_binding_new("tap0", "52:54:00:00:00:01");
	struct leases leases = { 0 };
	const char *dir = ((struct scratch *)*state)->dir;
	_cleanup_free_ char *file = xprintf("%s/.leases/link.tap0", dir);

	assert_int_equal(leases_read(dir, binding, &leases, &err), 0);
	assert_int_equal(leases.n, 0);
	leases_set(&leases, "10.0.0.5", LEARN_BY_SERVER, 1700000000000);
	leases_set(&leases, "fd00::1", LEARN_BY_NEIGHBOURS, 0);
	leases_set(&leases, "10.0.0.5", LEARN_BY_SERVER, 1700000000001);
	assert_int_equal(leases.n, 2);
	assert_int_equal(leases_write(dir, binding, &leases, &err), 0);
	leases_clear(&leases);

	assert_int_equal(leases_read(dir, binding, &leases, &err), 0);
	assert_int_equal(leases.n, 2);
	assert_int_equal(leases_find(&leases, "10.0.0.5")->until_ms, 1700000000001);
	assert_int_equal(leases_find(&leases, "fd00::1")->source, LEARN_BY_NEIGHBOURS);
	assert_null(leases_find(&leases, "10.0.0.6"));

	/* Another NIC's, another MAC's. */
	struct leases others = { 0 };

	text_replace(&binding->instance, "web1");
	assert_int_equal(leases_read(dir, binding, &others, &err), 0);
	assert_int_equal(others.n, 0);
	text_replace(&binding->instance, "");
	text_replace(&binding->mac, "52:54:00:00:00:02");
	assert_int_equal(leases_read(dir, binding, &others, &err), 0);
	assert_int_equal(others.n, 0);
	text_replace(&binding->mac, "52:54:00:00:00:01");

	leases_remove(&leases, "10.0.0.5");
	leases_remove(&leases, "fd00::1");
	assert_int_equal(leases_write(dir, binding, &leases, &err), 0);
	assert_int_equal(access(file, F_OK), -1);
	leases_clear(&leases);
}

static void test_damaged(void **state)
{
	static const char *const texts[] = { "",
					     "{}",
					     "{\"version\":1,\"mac\":\"52:54:00:00:00:01\",\"leases\":[{\"address\":"
					     "\"x\",\"source\":\"nd\",\"until\":0}]}",
					     "{\"version\":1,\"mac\":\"52:54:00:00:00:01\",\"leases\":[{\"address\":"
					     "\"10.0.0.1\",\"source\":\"arp\",\"until\":0}]}",
					     "{\"version\":1,\"mac\":\"52:54:00:00:00:01\",\"leases\":[{\"address\":"
					     "\"10.0.0.1\",\"source\":\"nd\",\"until\":-5}]}",
					     "{\"version\":2,\"mac\":\"52:54:00:00:00:01\",\"leases\":[]}" };
	_cleanup_filter_binding_ struct filter_binding *binding = filter_binding_new("tap0", "52:54:00:00:00:01");
	_cleanup_free_ char *path = scratch_path(*state, ".leases");
	_cleanup_error_ struct error err = ERROR_INIT;
	struct leases leases;

	assert_int_equal(file_make_dirs(path, 0750, &err), 0);
	for (size_t i = 0; i < ELEMENTS(texts); i++) {
		_cleanup_close_ int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		assert_int_equal(file_write_at(dir, "link.tap0", texts[i], strlen(texts[i]), 0640, false, &err), 0);
		assert_int_equal(leases_read(((struct scratch *)*state)->dir, binding, &leases, &err), -1);
		assert_int_equal(err.kind, i + 1 == ELEMENTS(texts) ? ERROR_UNKNOWN : ERROR_SPEC);
		assert_int_equal(leases.n, 0);
	}
}

/* --- what is of no use any more --- */

static bool is_web1(void *arg, const char *instance, const char *interface)
{
	(void)arg;
	return streq(instance, "web1") || streq(interface, "tap1");
}

static void write_one(struct scratch *scratch, const char *instance, const char *interface, enum learn_source source,
		      int64_t until)
{
	_cleanup_filter_binding_ struct filter_binding *binding = filter_binding_new(interface, "52:54:00:00:00:01");
	_cleanup_leases_ struct leases leases = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;

	text_replace(&binding->instance, instance);
	leases_set(&leases, "fd00::1", LEARN_BY_TRAFFIC, 0);
	leases_set(&leases, "fd00::2", source, until);
	assert_int_equal(leases_write(scratch->dir, binding, &leases, &err), 0);
}

static bool is_left(struct scratch *scratch, const char *name)
{
	_cleanup_free_ char *path = xprintf("%s/.leases/%s", scratch->dir, name);

	return access(path, F_OK) == 0;
}

/* Leases that are valid outlive guest and host. */
static void test_sweep(void **state)
{
	struct scratch *scratch = *state;
	int64_t now = clock_realtime_ms();

	assert_false(leases_sweep(scratch->dir, true, is_web1, NULL));
	write_one(scratch, "web1", "kvt1", LEARN_BY_TRAFFIC, 0);
	write_one(scratch, "web1.example.com", "kvt2", LEARN_BY_TRAFFIC, 0);
	write_one(scratch, "web2", "kvt3", LEARN_BY_SERVER, now + 3600000);
	write_one(scratch, "web3", "kvt4", LEARN_BY_SERVER, now - 1000);
	write_one(scratch, "web4", "kvt5", LEARN_BY_NEIGHBOURS, 0);
	write_one(scratch, "", "tap1", LEARN_BY_TRAFFIC, 0);
	write_one(scratch, "", "tap2", LEARN_BY_TRAFFIC, 0);
	assert_true(leases_sweep(scratch->dir, false, is_web1, NULL));
	assert_true(is_left(scratch, "nic.web3.0"));
	assert_true(leases_sweep(scratch->dir, true, is_web1, NULL));
	assert_false(is_left(scratch, "nic.web1.example.com.0") || is_left(scratch, "nic.web3.0") ||
		     is_left(scratch, "link.tap2"));
	assert_true(is_left(scratch, "nic.web1.0") && is_left(scratch, "nic.web2.0") &&
		    is_left(scratch, "nic.web4.0") && is_left(scratch, "link.tap1"));
	assert_false(leases_sweep(scratch->dir, true, is_web1, NULL));
}

/* As it goes to another host. */
static void test_text(void **state)
{
	static const char *const bad[] = { "",
					   "x",
					   "10.0.0.5/dhcp",
					   "10.0.0.5/arp/5",
					   "10.0.0.5/dhcp/-1",
					   "10.0.0.5/dhcp/x",
					   "x/dhcp/5",
					   "10.0.0.5/dhcp/5/6",
					   "10.0.0.5/dhcp/99999999999" };
	struct lease lease = { (char *)"10.0.0.5", LEARN_BY_SERVER, clock_realtime_ms() + 60500 }, back = { 0 };
	_cleanup_free_ char *text = lease_to_text(&lease), *old = NULL;

	(void)state;
	assert_string_equal(text, "10.0.0.5/dhcp/60");
	assert_true(lease_from_text(text, &back));
	assert_string_equal(back.address, "10.0.0.5");
	assert_int_equal(back.source, LEARN_BY_SERVER);
	assert_in_range(back.until_ms - lease.until_ms + 60000, 0, 120000);
	free(back.address);
	lease.until_ms = 1000; /* over, but not yet taken away */
	old = lease_to_text(&lease);
	assert_string_equal(old, "10.0.0.5/dhcp/1");
	assert_true(lease_from_text("fd00::1/nd/0", &back));
	assert_int_equal(back.until_ms, 0);
	free(back.address);
	assert_true(lease_from_text("10.0.0.7", &back));
	assert_true(back.until_ms > clock_realtime_ms());
	free(back.address);
	for (size_t i = 0; i < ELEMENTS(bad); i++)
		assert_false(lease_from_text(bad[i], &back));
}

static void test_owner(void **state)
{
	_cleanup_filter_binding_ struct filter_binding *mine = filter_binding_new("tap0", "52:54:00:00:00:01");
	_cleanup_filter_binding_ struct filter_binding *other = filter_binding_new("tap1", "52:54:00:00:00:02");
	struct filter_binding *all[] = { mine, other };

	(void)state;
	text_replace(&mine->bridge, "br0");
	text_replace(&other->bridge, "br0");
	strv_add(&filter_parameters_get(&other->parameters, &other->n_parameters, "IP")->values, "10.0.0.5");
	strv_add(&filter_parameters_get(&other->parameters, &other->n_parameters, "DHCPSERVER")->values, "10.0.0.6");
	strv_add(&other->learned, "fd00::1");
	strv_add(&mine->learned, "fd00::2");
	assert_ptr_equal(filter_address_owner(all, 2, mine, "10.0.0.5"), other);
	assert_ptr_equal(filter_address_owner(all, 2, mine, "fd00:0:0::1"), other);
	assert_ptr_equal(filter_address_owner(all, 2, mine, "fe80::5054:ff:fe00:2"), other);
	assert_null(filter_address_owner(all, 2, mine, "fd00::2"));
	assert_null(filter_address_owner(all, 2, mine, "10.0.0.6"));
	/* On another bridge it is another network's. */
	text_replace(&other->bridge, "br1");
	assert_null(filter_address_owner(all, 2, mine, "10.0.0.5"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_file, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_damaged, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_sweep, scratch_setup, scratch_teardown),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
