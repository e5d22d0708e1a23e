/* vm/spec: reading, derived values, names, and what disks and NICs may say. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "spec_text.h"

static void test_the_least_spec(void **state)
{
	(void)state;
	_cleanup_spec_ struct spec *spec = spec_of("{\"name\": \"web1\", \"maxmem\": 512}", NULL);
	assert_string_equal(spec->name, "web1");
	assert_int_equal(spec->vcpus, 1);
	assert_int_equal(spec->maxmem, 512);
	assert_int_equal(spec->minmem, 512);
	assert_int_equal(spec->n_disks, 0);
	assert_int_equal(spec->n_nics, 0);
	assert_null(spec->tags);
	assert_null(spec->metadata);
	assert_false(spec->autostart);
	assert_string_equal(spec->hv.security_model, "none");
}

static const char full[] =
	"{\"name\": \"web1.example.com\", \"uuid\": \"0F1B9CF2-8f2d-4a50-9a5e-0d0a6f7f9b11\", \"title\": \"t\","
	" \"description\": \"two\\nlines\", \"metadata\": {\"a\": [1]}, \"vcpus\": 2, \"maxmem\": 1024, \"minmem\": "
	"512,"
	" \"hvparams\": {\"acpi\": false, \"io_threads\": 2},"
	" \"disks\": [{\"path\": \"/dev/vg0/web1\", \"format\": \"qcow2\", \"mode\": \"ro\", \"shared\": true, "
	"\"serial\": \"s1\","
	"   \"cache\": \"none\", \"aio\": \"native\", \"discard\": \"unmap\", \"iothread\": 1, \"bootindex\": 3, "
	"\"size\": 10},"
	"   {\"path\": \"nbd://storage/web1\", \"secret_file\": \"/etc/s\"}],"
	" \"nics\": [{\"mac\": \"AA:00:00:35:AC:23\", \"mode\": \"routed\", \"link\": \"100\", \"ip\": "
	"\"198.51.100.4\","
	"   \"ip6\": \"2001:DB8::0:4\", \"network\": {\"name\": \"lan\", \"subnet\": \"198.51.100.0/24\", \"gateway\": "
	"\"198.51.100.1\","
	"   \"network6\": \"2001:db8:0::/64\", \"gateway6\": \"2001:db8::1\", \"mac_prefix\": \"AA:00:00\", \"tags\": "
	"[\"a\", \"b\"]},"
	"   \"queues\": 2, \"mtu\": 9000, \"script\": \"/x\", \"name\": \"n\", \"uuid\": \"\", \"link_state\": "
	"\"down\"}],"
	" \"network_port\": 11002, \"tags\": [\"web\", \"x:y\"], \"autostart\": true, \"hooks\": {\"started\": "
	"\"/h\"}}";

static void test_every_key(void **state)
{
	(void)state;
	_cleanup_spec_ struct spec *spec = spec_of(full, NULL);
	const struct disk *disk = &spec->disks[0];
	const struct nic *nic = &spec->nics[0];
	assert_string_equal(spec->uuid, "0f1b9cf2-8f2d-4a50-9a5e-0d0a6f7f9b11");
	assert_string_equal(spec->description, "two\nlines");
	assert_false(spec->hv.acpi);
	assert_true(spec->hv.given[HV_acpi]);
	assert_true(spec->autostart);
	assert_string_equal(spec->tags[1], "x:y");
	assert_string_equal(json_get_string(spec->hooks, "started", ""), "/h");

	assert_int_equal(spec->n_disks, 2);
	assert_true(disk->read_only);
	assert_int_equal(disk->shared, DISK_SHARED_TRUE);
	assert_int_equal(disk->iothread, 1);
	assert_int_equal(disk->bootindex, 3);
	assert_string_equal(disk_aio(spec, disk), "native");
	assert_string_equal(disk_aio(spec, &spec->disks[1]), "threads");
	assert_int_equal(spec->disks[1].shared, DISK_SHARED_AUTO);
	assert_int_equal(spec->disks[1].bootindex, -1);

	assert_string_equal(nic->mac, "aa:00:00:35:ac:23");
	assert_int_equal(nic->mode, NIC_ROUTED);
	assert_string_equal(nic->ip6, "2001:db8::4");
	assert_string_equal(nic->network.network6, "2001:db8::/64");
	assert_string_equal(nic->network.mac_prefix, "aa:00:00");
	assert_string_equal(nic->network.tags, "a b");
	assert_int_equal(nic_queues(spec, nic), 2);
	assert_false(nic->link_up);
}

/* What is printed can be read again and says the same: no key is lost on the way. */
static void test_to_json_and_back(void **state)
{
	(void)state;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_spec_ struct spec *spec = spec_of(full, NULL), *again = NULL;
	_cleanup_json_ struct json *first = spec_to_json(spec);
	assert_int_equal(spec_from_json(first, "again", "web1.example.com", NULL, &again, &err), 0);
	_cleanup_json_ struct json *second = spec_to_json(again);
	assert_true(json_equal(first, second));
	assert_true(json_equal(first, again->source));
}

static void test_derived_values_stay(void **state)
{
	static const char text[] =
		"{\"name\": \"web1\", \"maxmem\": 512, \"nics\": [{\"link\": \"br0\"}, {\"link\": \"br0\","
		" \"network\": {\"mac_prefix\": \"aa:00:00\"}}]}";
	(void)state;
	_cleanup_spec_ struct spec *spec = spec_of(text, NULL);
	/* guests know themselves by these: they may never change */
	assert_string_equal(spec->uuid, "12c3c3be-5753-5f3c-9f97-a1932ba784e3");
	assert_string_equal(spec->nics[0].mac, "52:54:00:a7:a6:f4");
	assert_true(starts_with(spec->nics[1].mac, "aa:00:00:"));
	assert_string_not_equal(spec->nics[0].mac + 9, spec->nics[1].mac + 9);
}

static void test_names(void **state)
{
	static const char *const bad[] = { "", ".x", "-x", "_x", "a/b", "..", "a b", "a\nb", "\xc3\xa4" };
	char longest[202];
	(void)state;
	memset(longest, 'a', 201);
	longest[201] = '\0';
	assert_false(instance_name_valid(longest));
	longest[200] = '\0';
	assert_true(instance_name_valid(longest));
	assert_true(instance_name_valid("Web-1.example_com"));
	for (size_t i = 0; i < ELEMENTS(bad); i++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		assert_false(instance_name_valid(bad[i]));
		assert_int_equal(instance_name_check(bad[i], &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
		assert_non_null(err.hint);
	}
}

static void test_the_expected_name(void **state)
{
	(void)state;
	_cleanup_error_ struct error err = ERROR_INIT;
	struct spec *spec = NULL;
	static const char text[] = "{\"name\": \"web1\", \"maxmem\": 512}";
	assert_int_equal(spec_parse(text, strlen(text), "spec", "web2", NULL, &spec, &err), -1);
	assert_int_equal(err.kind, ERROR_SPEC);
	assert_string_equal(err.message, "spec: name: is \"web1\", but the instance is called \"web2\"");
}

static void test_defaults_of_the_settings(void **state)
{
	(void)state;
	_cleanup_settings_ struct settings *settings =
		settings_of("{\"uid_pool\": \"610000-610999\", \"defaults\": {\"acpi\": false, \"machine\": \"q35\"}}");
	_cleanup_spec_ struct spec *spec =
		spec_of("{\"name\": \"a\", \"maxmem\": 1, \"hvparams\": {\"machine\": \"pc\"}}", settings);
	assert_string_equal(spec->hv.security_model, "pool");
	assert_false(spec->hv.acpi);
	assert_false(spec->hv.given[HV_acpi]);
	assert_string_equal(spec->hv.machine, "pc");
}

/* All of a spec that has much wrong, in the order in which it is found. */
static void test_all_problems_at_once(void **state)
{
	static const char text[] =
		"{\"nam\": \"web1\", \"maxmem\": \"x\", \"vcpus\": 0, \"boot_order\": \"disk\", \"nics\": [{\"mode\": "
		"\"routet\"},"
		" {\"link\": \"br0\", \"filter\": 1, \"mac\": \"xx\"}], \"disks\": [{\"path\": \"dev/x\"}, {}, 7],"
		" \"hvparams\": {\"acpii\": true, \"keymap\": null}, \"hooks\": {\"startd\": \"/x\", \"stopped\": "
		"\"x\"}, \"tags\": null}";
	static const char wanted[] =
		"spec: 17 problems:\n"
		"  nam: unknown key; did you mean \"name\"?\n"
		"  maxmem: must be a whole number, without quotes and unit, not string\n"
		"  vcpus: 0 is out of range (1 to 1024)\n"
		"  boot_order: unknown key; it is a hypervisor parameter and belongs into \"hvparams\"\n"
		"  tags: must be an array of words, not null; leave the key out for its default\n"
		"  name: is missing\n"
		"  hvparams.acpii: unknown key; did you mean \"acpi\"?\n"
		"  hvparams.keymap: must be text, not null; leave the key out for its default\n"
		"  disks[1].path: is missing\n"
		"  disks[2]: must be of type object, not integer\n"
		"  nics[0].mode: \"routet\" is none of bridged, routed, openvswitch, user, ext; did you mean "
		"\"routed\"?\n"
		"  nics[1].filter: must be the name of a filter, or an object, not integer\n"
		"  nics[1].mac: \"xx\" is no MAC address of one device (aa:00:00:35:ac:23)\n"
		"  hooks.startd: unknown key; did you mean \"started\"?\n"
		"  hooks.stopped: \"x\" is no absolute path\n"
		"  disks[0].path: \"dev/x\" is neither an absolute path nor a URI\n"
		"  nics[0].link: is missing: mode \"bridged\" needs the name of a bridge";
	(void)state;
	_cleanup_free_ char *problems = spec_problems(text, NULL);
	assert_string_equal(problems, wanted);
}

struct trial {
	const char *members;
	const char *problem; /* NULL: valid */
};

static void run(const struct trial *trials, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *text = spec_with(trials[i].members);
		_cleanup_free_ char *problems = spec_problems(text, NULL);
		_cleanup_free_ char *wanted =
			trials[i].problem ? xprintf("spec: %s", trials[i].problem) : xstrdup("valid");
		assert_string_equal(problems ? problems : "valid", wanted);
	}
}

static void test_disks(void **state)
{
	static const struct trial trials[] = {
		{ "\"disks\": [{\"path\": \"/d\"}, {\"path\": \"/d\"}]",
		  "disks[1]: \"/d\" is disks[0] already, and one of them is writable" },
		{ "\"disks\": [{\"path\": \"/d\"}, {\"path\": \"/d\", \"mode\": \"ro\"}]",
		  "disks[1]: \"/d\" is disks[0] already, and one of them is writable" },
		{ "\"disks\": [{\"path\": \"/d\", \"mode\": \"ro\"}, {\"path\": \"/d\", \"mode\": \"ro\"}]", NULL },
		{ "\"disks\": [{\"path\": \"/d\", \"shared\": true}, {\"path\": \"/d\", \"shared\": \"true\"}]", NULL },
		{ "\"disks\": [{\"path\": \"/d\", \"bootindex\": 1}, {\"path\": \"/e\", \"bootindex\": 1}]",
		  "disks[1]: bootindex 1 is that of disks[0] already" },
		{ "\"disks\": [{\"path\": \"\"}]", "disks[0].path: is empty" },
		{ "\"disks\": [{\"path\": \"/d\", \"secret_file\": \"/s\"}]",
		  "disks[0].secret_file: is only for a disk with a URI" },
		{ "\"disks\": [{\"path\": \"/d\", \"format\": \"vmdk\"}]",
		  "disks[0].format: \"vmdk\" is none of raw, qcow2" },
		{ "\"disks\": [{\"path\": \"/d\", \"iothread\": 0}]",
		  "disks[0].iothread: 0 does not exist: hvparams.io_threads is 0" },
		{ "\"disks\": [{\"path\": \"/d\", \"aio\": \"native\"}]",
		  "disks[0].aio: \"native\" needs cache \"none\", but it is \"default\"" },
		{ "\"disks\": [{\"path\": \"/d\", \"serial\": \"123456789012345678901\"}]",
		  "disks[0].serial: is 21 bytes long; disk_type \"paravirtual\" shows 20" },
		{ "\"disks\": [{\"path\": \"/d\", \"mode\": \"ro\"}], \"hvparams\": {\"disk_type\": \"ide\"}",
		  "disks[0].mode: \"ro\" is nothing that disks of disk_type \"ide\" can be" },
		{ "\"disks\": [{\"path\": \"/d\", \"shared\": 1}]", "disks[0].shared: must be text, not integer" },
		{ "\"disks\": {}", "disks: must be of type array, not object" },
		{ "\"disks\": null", "disks: must not be null; leave the key out" },
	};
	(void)state;
	run(trials, ELEMENTS(trials));
}

static void test_a_secret_in_a_uri_is_not_shown(void **state)
{
	(void)state;
	_cleanup_free_ char *text = spec_with("\"disks\": [{\"path\": \"https://joe:sesame@example.com/x\"}]");
	_cleanup_free_ char *problems = spec_problems(text, NULL);
	assert_non_null(problems);
	assert_true(starts_with(problems, "spec: disks[0].path: "));
	assert_null(strstr(problems, "sesame"));
}

#define LIMITED(rates) "\"nics\": [{\"link\": \"br0\", \"bandwidth\": {" rates "}}]"

static void test_bandwidth(void **state)
{
	static const struct trial trials[] = {
		{ LIMITED(""), NULL },
		{ LIMITED("\"inbound\": {\"average\": 0}"), NULL },
		{ LIMITED("\"inbound\": {\"average\": 16777216, \"peak\": 16777216, \"burst\": 1048576}, \"outbound\": "
			  "{\"average\": 1, \"burst\": 200}"),
		  NULL },
		{ LIMITED("\"inbound\": {}"), "nics[0].bandwidth.inbound.average: is missing" },
		{ LIMITED("\"inbound\": {\"average\": 0, \"burst\": 5}"),
		  "nics[0].bandwidth.inbound: has no average, which peak and burst go with" },
		{ LIMITED("\"inbound\": {\"average\": 16777217}"),
		  "nics[0].bandwidth.inbound.average: 16777217 is out of range (0 to 16777216)" },
		{ LIMITED("\"outbound\": {\"average\": -1}"),
		  "nics[0].bandwidth.outbound.average: -1 is out of range (0 to 16777216)" },
		{ LIMITED("\"outbound\": {\"average\": \"10\"}"),
		  "nics[0].bandwidth.outbound.average: must be a whole number, without quotes and unit, not string" },
		{ LIMITED("\"outbound\": {\"average\": 10, \"peak\": 9}"),
		  "nics[0].bandwidth.outbound.peak: 9 is less than the average, 10" },
		{ LIMITED("\"inbound\": {\"average\": 1, \"burst\": 201}"),
		  "nics[0].bandwidth.inbound.burst: 201 takes more than 200 seconds at the average, 1" },
		{ LIMITED("\"inbound\": {\"average\": 1, \"floor\": 1}"),
		  "nics[0].bandwidth.inbound.floor: a guaranteed minimum is a matter of the link that all guests "
		  "share; kvmctl sets limits on the TAP of "
		  "one guest only" },
		{ LIMITED("\"inbond\": {\"average\": 1}"),
		  "nics[0].bandwidth.inbond: unknown key; did you mean \"inbound\"?" },
		{ LIMITED("\"inbound\": 5"), "nics[0].bandwidth.inbound: must be of type object, not integer" },
		{ "\"nics\": [{\"mode\": \"user\", \"bandwidth\": {\"inbound\": {\"average\": 1}}}]",
		  "nics[0].bandwidth: mode \"user\" has no TAP on the host that could be limited" },
	};
	(void)state;
	run(trials, ELEMENTS(trials));
}

static void test_nics(void **state)
{
	static const struct trial trials[] = {
		{ "\"nics\": [{\"link\": \"br0\", \"mac\": \"aa:00:00:00:00:01\"}, {\"link\": \"br1\", \"mac\": "
		  "\"AA:00:00:00:00:01\"}]",
		  "nics[1]: mac aa:00:00:00:00:01 is that of nics[0] already" },
		{ "\"nics\": [{\"link\": \"br0\", \"mac\": \"01:00:5e:00:00:01\"}]",
		  "nics[0].mac: \"01:00:5e:00:00:01\" is no MAC address of one device (aa:00:00:35:ac:23)" },
		{ "\"nics\": [{\"link\": \"a-name-of-17-byte\"}]",
		  "nics[0].link: \"a-name-of-17-byte\" cannot be the name of a bridge" },
		{ "\"nics\": [{\"mode\": \"routed\"}]", "nics[0].mode: \"routed\" needs ip or ip6" },
		{ "\"nics\": [{\"mode\": \"routed\", \"ip\": \"198.51.100.4/24\"}]",
		  "2 problems:\n  nics[0].ip: \"198.51.100.4/24\" must be an address without a prefix length\n"
		  "  nics[0].mode: \"routed\" needs ip or ip6" },
		{ "\"nics\": [{\"mode\": \"routed\", \"ip\": \"198.51.100.4\", \"vlan\": 3}]",
		  "nics[0].vlan: is nothing that mode \"routed\" has" },
		{ "\"nics\": [{\"mode\": \"user\"}, {\"mode\": \"ext\", \"script\": \"/x\"}]", NULL },
		{ "\"nics\": [{\"mode\": \"user\", \"queues\": 2}]",
		  "nics[0].queues: mode \"user\" has one queue only" },
		{ "\"nics\": [{\"mode\": \"openvswitch\", \"link\": \"br0\", \"vlan\": 4095}]",
		  "nics[0].vlan: 4095 is out of range (0 to 4094)" },
		{ "\"nics\": [{\"link\": \"br0\", \"queues\": 2}], \"hvparams\": {\"nic_type\": \"e1000\"}",
		  "nics[0].queues: 2 queues need nic_type \"paravirtual\", but it is \"e1000\"" },
		{ "\"nics\": [{\"link\": \"br0\", \"mtu\": 60}]", "nics[0].mtu: 60 is too small; 68 is the least" },
		{ "\"nics\": [{\"link\": \"br0\", \"network\": {\"subnett\": \"\"}}]",
		  "nics[0].network.subnett: unknown key; did you mean \"subnet\"?" },
		{ "\"nics\": [{\"link\": \"br0\", \"network\": {\"subnet\": \"198.51.100.0\"}}]",
		  "nics[0].network.subnet: \"198.51.100.0\" is no IPv4 subnet (198.51.100.0/24)" },
		{ "\"nics\": [{\"link\": \"br0\", \"network\": {\"mac_prefix\": \"aa:00\"}}]",
		  "nics[0].network.mac_prefix: \"aa:00\" is no prefix of three octets of a MAC address (aa:00:00)" },
	};
	(void)state;
	run(trials, ELEMENTS(trials));
}

/* NWF-2, NWF-3, NWF-4, NWF-7, NWF-60: what is no name, no value, or on no bridge is said with its place. */
static void test_filters(void **state)
{
#define NIC(rest) "\"nics\": [{\"link\": \"br0\", " rest "}]"
	static const struct trial trials[] = {
		{ NIC("\"filter\": \"clean-traffic\", \"security_groups\": [\"web\", \"ssh\"]"), NULL },
		{ NIC("\"filter\": \"\", \"security_groups\": []"), NULL },
		{ NIC("\"filter\": {\"name\": \"f\", \"parameters\": {\"IP\": [\"10.0.0.1\", \"10.0.0.2\"], \"PORT\": "
		      "22, \"V6\": \"fe80::1\"}}"),
		  NULL },
		{ NIC("\"filter\": 5"), "nics[0].filter: must be the name of a filter, or an object, not integer" },
		{ NIC("\"filter\": \"../f\""),
		  "nics[0].filter: \"../f\" is no name of a filter (1 to 128 letters, digits and _ . : + @ -, "
		  "the first neither '.' nor '-')" },
		{ NIC("\"filter\": {}"), "nics[0].filter.name: is missing" },
		{ NIC("\"filter\": {\"name\": \"f\", \"parameter\": {}}"),
		  "nics[0].filter.parameter: unknown key; did you mean \"parameters\"?" },
		{ NIC("\"filter\": {\"name\": \"f\", \"parameters\": []}"),
		  "nics[0].filter.parameters: must be of type object, not array" },
		{ NIC("\"filter\": {\"name\": \"f\", \"parameters\": {\"A-B\": \"1\", \"MAC\": \"aa:00:00:00:00:01\", "
		      "\"IP\": [], \"Q\": [\"a\", \"a/b\", true]}}"),
		  "5 problems:\n  nics[0].filter.parameters: \"A-B\" is no name of a parameter: letters, digits and "
		  "\"_\"\n"
		  "  nics[0].filter.parameters.MAC: is always the NIC's own mac: leave it out\n"
		  "  nics[0].filter.parameters.IP: is a list without a value\n"
		  "  nics[0].filter.parameters.Q[1]: \"a/b\" is no value of a parameter: letters, digits, \"_\", "
		  "\".\", \":\"\n"
		  "  nics[0].filter.parameters.Q[2]: must be text or a whole number, not true or false" },
		{ NIC("\"security_groups\": [\"web\", \"-web\", \"web\"]"),
		  "2 problems:\n  nics[0].security_groups[1]: \"-web\" is no name of a security group (1 to 64 "
		  "letters, digits and . _ -, "
		  "the first a letter or a digit)\n  nics[0].security_groups[2]: \"web\" is there already" },
		{ "\"nics\": [{\"mode\": \"user\", \"filter\": \"f\"}]",
		  "nics[0].filter: a NIC of mode \"user\" cannot be filtered: it is QEMU's own network, there is no "
		  "TAP" },
		{ "\"nics\": [{\"mode\": \"routed\", \"ip\": \"198.51.100.4\", \"security_groups\": [\"web\"]}]",
		  "nics[0].security_groups: a NIC of mode \"routed\" cannot be filtered: a TAP with routes is no port "
		  "of a bridge, where the rules are; "
		  "use mode \"bridged\"" },
		{ "\"nics\": [{\"mode\": \"openvswitch\", \"link\": \"br0\", \"filter\": \"f\"}]",
		  "nics[0].filter: a NIC of mode \"openvswitch\" cannot be filtered: frames of a switch of Open "
		  "vSwitch do not pass the kernel's "
		  "bridge, where the rules are; use its own flows" },
		{ "\"nics\": [{\"mode\": \"ext\", \"script\": \"/x\", \"filter\": \"f\"}]", NULL },
		{ "\"nics\": [{\"mode\": \"macvtap\", \"link\": \"br0\", \"filter\": \"f\"}]",
		  "nics[0].mode: \"macvtap\" is none of bridged, routed, openvswitch, user, ext" },
	};
#undef NIC
	(void)state;
	run(trials, ELEMENTS(trials));
}

static void test_instance(void **state)
{
	static const struct trial trials[] = {
		{ "\"minmem\": 513", "minmem: 513 is above maxmem, 512" },
		{ "\"uuid\": \"x\"", "uuid: \"x\" is no UUID (8-4-4-4-12 hexadecimal digits)" },
		{ "\"network_port\": 65536", "network_port: 65536 is out of range (0 to 65535)" },
		{ "\"tags\": [\"a b\"]",
		  "tags: \"a b\" is no word of letters, digits and _.+*/:@- of at most 128 bytes" },
		{ "\"tags\": [1]", "tags: \"\" is no word of letters, digits and _.+*/:@- of at most 128 bytes" },
		{ "\"tags\": \"a\"", "tags: must be an array of words, not string" },
		{ "\"title\": \"a\\nb\"", "title: \"a\\x0ab\" has control characters" },
		{ "\"autostart\": \"true\"", "autostart: must be true or false, not string" },
		{ "\"metadata\": []", "metadata: must be an object, not array" },
		{ "\"hvparams\": []", "hvparams: must be of type object, not array" },
	};
	(void)state;
	run(trials, ELEMENTS(trials));
}

static void test_no_spec_at_all(void **state)
{
	(void)state;
	_cleanup_free_ char *array = spec_problems("[]", NULL), *text = spec_problems("", NULL);
	_cleanup_free_ char *twice = spec_problems("{\"name\": \"a\", \"name\": \"b\", \"maxmem\": 1}", NULL);
	assert_string_equal(array, "spec: must be of type object, not array");
	assert_non_null(text);
	assert_non_null(strstr(twice, "name"));
}

static void test_too_many_devices(void **state)
{
	_cleanup_free_ char *list = NULL;
	size_t size = 0;
	(void)state;
	FILE *out = open_memstream(&list, &size);
	fputs("\"disks\": [{}", out);
	for (int i = 0; i < 256; i++)
		fputs(",{}", out);
	fputs("]", out);
	fclose(out);
	_cleanup_free_ char *text = spec_with(list);
	_cleanup_free_ char *problems = spec_problems(text, NULL);
	assert_string_equal(problems, "spec: disks: has 257 elements; at most 256 are allowed");
}

static void test_what_needs_a_setting(void **state)
{
	(void)state;
	_cleanup_settings_ struct settings *settings = settings_of("{}");
	_cleanup_free_ char *pool = spec_with("\"hvparams\": {\"security_model\": \"pool\"}");
	_cleanup_free_ char *ext = spec_with("\"nics\": [{\"mode\": \"ext\"}]");
	_cleanup_free_ char *tls =
		spec_with("\"network_port\": 1, \"hvparams\": {\"spice_bind\": \"lo\", \"spice_use_tls\": true}");
	_cleanup_free_ char *of_pool = spec_problems(pool, settings), *of_ext = spec_problems(ext, settings);
	_cleanup_free_ char *of_tls = spec_problems(tls, settings);
	assert_string_equal(of_pool, "spec: hvparams.security_model: \"pool\" needs the setting uid_pool");
	assert_string_equal(of_ext, "spec: nics[0].mode: \"ext\" needs a script (here, or the setting nic_script)");
	assert_string_equal(of_tls, "spec: hvparams.spice_use_tls: needs the certificates of the setting spice_tls");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_least_spec),
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_to_json_and_back),
		cmocka_unit_test(test_derived_values_stay),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_the_expected_name),
		cmocka_unit_test(test_defaults_of_the_settings),
		cmocka_unit_test(test_all_problems_at_once),
		cmocka_unit_test(test_disks),
		cmocka_unit_test(test_a_secret_in_a_uri_is_not_shown),
		cmocka_unit_test(test_nics),
		cmocka_unit_test(test_bandwidth),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_instance),
		cmocka_unit_test(test_no_spec_at_all),
		cmocka_unit_test(test_too_many_devices),
		cmocka_unit_test(test_what_needs_a_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
