/* The host's memory and CPUs, KVM's answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "base/text.h"
#include "host/kvm.h"
#include "host/machine.h"

static void meminfo_is_read_as_ganeti_does(void **state)
{
	static const char text[] = "MemTotal:       8388608 kB\nMemFree:         1048576 kB\nMemAvailable:    4194304 "
				   "kB\nBuffers:           10240 kB\n"
				   "Cached:           20480 kB\nSwapCached:      999999 kB\nSReclaimable:     30720 "
				   "kB\nHugePages_Total:     512\n"
				   "HugePages_Free:      500\nHugepagesize:       2048 kB\n";
	_cleanup_error_ struct error err = ERROR_INIT;
	struct machine_memory memory;

	(void)state;
	assert_int_equal(machine_memory_parse(text, &memory, &err), 0);
	assert_int_equal(memory.total, 8192);
	assert_int_equal(memory.free, 1024 + 10 + 20 + 30);
	assert_int_equal(memory.available, 4096);
	assert_int_equal(memory.hugepages_total, 512);
	assert_int_equal(memory.hugepages_free, 500);
	assert_int_equal(memory.hugepage_kib, 2048);
}

static void nonsense_is_an_error(void **state)
{
	static const char *const bad[] = { "",
					   "\n\n",
					   "MemTotal",
					   "MemTotal:",
					   "MemTotal: much kB\n",
					   "xMemTotal: 12 kB\n",
					   "MemTotal: 99999999999999999999999 kB\n" };
	_cleanup_error_ struct error err = ERROR_INIT;
	struct machine_memory memory;

	(void)state;
	for (size_t i = 0; i < ELEMENTS(bad); i++) {
		assert_int_equal(machine_memory_parse(bad[i], &memory, &err), -1);
		assert_int_equal(err.kind, ERROR_HOST);
	}
}

static void this_machine_agrees_with_libc(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct machine_memory memory;
	struct machine_cpus cpus;

	(void)state;
	assert_int_equal(machine_memory(&memory, &err), 0);
	assert_in_range(memory.total, 1,
			(uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 1024 / 1024 + 1);
	assert_true(memory.available <= memory.total && memory.free <= memory.total);
	assert_int_equal(machine_cpus(&cpus, &err), 0);
	assert_int_equal(cpus.online, sysconf(_SC_NPROCESSORS_ONLN));
	assert_true(cpus.sockets >= 1 && cpus.nodes >= 1 && cpus.cores_per_socket >= 1 && cpus.threads_per_core >= 1);
	assert_non_null(cpus.model);
	machine_cpus_free(&cpus);
}

static void kvm_says_why_not(void **state)
{
	_cleanup_free_ char *why = NULL;
	bool usable = kvm_usable(&why);

	(void)state;
	assert_non_null(why);
	assert_int_equal(usable, is_empty(why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meminfo_is_read_as_ganeti_does),
		cmocka_unit_test(nonsense_is_an_error),
		cmocka_unit_test(this_machine_agrees_with_libc),
		cmocka_unit_test(kvm_says_why_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
