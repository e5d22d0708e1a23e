/* The probe: each flag for each recorded QEMU, the digest's round trip, answers that lack something. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strv.h"
#include "fixture.h"
#include "qemu/probe.h"

static struct probe *probe_of(const char *version)
{
	_cleanup_json_ struct json *answers = fixture_answers(version);
	_cleanup_error_ struct error err = ERROR_INIT;
	struct probe *probe = NULL;

	if (probe_from_answers(answers, &probe, &err) < 0)
		fail_msg("%s: %s", version, err.message);
	return probe;
}

/* One row a flag: what 5.2, 7.2 and 10.0 can do. */
static const struct {
	const char *flag;
	bool can[FIXTURE_VERSIONS];
} flags[] = {
	{ "json_device", { false, true, true } },
	{ "json_netdev", { false, true, true } },
	{ "json_object", { false, true, true } },
	{ "machine_acpi", { false, false, true } },
	{ "action", { false, true, true } },
	{ "run_with_chroot", { false, false, true } },
	{ "run_with_user", { false, false, true } },
	{ "chroot", { true, true, false } },
	{ "runas", { true, true, false } },
	{ "sandbox", { true, true, true } },
	{ "spice", { true, true, false } },
	{ "display_update", { false, true, true } },
	{ "screendump_png", { false, true, true } },
	{ "migrate_channels", { false, false, true } },
	{ "audiodev", { true, true, true } },
	{ "kvm", { true, true, true } },
	{ "blockdev_io_uring", { true, true, true } },
	{ "server_on", { true, true, true } },
};

static void each_flag_for_each_version(void **state)
{
	(void)state;
	assert_int_equal(ELEMENTS(flags), sizeof(struct probe_can) / sizeof(bool));
	for (size_t v = 0; v < FIXTURE_VERSIONS; v++) {
		_cleanup_probe_ struct probe *probe = probe_of(fixture_versions[v]);

		for (size_t i = 0; i < ELEMENTS(flags); i++)
			if (probe_can_by_name(probe, flags[i].flag) != flags[i].can[v])
				fail_msg("%s: %s is not %d", fixture_versions[v], flags[i].flag, flags[i].can[v]);
	}
}

static void versions(void **state)
{
	_cleanup_probe_ struct probe *probe = probe_of("7.2");

	(void)state;
	assert_true(probe_at_least(probe, 7, 2));
	assert_true(probe_at_least(probe, 5, 9));
	assert_false(probe_at_least(probe, 7, 3));
	assert_false(probe_at_least(probe, 10, 0));
	assert_string_equal(probe->package, "Debian 1:7.2+dfsg-7+deb12u18+b3");
}

static void machines(void **state)
{
	static const char *const newest[] = { "pc-i440fx-5.2", "pc-i440fx-7.2", "pc-i440fx-10.0" };
	static const char *const newest_q35[] = { "pc-q35-5.2", "pc-q35-7.2", "pc-q35-10.0" };

	(void)state;
	for (size_t v = 0; v < FIXTURE_VERSIONS; v++) {
		_cleanup_probe_ struct probe *probe = probe_of(fixture_versions[v]);
		const struct probe_machine *pc = probe_machine(probe, "pc");

		assert_string_equal(pc->name, newest[v]);
		assert_true(pc->is_default);
		assert_int_equal(pc->cpu_max, 255);
		assert_ptr_equal(probe_machine(probe, newest[v]), pc);
		assert_string_equal(probe_machine(probe, "q35")->name, newest_q35[v]);
		assert_false(probe_machine(probe, "q35")->is_default);
		assert_null(probe_machine(probe, "pc-i440fx-99.0"));
	}

	_cleanup_probe_ struct probe *probe = probe_of("10.0");
	assert_true(probe_machine(probe, "pc-q35-5.2")->deprecated);
	assert_false(probe_machine(probe, "pc")->deprecated);
}

static void lists(void **state)
{
	(void)state;
	for (size_t v = 0; v < FIXTURE_VERSIONS; v++) {
		_cleanup_probe_ struct probe *probe = probe_of(fixture_versions[v]);

		assert_true(probe_has_device(probe, "virtio-net-pci"));
		assert_false(probe_has_device(probe, "virtio-net"));
		assert_true(probe_has_cpu(probe, "qemu64"));
		assert_false(probe_has_cpu(probe, "486x"));
		assert_true(probe_has_command(probe, "query-status"));
		assert_int_equal(probe_has_command(probe, "query-cpus"), v == 0);
		assert_true(probe_has_object(probe, "secret"));
		assert_int_equal(probe_has_object(probe, "no-such-object"), v == 0);
		assert_true(probe_has_block_driver(probe, "qcow2"));
		assert_int_equal(probe_has_block_driver(probe, "io_uring"), v == 2);
		assert_true(probe_has_migration_cap(probe, "postcopy-ram"));
		assert_false(probe_has_migration_cap(probe, "teleport"));
		assert_true(strv_contains(probe->compressions, "zlib"));
		assert_int_equal(strv_contains(probe->compressions, "zstd"), v > 0);
	}
}

static void digest_round_trip(void **state)
{
	(void)state;
	for (size_t v = 0; v < FIXTURE_VERSIONS; v++) {
		_cleanup_probe_ struct probe *probe = probe_of(fixture_versions[v]);
		_cleanup_json_ struct json *digest = probe_to_json(probe);
		_cleanup_probe_ struct probe *back = NULL;
		_cleanup_error_ struct error err = ERROR_INIT;

		assert_int_equal(probe_from_json(digest, &back, &err), 0);
		assert_memory_equal(&back->can, &probe->can, sizeof(back->can));
		assert_int_equal(back->n_machines, probe->n_machines);

		_cleanup_json_ struct json *again = probe_to_json(back);
		assert_true(json_equal(digest, again));

		/* It is read at every start. */
		_cleanup_free_ char *text = json_to_text(digest);
		assert_in_range(strlen(text), 1000, 40000);
	}
}

/* Each member of the digest is needed: without it the cache entry is not believed. */
static void damaged_digest(void **state)
{
	_cleanup_probe_ struct probe *probe = probe_of("7.2");
	_cleanup_json_ struct json *digest = probe_to_json(probe);

	(void)state;
	for (struct json_iter it = json_iter(digest); json_next(&it);) {
		_cleanup_json_ struct json *part = json_copy(digest);
		_cleanup_probe_ struct probe *back = NULL;
		_cleanup_error_ struct error err = ERROR_INIT;

		if (streq(it.key, "package"))
			continue;
		json_remove(part, it.key);
		assert_int_equal(probe_from_json(part, &back, &err), -1);
		assert_int_equal(err.kind, ERROR_QEMU);
		assert_null(back);
	}
}

static void missing_answers(void **state)
{
	static const char *const needed[] = { "query-version", "query-machines", "qom-list-types",
					      "query-command-line-options", "query-qmp-schema" };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(needed); i++) {
		_cleanup_json_ struct json *answers = fixture_answers("7.2");
		_cleanup_probe_ struct probe *probe = NULL;
		_cleanup_error_ struct error err = ERROR_INIT;

		json_remove(answers, needed[i]);
		assert_int_equal(probe_from_answers(answers, &probe, &err), -1);
		assert_int_equal(err.kind, ERROR_QEMU);
		assert_non_null(strstr(err.message, needed[i]));
	}
}

/* An old target without CPU models or migration still makes a probe. */
static void optional_answers(void **state)
{
	_cleanup_json_ struct json *answers = fixture_answers("7.2");
	_cleanup_probe_ struct probe *probe = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	json_remove(answers, "query-cpu-definitions");
	json_remove(answers, "query-migrate-capabilities");
	assert_int_equal(probe_from_answers(answers, &probe, &err), 0);
	assert_false(probe_has_cpu(probe, "qemu64"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_flag_for_each_version),
		cmocka_unit_test(versions),
		cmocka_unit_test(machines),
		cmocka_unit_test(lists),
		cmocka_unit_test(digest_round_trip),
		cmocka_unit_test(damaged_digest),
		cmocka_unit_test(missing_answers),
		cmocka_unit_test(optional_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
