/* vm/params: the table of hypervisor parameters, and its reader. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/strv.h"
#include "base/text.h"
#include "vm/params.h"
#include "vm/value.h"

/* Names and defaults as the documents promise them to cluster managers: a change here is a change for everybody. */
static const char *const promised[][2] = {
	{ "kvm_path", "/usr/bin/qemu-system-x86_64" },
	{ "kernel_path", "" },
	{ "initrd_path", "" },
	{ "root_path", "/dev/vda1" },
	{ "kernel_args", "ro" },
	{ "acpi", "true" },
	{ "serial_console", "true" },
	{ "serial_speed", "38400" },
	{ "vnc_bind_address", "" },
	{ "vnc_tls", "false" },
	{ "vnc_x509_path", "" },
	{ "vnc_x509_verify", "false" },
	{ "vnc_password_file", "" },
	{ "spice_bind", "" },
	{ "spice_ip_version", "0" },
	{ "spice_password_file", "" },
	{ "spice_image_compression", "" },
	{ "spice_jpeg_wan_compression", "" },
	{ "spice_zlib_glz_wan_compression", "" },
	{ "spice_streaming_video", "" },
	{ "spice_playback_compression", "true" },
	{ "spice_use_tls", "false" },
	{ "spice_tls_ciphers", "HIGH:-DES:-3DES:-EXPORT:-DH" },
	{ "spice_use_vdagent", "true" },
	{ "floppy_image_path", "" },
	{ "cdrom_image_path", "" },
	{ "cdrom2_image_path", "" },
	{ "boot_order", "disk" },
	{ "nic_type", "paravirtual" },
	{ "disk_type", "paravirtual" },
	{ "cdrom_disk_type", "" },
	{ "scsi_controller_type", "lsi" },
	{ "disk_cache", "default" },
	{ "disk_aio", "threads" },
	{ "disk_discard", "ignore" },
	{ "usb_mouse", "" },
	{ "keymap", "" },
	{ "migration_port", "8102" },
	{ "migration_bandwidth", "32" },
	{ "migration_downtime", "30" },
	{ "migration_mode", "live" },
	{ "migration_caps", "" },
	{ "use_localtime", "false" },
	{ "security_model", "none" },
	{ "security_domain", "" },
	{ "use_chroot", "false" },
	{ "kvm_flag", "" },
	{ "vhost_net", "true" },
	{ "virtio_net_queues", "1" },
	{ "vnet_hdr", "true" },
	{ "mem_path", "" },
	{ "reboot_behavior", "reboot" },
	{ "cpu_mask", "all" },
	{ "cpu_type", "" },
	{ "cpu_cores", "0" },
	{ "cpu_threads", "0" },
	{ "cpu_sockets", "0" },
	{ "soundhw", "" },
	{ "usb_devices", "" },
	{ "vga", "" },
	{ "kvm_extra", "" },
	{ "machine_version", "" },
	{ "use_guest_agent", "false" },
	{ "user_shutdown", "false" },
	{ "kvm_pci_reservations", "12" },
	{ "machine", "pc" },
	{ "firmware", "bios" },
	{ "on_crash", "destroy" },
	{ "pvpanic", "true" },
	{ "rng", "true" },
	{ "sandbox", "true" },
	{ "memory_backend", "anonymous" },
	{ "io_threads", "0" },
	{ "watchdog", "" },
	{ "watchdog_action", "" },
};

static void test_names_and_defaults(void **state)
{
	(void)state;
	struct hvparams hv;
	hvparams_init(&hv);
	assert_int_equal(HV_MAX, ELEMENTS(promised));
	for (size_t i = 0; i < HV_MAX; i++) {
		_cleanup_free_ char *value = hvparams_text(&hv, (enum hvparam)i);
		assert_string_equal(param_rows[i].name, promised[i][0]);
		assert_string_equal(value, promised[i][1]);
		assert_false(hv.given[i]);
	}
	hvparams_free(&hv);
}

/* Reading every default back as the row's own reader wants it finds rows whose default is out of range or none of the choices. */
static void test_defaults_follow_their_rules(void **state)
{
	(void)state;
	_cleanup_problems_ struct problems problems = { 0 };
	struct hvparams hv, again;
	hvparams_init(&hv);
	hvparams_init(&again);
	_cleanup_json_ struct json *all = hvparams_to_json(&hv, false);
	hvparams_read(&again, all, "hvparams", true, &problems);
	_cleanup_json_ struct json *all_again = hvparams_to_json(&again, true);
	assert_int_equal(problems.n, 0);
	assert_int_equal(json_length(all), HV_MAX);
	assert_true(json_equal(all, all_again));
	hvparams_free(&hv);
	hvparams_free(&again);
}

static void test_every_row_is_documented(void **state)
{
	(void)state;
	for (size_t i = 0; i < HV_MAX; i++) {
		const struct param_row *row = &param_rows[i];
		assert_true(strlen(row->doc) > 20);
		assert_true(ends_with(row->doc, ".") || ends_with(row->doc, ".)"));
		assert_true(row->kind != PARAM_CHOICE || row->choices);
		assert_true(row->kind != PARAM_INT || row->choices || row->min < row->max);
		assert_ptr_equal(param_find(row->name), row);
	}
	assert_null(param_find("no_such"));
}

/* Reads an object over the defaults. */
static void read_over(const char *text, struct hvparams *hv, struct problems *problems)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *object = NULL;
	assert_int_equal(json_parse(text, strlen(text), 65536, 8, "test", &object, &err), 0);
	hvparams_init(hv);
	hvparams_read(hv, object, "hvparams", true, problems);
}

static void test_values_as_ganeti_writes_them(void **state)
{
	(void)state;
	_cleanup_problems_ struct problems problems = { 0 };
	struct hvparams hv;
	read_over("{\"acpi\": \"false\", \"pvpanic\": false, \"serial_speed\": \"9600\", \"io_threads\": 2, "
		  "\"boot_order\": \"network\","
		  " \"use_localtime\": \"True\", \"spice_ip_version\": \"6\"}",
		  &hv, &problems);
	assert_int_equal(problems.n, 0);
	assert_false(hv.acpi);
	assert_false(hv.pvpanic);
	assert_true(hv.use_localtime);
	assert_int_equal(hv.serial_speed, 9600);
	assert_int_equal(hv.io_threads, 2);
	assert_int_equal(hv.spice_ip_version, 6);
	assert_string_equal(hv.boot_order, "network");
	assert_true(hv.given[HV_acpi] && hv.given[HV_io_threads]);
	assert_false(hv.given[HV_rng]);
	_cleanup_json_ struct json *given = hvparams_to_json(&hv, true);
	assert_int_equal(json_length(given), 7);
	hvparams_free(&hv);
}

static void test_bad_values(void **state)
{
	static const char *const bad[][2] = {
		{ "{\"apci\": true}", "unknown key; did you mean \"acpi\"?" },
		{ "{\"acpi\": \"perhaps\"}", "\"perhaps\" is neither true nor false" },
		{ "{\"acpi\": 1}", "must be true or false, not integer" },
		{ "{\"acpi\": null}", "must be true or false, not null; leave the key out for its default" },
		{ "{\"io_threads\": \"12abc\"}", "\"12abc\" is no whole number" },
		{ "{\"io_threads\": 65}", "65 is out of range (0 to 64)" },
		{ "{\"io_threads\": -1}", "-1 is out of range (0 to 64)" },
		{ "{\"virtio_net_queues\": 0}", "0 is out of range (1 to 32)" },
		{ "{\"spice_ip_version\": 5}", "5 is none of 0 4 6" },
		{ "{\"io_threads\": 1.5}", "must be a whole number, not 1.5" },
		{ "{\"kernel_path\": \"boot/vmlinuz\"}", "\"boot/vmlinuz\" is no absolute path" },
		{ "{\"kernel_args\": \"a\\nb\"}", "\"a\\x0ab\" has control characters" },
		{ "{\"kernel_args\": [\"ro\"]}", "must be text, not array" },
		{ "{\"boot_order\": \"disc\"}",
		  "\"disc\" is none of floppy, cdrom, disk, network; did you mean \"disk\"?" },
		{ "{\"boot_order\": \"\"}", "\"\" is none of floppy, cdrom, disk, network" },
		{ "{\"usb_mouse\": \"rat\"}", "\"rat\" is none of mouse, tablet, or empty" },
	};
	(void)state;
	for (size_t i = 0; i < ELEMENTS(bad); i++) {
		_cleanup_problems_ struct problems problems = { 0 };
		struct hvparams hv;
		read_over(bad[i][0], &hv, &problems);
		assert_int_equal(problems.n, 1);
		assert_string_equal(problems.list[0].message, bad[i][1]);
		assert_true(starts_with(problems.list[0].path, "hvparams."));
		for (size_t p = 0; p < HV_MAX; p++)
			assert_false(hv.given[p]);
		hvparams_free(&hv);
	}
}

static void test_every_problem_is_told(void **state)
{
	(void)state;
	_cleanup_problems_ struct problems problems = { 0 };
	struct hvparams hv;
	read_over("{\"acpi\": 3, \"machine\": \"q36\", \"nonsense\": 0, \"kvm_pci_reservations\": 33}", &hv, &problems);
	assert_int_equal(problems.n, 4);
	assert_string_equal(hv.machine, "pc");
	assert_int_equal(hv.kvm_pci_reservations, 12);
	hvparams_free(&hv);
}

static void test_no_object(void **state)
{
	(void)state;
	_cleanup_problems_ struct problems problems = { 0 };
	struct hvparams hv;
	read_over("[]", &hv, &problems);
	assert_int_equal(problems.n, 1);
	assert_string_equal(problems.list[0].path, "hvparams");
	hvparams_free(&hv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_and_defaults),
		cmocka_unit_test(test_defaults_follow_their_rules),
		cmocka_unit_test(test_every_row_is_documented),
		cmocka_unit_test(test_values_as_ganeti_writes_them),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_every_problem_is_told),
		cmocka_unit_test(test_no_object),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
