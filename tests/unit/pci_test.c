/* PCI places: fixed by kind, recorded ones first, NICs and disks upward, nothing twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "vm/pci.h"

static struct json *device(const char *id)
{
	struct json *object = json_new_object();

	json_put_string(object, "id", id);
	return object;
}

static void add(struct pci *pci, const char *id, enum pci_kind kind, bool express)
{
	_cleanup_json_ struct json *object = device(id);

	pci_add(pci, id, kind, express, object, id);
}

/* "bus addr" of a device. */
static void assert_at(const struct json *addresses, const char *id, const char *bus, const char *addr)
{
	assert_string_equal(json_get_string(json_get(addresses, id), "bus", "none"), bus);
	assert_string_equal(json_get_string(json_get(addresses, id), "addr", "none"), addr);
}

static struct json *assign(struct pci *pci, const char *recorded)
{
	_cleanup_(problems_free) struct problems problems = { 0 };
	_cleanup_json_ struct json *before = NULL;
	struct json *addresses = NULL;
	struct error err = ERROR_INIT;

	if (recorded)
		assert_int_equal(json_parse(recorded, strlen(recorded), 4096, 8, "recorded", &before, &err), 0);
	pci_assign(pci, before, &addresses, &problems);
	assert_int_equal(problems.n, 0);
	return addresses;
}

/* No two devices at one place. */
static void assert_distinct(const struct json *addresses)
{
	for (struct json_iter a = json_iter(addresses); json_next(&a);)
		for (struct json_iter b = json_iter(addresses); json_next(&b);)
			if (!streq(a.key, b.key))
				assert_false(json_equal(a.value, b.value));
}

static void test_pc(void **state)
{
	struct pci pci;
	_cleanup_json_ struct json *addresses = NULL;

	(void)state;
	pci_init(&pci, false, 12);
	add(&pci, "disk0", PCI_DISK, true);
	add(&pci, "rng", PCI_RNG, true);
	add(&pci, "usb", PCI_USB, true);
	add(&pci, "scsi0", PCI_SCSI, false);
	add(&pci, "scsi1", PCI_SCSI, false);
	add(&pci, "nic0", PCI_NIC, true);
	addresses = assign(&pci, NULL);
	assert_at(addresses, "rng", "pci.0", "0x5");
	assert_at(addresses, "usb", "pci.0", "0x1.0x2");
	assert_at(addresses, "scsi0", "pci.0", "0x8");
	assert_at(addresses, "scsi1", "pci.0", "0x9");
	assert_at(addresses, "nic0", "pci.0", "0xc");
	assert_at(addresses, "disk0", "pci.0", "0xd");
	pci_clear(&pci);
}

static void test_one_more_moves_nobody(void **state)
{
	static const enum pci_kind kinds[] = { PCI_VGA,   PCI_BALLOON,  PCI_CHANNELS, PCI_RNG,
					       PCI_SOUND, PCI_WATCHDOG, PCI_USB,      PCI_SCSI };
	_cleanup_json_ struct json *all = NULL;
	struct pci pci;

	(void)state;
	for (int q35 = 0; q35 < 2; q35++) {
		pci_init(&pci, q35, 12);
		for (size_t i = 0; i < ELEMENTS(kinds); i++) {
			_cleanup_free_ char *id = xprintf("k%d", kinds[i]);

			add(&pci, id, kinds[i], true);
		}
		json_free(all);
		all = assign(&pci, NULL);
		assert_distinct(all);
		pci_clear(&pci);
		for (size_t i = 0; i < ELEMENTS(kinds); i++) {
			_cleanup_free_ char *id = xprintf("k%d", kinds[i]);
			_cleanup_json_ struct json *alone = NULL;

			/* Sound and watchdogs are conventional: alone or not, they have places of q35 by themselves. */
			if (q35 && (kinds[i] == PCI_SOUND || kinds[i] == PCI_WATCHDOG))
				continue;
			pci_init(&pci, q35, 12);
			add(&pci, id, kinds[i], true);
			alone = assign(&pci, NULL);
			assert_true(json_equal(json_get(alone, id), json_get(all, id)));
			pci_clear(&pci);
		}
	}
}

static void test_recorded_wins(void **state)
{
	struct pci pci;
	_cleanup_json_ struct json *addresses = NULL;

	(void)state;
	pci_init(&pci, false, 12);
	add(&pci, "balloon", PCI_BALLOON, true);
	add(&pci, "rng", PCI_RNG, true);
	add(&pci, "nic0", PCI_NIC, true);
	add(&pci, "nic1", PCI_NIC, true);
	/* nic1 sits where nic0 would go, and the balloon where the random numbers would. */
	addresses = assign(&pci, "{\"nic1\": {\"bus\": \"pci.0\", \"addr\": \"0xc\"}, \"balloon\": {\"bus\": "
				 "\"pci.0\", \"addr\": \"0x5\"}}");
	assert_at(addresses, "nic1", "pci.0", "0xc");
	assert_at(addresses, "nic0", "pci.0", "0xd");
	assert_at(addresses, "balloon", "pci.0", "0x5");
	assert_at(addresses, "rng", "pci.0", "0x1f");
	assert_distinct(addresses);
	pci_clear(&pci);
}

/* What was assigned once is assigned again, with a device more and one less. */
static void test_again(void **state)
{
	_cleanup_json_ struct json *first = NULL, *second = NULL;
	_cleanup_free_ char *recorded = NULL;
	struct pci pci;

	(void)state;
	for (int q35 = 0; q35 < 2; q35++) {
		pci_init(&pci, q35, 12);
		add(&pci, "nic0", PCI_NIC, true);
		add(&pci, "disk0", PCI_DISK, true);
		add(&pci, "disk1", PCI_DISK, true);
		json_free(first);
		first = assign(&pci, NULL);
		pci_clear(&pci);
		free(recorded);
		recorded = json_to_text(first);
		pci_init(&pci, q35, 12);
		add(&pci, "nic0", PCI_NIC, true);
		add(&pci, "nic1", PCI_NIC, true);
		add(&pci, "disk1", PCI_DISK, true);
		json_free(second);
		second = assign(&pci, recorded);
		assert_true(json_equal(json_get(first, "nic0"), json_get(second, "nic0")));
		assert_true(json_equal(json_get(first, "disk1"), json_get(second, "disk1")));
		assert_distinct(second);
		pci_clear(&pci);
	}
}

static void test_q35(void **state)
{
	_cleanup_json_ struct json *addresses = NULL, *ports = NULL;
	struct pci pci;
	size_t first = 0;

	(void)state;
	pci_init(&pci, true, 12);
	for (int i = 0; i < 9; i++) {
		_cleanup_free_ char *id = xprintf("nic%d", i);

		add(&pci, id, PCI_NIC, i != 8);
	}
	add(&pci, "disk0", PCI_DISK, true);
	add(&pci, "disk1", PCI_DISK, true);
	addresses = assign(&pci, NULL);
	assert_at(addresses, "nic0", "port-12-0", "0x0");
	assert_at(addresses, "nic7", "port-12-7", "0x0");
	/* A conventional device has a slot of the root bus to itself. */
	assert_at(addresses, "nic8", "pcie.0", "0xd");
	assert_at(addresses, "disk0", "port-14-0", "0x0");
	assert_at(addresses, "port-14-0", "pcie.0", "0xe.0x0");
	ports = pci_root_ports(&pci);
	/* 8 fixed, 8 of NICs, 2 of disks, 8 spare; in each slot the first is function 0 and says that there are more. */
	assert_int_equal(json_length(ports), 26);
	for (size_t i = 0; i < json_length(ports); i++)
		first += json_get_bool(json_at(ports, i), "multifunction", false);
	assert_int_equal(first, 4);
	pci_clear(&pci);
}

static void test_full(void **state)
{
	_cleanup_(problems_free) struct problems problems = { 0 };
	_cleanup_json_ struct json *addresses = NULL;
	struct pci pci;

	(void)state;
	pci_init(&pci, false, 30);
	add(&pci, "nic0", PCI_NIC, true);
	add(&pci, "disk0", PCI_DISK, true);
	add(&pci, "disk1", PCI_DISK, true);
	add(&pci, "balloon", PCI_BALLOON, true);
	pci_assign(&pci, NULL, &addresses, &problems);
	assert_int_equal(problems.n, 1);
	assert_string_equal(problems.list[0].path, "disk1");
	assert_non_null(strstr(problems.list[0].message, "kvm_pci_reservations (it is 30)"));
	pci_clear(&pci);
}

/* A record that makes no sense is not obeyed: the device gets a place as any. */
static void test_bad_record(void **state)
{
	static const char *const addrs[] = { "0x20", "0x5.0x8", "5", "", "0x5x", "0x-1", "0x5.0x0.0x1" };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(addrs); i++) {
		_cleanup_free_ char *recorded = xprintf("{\"rng\": {\"bus\": \"pci.0\", \"addr\": \"%s\"}}", addrs[i]);
		_cleanup_json_ struct json *addresses = NULL;
		struct pci pci;

		pci_init(&pci, false, 12);
		add(&pci, "rng", PCI_RNG, true);
		addresses = assign(&pci, recorded);
		assert_at(addresses, "rng", "pci.0", "0x5");
		pci_clear(&pci);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pc),
		cmocka_unit_test(test_one_more_moves_nobody),
		cmocka_unit_test(test_recorded_wins),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_q35),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_bad_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
