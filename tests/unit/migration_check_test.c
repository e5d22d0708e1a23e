/* The pure part of the pre-flight, against what three QEMUs said of themselves; and who may use userfaultfd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/strv.h"
#include "fixture.h"
#include "host/port.h"
#include "host/userfault.h"
#include "scratch.h"
#include "spec_text.h"
#include "vm/migration_check.h"
#include "vm/migration_tls.h"

static struct probe *probe_of(const char *version)
{
	_cleanup_json_ struct json *answers = fixture_answers(version);
	_cleanup_error_ struct error err = ERROR_INIT;
	struct probe *probe = NULL;

	if (probe_from_answers(answers, &probe, &err) < 0)
		fail_msg("%s", err.message);
	return probe;
}

/* A guest that nothing is wrong with, and a host that is as good: each test spoils something. */
struct scene {
	struct probe *probe;
	struct settings *settings;
	struct spec *spec;
	struct facts facts;
	struct migration_info info;
	struct migration_disk disks[1];
	struct migration_check check;
};

static struct scene *scene_new(const char *version, const char *spec, const char *settings)
{
	struct scene *s = xcalloc(1, sizeof(*s));

	s->probe = probe_of(version);
	s->settings = settings_of(settings);
	s->spec = spec_of(spec, s->settings);
	s->facts = (struct facts){ .as_root = true, .kvm = true, .kvm_gid = (gid_t)-1 };
	s->info = (struct migration_info){ .accelerator = xstrdup("kvm"),
					   .host_cpu = xstrdup(""),
					   .qemu_version = xstrdup("7.2.22") };
	s->info.terms.compression = xstrdup("none");
	s->info.qemu_capabilities = json_new_array();
	for (size_t i = 0; s->probe->migration_caps[i]; i++)
		json_append_string(s->info.qemu_capabilities, s->probe->migration_caps[i]);
	s->info.disks = s->disks;
	s->info.n_disks = s->spec->n_disks;
	s->check = (struct migration_check){ .info = &s->info,
					     .spec = s->spec,
					     .settings = s->settings,
					     .probe = s->probe,
					     .facts = &s->facts,
					     .host_cpu = "",
					     .userfaultfd = true };
	return s;
}

static void scene_free(struct scene *s)
{
	free(s->info.accelerator), free(s->info.host_cpu), free(s->info.qemu_version);
	json_free(s->info.qemu_capabilities);
	migration_terms_clear(&s->info.terms);
	spec_free(s->spec);
	settings_free(s->settings);
	probe_free(s->probe);
	free(s);
}

/* Everything that is said, or "". Owned by the caller. */
static char *said(const struct scene *s, bool *ret_tls)
{
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;

	migration_check_pure(&s->check, ret_tls, &problems);
	return problems_to_error(&problems, ERROR_HOST, "x", &err) < 0 ? xstrdup(err.message) : xstrdup("");
}

static void expect_said(const struct scene *s, const char *words)
{
	bool tls;
	_cleanup_free_ char *text = said(s, &tls);

	if (!*words ? *text : !strstr(text, words))
		fail_msg("\"%s\" is not in: %s", words, text);
}

#define WEB1 "{\"name\": \"web1\", \"maxmem\": 64}"

static void nothing_is_wrong(void **state)
{
	(void)state;
	for (size_t v = 0; v < FIXTURE_VERSIONS; v++) {
		struct scene *s = scene_new(fixture_versions[v], WEB1, "{}");
		expect_said(s, "");
		s->info.terms.post_copy = true;
		s->info.terms.xbzrle = true;
		expect_said(s, "");
		scene_free(s);
	}
}

static void accelerators_must_be_equal(void **state)
{
	(void)state;
	struct scene *s = scene_new("7.2", WEB1, "{}");
	char why[] = "no /dev/kvm here";

	s->facts.kvm = false;
	s->facts.kvm_why = why;
	expect_said(s, "no /dev/kvm here");
	text_replace(&s->info.accelerator, "tcg");
	expect_said(s, "");
	s->facts.kvm = true;
	expect_said(s, "would run with KVM here");
	scene_free(s);
	s = scene_new("7.2", "{\"name\": \"web1\", \"maxmem\": 64, \"hvparams\": {\"kvm_flag\": \"disabled\"}}", "{}");
	text_replace(&s->info.accelerator, "tcg");
	expect_said(s, "");
	scene_free(s);
}

static void the_cpu_of_the_host(void **state)
{
	(void)state;
	struct scene *s = scene_new("7.2", WEB1, "{}");

	text_replace(&s->info.host_cpu, "EPYC 1");
	expect_said(s, ""); /* nobody knows this one */
	s->check.host_cpu = "EPYC 1";
	expect_said(s, "");
	s->check.host_cpu = "Xeon 2";
	expect_said(s, "hvparams.cpu_type: \"host\"");
	scene_free(s);
}

static void capabilities_of_both_sides(void **state)
{
	(void)state;
	struct scene *s = scene_new("5.2", WEB1, "{}");

	strv_add(&s->info.terms.capabilities, "zero-copy-send");
	expect_said(s, "of this host does not know \"zero-copy-send\"");
	expect_said(s, "QEMU 7.2.22 of the source does not know \"zero-copy-send\"");
	scene_free(s);
	s = scene_new("7.2", WEB1, "{}");
	s->info.terms.channels = 4;
	expect_said(s, "");
	json_free(s->info.qemu_capabilities);
	s->info.qemu_capabilities = json_new_array();
	expect_said(s, "of the source does not know \"multifd\"");
	scene_free(s);
}

static void compressions_that_are_built_in(void **state)
{
	(void)state;
	for (size_t v = 0; v < FIXTURE_VERSIONS; v++) {
		struct scene *s = scene_new(fixture_versions[v], WEB1, "{}");
		s->info.terms.channels = 2;
		text_replace(&s->info.terms.compression, "zlib");
		expect_said(s, "");
		text_replace(&s->info.terms.compression, "zstd");
		expect_said(s, v == 0 ? "is built without \"zstd\", it has: none zlib" : "");
		scene_free(s);
	}
}

static void post_copy_needs_userfaultfd(void **state)
{
	(void)state;
	static const char *const models[] = { "none", "pool" };

	for (size_t i = 0; i < ELEMENTS(models); i++) {
		_cleanup_free_ char *spec = xprintf(
			"{\"name\": \"web1\", \"maxmem\": 64, \"hvparams\": {\"security_model\": \"%s\"}}", models[i]);
		struct scene *s = scene_new("7.2", spec, "{\"uid_pool\": \"610000-610999\"}");
		s->check.userfaultfd = false;
		expect_said(s, "");
		s->info.terms.post_copy = true;
		expect_said(s, "sysctl vm.unprivileged_userfaultfd=1");
		expect_said(s, models[i]);
		scene_free(s);
	}
	struct scene *s = scene_new("10.0", WEB1, "{}");
	s->check.userfaultfd = false;
	s->info.terms.post_copy = true;
	expect_said(s, "/dev/userfaultfd");
	scene_free(s);
}

static void unsafe_caches(void **state)
{
	(void)state;
	struct scene *s = scene_new(
		"7.2",
		"{\"name\": \"web1\", \"maxmem\": 64, \"disks\": [{\"path\": \"/srv/a\", \"cache\": \"unsafe\"}]}",
		"{}");

	expect_said(s, "disks[0].cache");
	s->disks[0].copied = true;
	expect_said(s, "");
	scene_free(s);
}

#define TLS(mode) "{\"migration_tls\": {\"mode\": \"" mode "\", \"cacert\": \"/a\", \"cert\": \"/b\", \"key\": \"/c\"}}"

static void what_is_behind_the_nics(void **state)
{
	static const char mac[] = "aa:00:00:00:00:01";
	static const struct {
		const char *here, *there, *said;
	} cases[] = {
		{ "user", "user", "" },
		{ "bridged", "bridged", "" },
		{ "bridged", "", "" },
		{ "ext", "openvswitch", "" },
		{ "user", "", "nics[0].mode: \"user\" here, and \"bridged\" where the guest is" },
		{ "user", "ext", "\"user\" here, and \"ext\" where" },
		{ "bridged", "user", "\"bridged\" here, and \"user\" where the guest is" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_free_ char *here = xprintf("{\"name\": \"web1\", \"maxmem\": 64, \"nics\": [{\"mac\": \"%s\", "
						    "\"mode\": \"%s\", \"link\": \"%s\", \"script\": \"%s\"}]}",
						    mac, cases[i].here, streq(cases[i].here, "bridged") ? "br0" : "",
						    streq(cases[i].here, "ext") ? "/bin/true" : "");
		struct json *nic = json_new_object(), *nics = json_new_array();
		struct scene *s = scene_new("7.2", here, "{}");

		if (*cases[i].there)
			json_put_string(nic, "mode", cases[i].there);
		json_append(nics, nic);
		s->info.spec = json_new_object();
		json_put(s->info.spec, "nics", nics);
		expect_said(s, cases[i].said);
		json_free(s->info.spec);
		scene_free(s);
	}
}

static void tls_is_agreed_on(void **state)
{
	static const struct {
		const char *settings;
		bool offered, required, tls;
		const char *said;
	} cases[] = {
		{ "{}", false, false, false, "" },
		{ "{}", true, false, false, "" },
		{ "{}", true, true, false, "tls: the source host requires TLS" },
		{ TLS("on"), false, false, false, "" },
		{ TLS("on"), true, false, true, "" },
		{ TLS("required"), true, true, true, "" },
		{ TLS("required"), false, false, false, "tls: this host requires TLS" },
	};
	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		struct scene *s = scene_new("7.2", WEB1, cases[i].settings);
		bool tls = false;
		s->info.terms.tls = cases[i].offered;
		s->info.tls_required = cases[i].required;
		_cleanup_free_ char *text = said(s, &tls);
		expect_said(s, cases[i].said);
		if (!*cases[i].said)
			assert_int_equal(tls, cases[i].tls);
		scene_free(s);
	}
}

static void tls_that_a_source_offers(void **state)
{
	static const struct {
		const char *settings;
		bool credentials;
		int option;
		enum error_kind kind;
		bool tls, required;
	} cases[] = {
		{ "{}", false, -1, ERROR_NONE, false, false },
		{ "{}", false, MIGRATION_TLS_ON, ERROR_NONE, false, false },
		{ "{}", false, MIGRATION_TLS_REQUIRED, ERROR_SPEC, false, false },
		{ TLS("on"), true, -1, ERROR_NONE, true, false },
		{ TLS("on"), true, MIGRATION_TLS_OFF, ERROR_NONE, false, false },
		{ TLS("on"), true, MIGRATION_TLS_REQUIRED, ERROR_NONE, true, true },
		{ TLS("on"), false, -1, ERROR_NONE, false, false },
		{ TLS("on"), false, MIGRATION_TLS_REQUIRED, ERROR_STATE, false, false },
		{ TLS("required"), true, -1, ERROR_NONE, true, true },
		{ TLS("required"), false, -1, ERROR_STATE, false, false },
		{ TLS("required"), true, MIGRATION_TLS_ON, ERROR_USAGE, false, false },
		{ TLS("required"), true, MIGRATION_TLS_OFF, ERROR_USAGE, false, false },
	};
	char qemu[] = "qemu", object[] = "-object",
	     with[] = "{\"qom-type\":\"tls-creds-x509\",\"id\":\"" MIGRATION_TLS_CLIENT "\"}";
	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_settings_ struct settings *settings = settings_of(cases[i].settings);
		_cleanup_error_ struct error err = ERROR_INIT;
		char *argv[] = { qemu, cases[i].credentials ? object : NULL, with, NULL };
		bool tls = false, required = false;
		int result = migration_tls_offer(settings, argv, cases[i].option, &tls, &required, &err);
		if (result != (cases[i].kind ? -1 : 0) || err.kind != cases[i].kind || tls != cases[i].tls ||
		    required != cases[i].required)
			fail_msg("case %zu: %d %s", i, result, err.message ? err.message : "");
	}
}

/* --- the machine type: the plan decides it by the answers --- */

static char *planned(const char *version, const char *machine)
{
	struct scene *s = scene_new(version, WEB1, "{}");
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *addresses = json_new_object(), *hv = json_new_object();
	char empty[] = "";
	struct hardware hardware = { .machine = xstrdup(machine), .addresses = addresses, .hv = hv };
	s->facts.kvm_why = s->facts.vnc_address = s->facts.spice_address = s->facts.firmware_code =
		s->facts.firmware_vars = empty;
	const struct plan_input input = { .spec = s->spec,
					  .settings = s->settings,
					  .probe = s->probe,
					  .facts = &s->facts,
					  .recorded = &hardware,
					  .paths = { .chroot = "/c", .variables = "/v", .ctrl_dir = "/d" },
					  .incoming = true };
	plan_free(plan_collect(&input, &problems));
	free(hardware.machine);
	scene_free(s);
	return problems_to_error(&problems, ERROR_HOST, "x", &err) < 0 ? xstrdup(err.message) : xstrdup("");
}

/* A guest goes where its machine type is known: to the same QEMU or a newer one here, not to an older one. */
static void between_versions(void **state)
{
	static const char *const families[] = { "pc-i440fx", "pc-q35" };
	(void)state;
	for (size_t f = 0; f < ELEMENTS(families); f++)
		for (size_t from = 0; from < FIXTURE_VERSIONS; from++)
			for (size_t to = 0; to < FIXTURE_VERSIONS; to++) {
				_cleanup_free_ char *machine = xprintf("%s-%s", families[f], fixture_versions[from]);
				_cleanup_free_ char *known =
					xprintf("which has: %s-%s", families[f], fixture_versions[to]);
				_cleanup_free_ char *text = planned(fixture_versions[to], machine);
				if (from <= to ? *text : !strstr(text, machine) || !strstr(text, known))
					fail_msg("%s to %s: %s", machine, fixture_versions[to], text);
			}
}

/* --- the host --- */

static void who_may_use_userfaultfd(void **state)
{
	static const struct {
		const char *sysctl;
		mode_t mode;
		bool device, usable;
		uid_t uid;
		gid_t gid, group;
	} cases[] = {
		{ "1\n", 0600, false, true, 610000, 610000, (gid_t)-1 }, /* everybody */
		{ "0\n", 0600, false, false, 0, 0, (gid_t)-1 }, /* root without capabilities, by the system call */
		{ "0\n", 0600, true, true, 0, 0, (gid_t)-1 },   /* and by the device */
		{ "0\n", 0600, true, false, 610000, 610000, 0 },
		{ "0\n", 0660, true, true, 610000, 610000, 0 },     /* one of its groups */
		{ "0\n", 0660, false, false, 610000, 610000, 0 },   /* a QEMU that does not know it, or in a chroot */
		{ "0\n", 0606, true, false, 610000, 0, (gid_t)-1 }, /* the group comes first */
		{ "0\n", 0666, true, true, 610000, 610000, (gid_t)-1 },
		{ "0\n", 0640, true, false, 610000, 0, (gid_t)-1 }, /* reading is not enough */
		{ NULL, 0666, false, false, 0, 0, (gid_t)-1 },
	};
	const struct scratch *scratch = *state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_free_ char *sysctl = xprintf("%s/sysctl%zu", scratch->dir, i),
				    *device = xprintf("%s/device%zu", scratch->dir, i);
		const struct userfault_places places = { sysctl, device };
		const struct userfault_who who = { cases[i].uid, cases[i].gid, cases[i].group, cases[i].device };
		_cleanup_error_ struct error err = ERROR_INIT;
		if (cases[i].sysctl)
			assert_int_equal(file_write_at(AT_FDCWD, sysctl, cases[i].sysctl, 2, 0644, false, &err), 0);
		assert_int_equal(file_write_at(AT_FDCWD, device, "", 0, 0600, false, &err), 0);
		assert_int_equal(chmod(device, cases[i].mode), 0);
		if (userfault_usable(&places, &who) != cases[i].usable)
			fail_msg("case %zu", i);
	}
}

static void ports(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(at);
	_cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &length), 0);
	int port = ntohs(at.sin_port);
	assert_false(port_is_free("127.0.0.1", port));
	assert_false(port_is_free("", port));
	assert_true(port_is_free("host.example.com", port));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_wrong),
		cmocka_unit_test(accelerators_must_be_equal),
		cmocka_unit_test(the_cpu_of_the_host),
		cmocka_unit_test(capabilities_of_both_sides),
		cmocka_unit_test(compressions_that_are_built_in),
		cmocka_unit_test(post_copy_needs_userfaultfd),
		cmocka_unit_test(unsafe_caches),
		cmocka_unit_test(what_is_behind_the_nics),
		cmocka_unit_test(tls_is_agreed_on),
		cmocka_unit_test(tls_that_a_source_offers),
		cmocka_unit_test(between_versions),
		cmocka_unit_test_setup_teardown(who_may_use_userfaultfd, scratch_setup, scratch_teardown),
		cmocka_unit_test(ports),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
