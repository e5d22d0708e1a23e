/* vm/migration_info: what is written is read again as the same, and nothing else is taken. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/strv.h"
#include "base/text.h"
#include "vm/migration_info.h"

static struct json *parsed(const char *text)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct json *document = NULL;
	if (json_parse(text, strlen(text), JSON_SPEC_MAX_BYTES, JSON_SPEC_MAX_DEPTH, "test", &document, &err) < 0)
		fail_msg("%s", err.message);
	return document;
}

/* A whole document, as a source would write it. */
static struct json *document_of_web1(void)
{
	struct migration_disk disks[] = { { 1 << 20, 4096, xstrdup("qcow2"), xstrdup("/srv/base.img"), true },
					  { -1, -1, xstrdup("raw"), xstrdup(""), false } };
	_cleanup_json_ struct json *spec =
		parsed("{\"name\": \"web1\", \"maxmem\": 512, \"disks\": [{\"path\": \"/srv/a\", "
		       "\"format\": \"qcow2\"}, {\"path\": \"/dev/b\"}]}");
	_cleanup_json_ struct json *capabilities = parsed("[\"events\", \"x-colo\"]");
	struct migration_info info = {
		.name = xstrdup("web1"),
		.uuid = xstrdup("0f1b9cf2-8f2d-4a50-9a5e-0d0a6f7f9b11"),
		.kvmctl_version = xstrdup("0.1"),
		.qemu_version = xstrdup("7.2.22"),
		.accelerator = xstrdup("kvm"),
		.host_cpu = xstrdup("EPYC"),
		.spec = spec,
		.hardware = { xstrdup("pc-i440fx-7.2"),
			      parsed("{\"disk0\": {\"bus\": \"pci.0\", \"addr\": \"0x1e.0x1\"}}"),
			      parsed("{\"acpi\": true}") },
		.qemu_capabilities = capabilities,
		.disks = disks,
		.n_disks = 2,
		.memory = 512,
		.paused = true,
		.filters = parsed("{\"clean-traffic\": \"00ff-12\", \"gone\": \"\"}"),
		.terms = { .post_copy = true, .channels = 4, .compression = xstrdup("zstd"), .storage = STORAGE_ALL },
	};
	struct json *document;
	strv_add(&info.terms.capabilities, "xbzrle");
	document = migration_info_to_json(&info);
	free(info.name), free(info.uuid), free(info.kvmctl_version), free(info.qemu_version), free(info.accelerator),
		free(info.host_cpu);
	json_free(info.filters);
	hardware_free(&info.hardware);
	migration_terms_clear(&info.terms);
	for (size_t i = 0; i < 2; i++)
		free(disks[i].format), free(disks[i].backing);
	return document;
}

static void test_written_and_read_again(void **state)
{
	(void)state;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *document = document_of_web1(), *again = NULL;
	_cleanup_migration_info_ struct migration_info *info = NULL;
	assert_int_equal(migration_info_from_json(document, &info, &err), 0);
	assert_string_equal(info->name, "web1");
	assert_int_equal(info->n_disks, 2);
	assert_int_equal(info->disks[0].virtual_size, 1 << 20);
	assert_string_equal(info->disks[0].backing, "/srv/base.img");
	assert_true(info->disks[0].copied);
	assert_string_equal(info->hardware.machine, "pc-i440fx-7.2");
	assert_true(info->paused);
	assert_string_equal(json_get_string(info->filters, "clean-traffic", ""), "00ff-12");
	assert_null(info->security_groups);
	assert_int_equal(info->terms.channels, 4);
	assert_int_equal(info->terms.storage, STORAGE_ALL);
	again = migration_info_to_json(info);
	assert_true(json_equal(document, again));
}

/* The error of a document with one member replaced (value NULL: taken out); NULL when it is taken. Members of members by '/'. */
static char *refused(const char *path, const char *value, enum error_kind *ret_kind)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *document = document_of_web1();
	_cleanup_migration_info_ struct migration_info *info = NULL;
	_cleanup_strv_ char **steps = strv_split(path, '/');
	struct json *at = document;
	size_t i;
	for (i = 0; steps[i + 1]; i++)
		at = json_type_of(at) == JSON_ARRAY ? json_at(at, 0) : json_get(at, steps[i]);
	if (json_type_of(at) == JSON_ARRAY)
		at = json_at(at, 0);
	if (value)
		json_put(at, steps[i], parsed(value));
	else
		json_remove(at, steps[i]);
	if (migration_info_from_json(document, &info, &err) == 0)
		return NULL;
	if (ret_kind)
		*ret_kind = err.kind;
	return xprintf("%s", err.message);
}

static void test_members_that_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *path, *value, *said;
	} cases[] = {
		{ "name", "\"../x\"", "name" },
		{ "name", NULL, "name: is missing" },
		{ "uuid", "\"\"", "uuid: is empty" },
		{ "accelerator", "\"hvf\"", "accelerator" },
		{ "host_cpu", "\"a\\u0007b\"", "host_cpu" },
		{ "colour", "1", "unknown key" },
		{ "filters", "[]", "filters: must be of type object" },
		{ "filters", "{\"../x\": \"12\"}", "no name of a filter" },
		{ "filters", "{\"x\": 5}", "filters.x: is no digest" },
		{ "learned", "[[\"10.0.0.1\"]]", "the spec has 0 NICs" },
		{ "learned", "{}", "learned: must be of type array" },
		{ "security_groups", "{\"x\": \"a b\"}", "security_groups.x: is no digest" },
		{ "paused", "1", "paused" },
		{ "disks", "[]", "the spec has 2 disks" },
		{ "disks", "{}", "must be of type array" },
		{ "disks/0/virtual_size", "-2", "disks[0].virtual_size" },
		{ "hardware/machine", "\"pc,accel=x\"", "hardware.machine" },
		{ "hardware/more", "1", "hardware.more" },
		{ "hardware/addresses", "{\"disk0\": {\"bus\": \"pci.0,x\", \"addr\": \"0x1\"}}",
		  "hardware.addresses.disk0.bus" },
		{ "hardware/addresses", "{\"a b\": {\"bus\": \"pci.0\", \"addr\": \"0x1\"}}",
		  "hardware.addresses.a b" },
		{ "hardware/addresses", "{\"disk0\": 1}", "must be of type object" },
		{ "hardware/hvparams", "{\"acpi\": 7}", "hardware.hvparams.acpi" },
		{ "hardware/hvparams", "{\"security_model\": \"none\"}", "each host's own" },
		{ "hardware/hvparams", "{\"colour\": 7}", "hardware.hvparams.colour" },
		{ "hardware", "{}", "hardware" },
		{ "qemu_capabilities", "[\"a b\"]", "qemu_capabilities[0]" },
		{ "qemu_capabilities", "[1]", "qemu_capabilities[0]" },
		{ "spec", "[]", "spec" },
		{ "spec/name", "\"web2\"", "spec.name" },
		{ "terms", "7", "terms" },
		{ "terms", NULL, "terms: is missing" },
		{ "version", "\"1\"", "no version" },
	};
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		enum error_kind kind = ERROR_NONE;
		_cleanup_free_ char *said = refused(cases[i].path, cases[i].value, &kind);
		if (!said || !strstr(said, cases[i].said) || kind != ERROR_SPEC)
			fail_msg("%s = %s: %s", cases[i].path, cases[i].value ? cases[i].value : "(none)",
				 said ? said : "taken");
	}
}

static void test_all_problems_at_once(void **state)
{
	(void)state;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *document = document_of_web1();
	_cleanup_migration_info_ struct migration_info *info = NULL;
	json_put_int(document, "uuid", 3);
	json_put_string(document, "accelerator", "none");
	json_remove(document, "qemu_capabilities");
	assert_int_equal(migration_info_from_json(document, &info, &err), -1);
	assert_non_null(strstr(err.message, "3 problems"));
}

static void test_of_a_newer_kvmctl(void **state)
{
	(void)state;
	enum error_kind kind = ERROR_NONE;
	_cleanup_free_ char *said = refused("version", "2", &kind);
	assert_int_equal(kind, ERROR_UNKNOWN);
	assert_non_null(strstr(said, "newer kvmctl"));
}

static void test_no_document_at_all(void **state)
{
	(void)state;
	static const char *const texts[] = { "7", "[]", "{}", "\"x\"", "{\"version\": 0}" };
	for (size_t i = 0; i < ELEMENTS(texts); i++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_json_ struct json *document = parsed(texts[i]);
		struct migration_info *info = NULL;
		assert_int_equal(migration_info_from_json(document, &info, &err), -1);
		assert_int_equal(err.kind, ERROR_SPEC);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_and_read_again), cmocka_unit_test(test_members_that_are_refused),
		cmocka_unit_test(test_all_problems_at_once),   cmocka_unit_test(test_of_a_newer_kvmctl),
		cmocka_unit_test(test_no_document_at_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
