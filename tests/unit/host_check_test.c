/* Host checks: each thing that can be missing is named under its JSON path, all at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixture.h"
#include "host/link.h"
#include "scratch.h"
#include "vm/facts.h"
#include "vm/host_check.h"

/* A spec from the members that follow its name; its hvparams name a binary that is there. */
static struct spec *spec_of(const struct settings *settings, const char *hvparams, const char *more)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *text =
		xprintf("{\"name\": \"web1\", \"vcpus\": 1, \"maxmem\": 64, \"network_port\": 11002, "
			"\"hvparams\": {\"kvm_path\": \"/bin/sh\"%s}%s}",
			hvparams, more);
	struct spec *spec = NULL;

	if (spec_parse(text, strlen(text), "test", NULL, settings, &spec, &err) < 0)
		fail_msg("%s", err.message);
	return spec;
}

static struct settings *settings_of(const char *text)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct settings *settings = NULL;

	if (settings_parse(text, strlen(text), "settings", true, &settings, &err) < 0)
		fail_msg("%s", err.message);
	return settings;
}

static struct probe *probe_7_2(void)
{
	_cleanup_json_ struct json *answers = fixture_answers("7.2");
	_cleanup_error_ struct error err = ERROR_INIT;
	struct probe *probe = NULL;

	if (probe_from_answers(answers, &probe, &err) < 0)
		fail_msg("%s", err.message);
	return probe;
}

static int host_check(const struct spec *spec, const struct settings *settings, const struct probe *probe,
		      struct error *err)
{
	_cleanup_problems_ struct problems problems = { 0 };

	host_check_collect(spec, settings, probe, NULL, &problems);
	return problems_to_error(&problems, ERROR_HOST, "instance", err);
}

/* The message of the check, "" when all is well. Owned by the caller. */
static char *check_with(const char *settings_text, const char *hvparams, const char *more, const struct probe *probe)
{
	_cleanup_settings_ struct settings *settings = settings_of(settings_text);
	_cleanup_spec_ struct spec *spec = spec_of(settings, hvparams, more);
	_cleanup_error_ struct error err = ERROR_INIT;

	if (host_check(spec, settings, probe, &err) == 0)
		return xstrdup("");
	assert_int_equal(err.kind, ERROR_HOST);
	return xstrdup(err.message);
}

static char *check(const char *hvparams, const char *more)
{
	return check_with("{}", hvparams, more, NULL);
}

static void has(const char *message, const char *text)
{
	if (!strstr(message, text))
		fail_msg("\"%s\" is not in: %s", text, message);
}

static void a_plain_spec_passes(void **state)
{
	_cleanup_free_ char *message = check("", "");

	(void)state;
	assert_string_equal(message, "");
}

static void all_problems_come_at_once(void **state)
{
	_cleanup_free_ char *message = check(
		", \"kernel_path\": \"/no/kernel\", \"initrd_path\": \"/no/initrd\", \"cdrom_image_path\": "
		"\"/no/cdrom\", "
		"\"keymap\": \"xx\", \"cpu_mask\": \"1000\", \"mem_path\": \"/tmp\", \"security_model\": \"user\", "
		"\"security_domain\": \"no-such-user\"",
		", \"disks\": [{\"path\": \"/no/disk\"}], \"nics\": [{\"mode\": \"bridged\", \"link\": \"nobridge\"}]");

	(void)state;
	has(message, "hvparams.kernel_path: \"/no/kernel\"");
	has(message, "hvparams.initrd_path: \"/no/initrd\"");
	has(message, "hvparams.cdrom_image_path");
	has(message, "hvparams.cpu_mask");
	has(message, "hvparams.mem_path: \"/tmp\" is not on hugetlbfs");
	has(message, "hvparams.security_domain");
	has(message, "no-such-user");
	has(message, "disks[0].path");
	has(message, "/no/disk");
	has(message, "nics[0].link");
	has(message, "nobridge");
}

static void binary_must_be_executable(void **state)
{
	struct scratch *scratch = *state;
	_cleanup_free_ char *file = scratch_file(scratch, "qemu", "x", 1, 0644);
	_cleanup_settings_ struct settings *settings = settings_of("{}");
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_spec_ struct spec *spec = spec_of(settings, "", "");

	free(spec->hv.kvm_path);
	spec->hv.kvm_path = xstrdup(file);
	assert_int_equal(host_check(spec, settings, NULL, &err), -1);
	has(err.message, "hvparams.kvm_path");
	has(err.message, "is not executable");
}

static char *password_check(const struct scratch *scratch, const char *content)
{
	_cleanup_free_ char *file = scratch_file(scratch, "password", content, strlen(content), 0600);
	_cleanup_free_ char *hv = xprintf(", \"vnc_bind_address\": \"127.0.0.1\", \"vnc_password_file\": \"%s\"", file);

	return check(hv, "");
}

static void passwords_are_looked_at_and_never_shown(void **state)
{
	_cleanup_free_ char *good = password_check(*state, "hunter2\n"), *bare = password_check(*state, "12345678");
	_cleanup_free_ char *lang = password_check(*state, "SECRET-90\n"),
			    *empty = password_check(*state, "\nSECRET\n");
	_cleanup_free_ char *two = password_check(*state, "one\nSECRET\n");

	assert_string_equal(good, "");
	assert_string_equal(bare, "");
	has(lang, "longer than the 8 bytes");
	has(empty, "empty first line");
	has(two, "more than one line");
	assert_null(strstr(lang, "SECRET"));
	assert_null(strstr(empty, "SECRET"));
	assert_null(strstr(two, "SECRET"));
}

static void interfaces_and_directories_of_vnc(void **state)
{
	_cleanup_free_ char *none = check(", \"vnc_bind_address\": \"nosuchif0\"", ""),
			    *directory = check(", \"vnc_bind_address\": \"/no/dir\"", "");
	_cleanup_free_ char *address = check(", \"vnc_bind_address\": \"::1\"", "");

	(void)state;
	has(none, "hvparams.vnc_bind_address");
	has(none, "nosuchif0");
	has(directory, "/no/dir");
	assert_string_equal(address, "");
}

static void certificates_must_be_complete(void **state)
{
	struct scratch *scratch = *state;
	_cleanup_free_ char *ca = scratch_script(scratch, "ca-cert.pem", "x"),
			    *cert = scratch_script(scratch, "server-cert.pem", "x");
	_cleanup_free_ char *hv =
		xprintf(", \"vnc_bind_address\": \"::1\", \"vnc_tls\": true, \"vnc_x509_path\": \"%s\"", scratch->dir);
	_cleanup_free_ char *message = check(hv, "");

	has(message, "server-key.pem");
	assert_null(strstr(message, "ca-cert.pem"));
	_cleanup_free_ char *key = scratch_script(scratch, "server-key.pem", "x"), *complete = check(hv, "");
	assert_string_equal(complete, "");
}

static void one_image_is_not_two_disks(void **state)
{
	struct scratch *scratch = *state;
	_cleanup_free_ char *disk = scratch_script(scratch, "disk", "data"), *alias = scratch_path(scratch, "alias");

	assert_int_equal(symlink("disk", alias), 0);
	_cleanup_free_ char *both = xprintf(", \"disks\": [{\"path\": \"%s\"}, {\"path\": \"%s\"}]", disk, alias);
	_cleanup_free_ char *readers =
		xprintf(", \"disks\": [{\"path\": \"%s\", \"mode\": \"ro\"}, {\"path\": \"%s\", \"mode\": \"ro\"}]",
			disk, alias);
	_cleanup_free_ char *message = check("", both), *fine = check("", readers);
	has(message, "disks[1].path");
	has(message, "is disks[0] as well");
	assert_string_equal(fine, "");
}

static void a_disk_that_is_too_small(void **state)
{
	_cleanup_free_ char *disk = scratch_script(*state, "disk", "data"),
			    *more = xprintf(", \"disks\": [{\"path\": \"%s\", \"size\": 10}]", disk);
	_cleanup_free_ char *message = check("", more);

	has(message, "has 0 MiB, less than the 10");
}

static void scripts_must_be_executable(void **state)
{
	struct scratch *scratch = *state;
	_cleanup_free_ char *plain = scratch_file(scratch, "plain", "#!/bin/sh\n", 10, 0644),
			    *good = scratch_script(scratch, "good", "#!/bin/sh\n");
	_cleanup_free_ char *nics = xprintf(", \"nics\": [{\"mode\": \"ext\", \"script\": \"%s\"}, "
					    "{\"mode\": \"bridged\", \"link\": \"nobridge\", \"script\": \"%s\"}]",
					    plain, good);
	_cleanup_free_ char *message = check("", nics);

	has(message, "nics[0].script");
	has(message, "is not executable");
	assert_null(strstr(message, "nics[1]"));
	_cleanup_free_ char *setting = xprintf("{\"nic_script\": \"%s\"}", good);
	_cleanup_free_ char *by_setting = check_with(setting, "", ", \"nics\": [{\"mode\": \"ext\"}]", NULL);
	assert_string_equal(by_setting, "");
}

static void a_link_that_is_no_bridge(void **state)
{
	_cleanup_free_ char *message = check("", ", \"nics\": [{\"mode\": \"bridged\", \"link\": \"lo\"}]");

	(void)state;
	has(message, "nics[0].link: \"lo\" is no bridge");
}

static void the_binary_is_asked(void **state)
{
	_cleanup_probe_ struct probe *probe = probe_7_2();
	_cleanup_free_ char *caps = check_with("{}", ", \"migration_caps\": \"xbzrle:warp-drive\"", "", probe);
	_cleanup_free_ char *fine = check_with("{}", ", \"migration_caps\": \"xbzrle:postcopy-ram\"", "", probe);

	(void)state;
	has(caps, "hvparams.migration_caps");
	has(caps, "\"warp-drive\"");
	assert_null(strstr(caps, "\"xbzrle\""));
	assert_string_equal(fine, "");
}

static void facts_of_a_simple_spec(void **state)
{
	struct scratch *scratch = *state;
	_cleanup_free_ char *disk = scratch_script(scratch, "disk", "data"),
			    *more = xprintf(", \"disks\": [{\"path\": \"%s\"}]", disk);
	_cleanup_settings_ struct settings *settings = settings_of("{}");
	_cleanup_spec_ struct spec *spec =
		spec_of(settings, ", \"kvm_flag\": \"disabled\", \"vnc_bind_address\": \"lo\"", more);
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *loopback = NULL;
	struct facts facts;

	if (link_address("lo", 0, &loopback, &err) < 0)
		skip();
	assert_int_equal(facts_gather(spec, &facts, &err), 0);
	assert_int_equal(facts.n_disks, 1);
	assert_string_equal(facts.disks[0].layers[0].path, disk);
	assert_false(facts.disks[0].shared_fs);
	assert_string_equal(facts.vnc_address, loopback);
	assert_string_equal(facts.spice_address, "");
	assert_false(facts.kvm);
	assert_string_not_equal(facts.kvm_why, "");
	assert_int_equal(facts.uid, geteuid());
	facts_free(&facts);
}

static void facts_name_what_they_lack(void **state)
{
	_cleanup_settings_ struct settings *settings = settings_of("{}");
	_cleanup_spec_ struct spec *spec = spec_of(settings, "", ", \"disks\": [{\"path\": \"/no/disk\"}]");
	_cleanup_error_ struct error err = ERROR_INIT;
	struct facts facts;

	(void)state;
	assert_int_equal(facts_gather(spec, &facts, &err), -1);
	has(err.message, "disks[0].path");
	has(err.message, "/no/disk");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_plain_spec_passes),
		TEST(all_problems_come_at_once),
		TEST(binary_must_be_executable),
		TEST(passwords_are_looked_at_and_never_shown),
		TEST(interfaces_and_directories_of_vnc),
		TEST(certificates_must_be_complete),
		TEST(one_image_is_not_two_disks),
		TEST(a_disk_that_is_too_small),
		TEST(scripts_must_be_executable),
		TEST(a_link_that_is_no_bridge),
		TEST(the_binary_is_asked),
		TEST(facts_of_a_simple_spec),
		TEST(facts_name_what_they_lack),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
