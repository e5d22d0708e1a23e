/* The syntax checks: what is said of each spec that is wrong, and that the right ones beside them pass. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "spec_text.h"

struct trial {
	const char *hvparams; /* the members of "hvparams" */
	const char *problem;  /* "PARAMETER: MESSAGE"; NULL: valid */
	const char *more;     /* further members of the spec */
};

/* "hvparams.PARAMETER: ..." is what must come of each trial, and nothing else. */
static void run(const struct trial *trials, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *members =
			xprintf("\"hvparams\": {%s}%s%s", trials[i].hvparams, trials[i].more ? ", " : "",
				trials[i].more ? trials[i].more : "");
		_cleanup_free_ char *text = spec_with(members);
		_cleanup_free_ char *problems = spec_problems(text, NULL);
		_cleanup_free_ char *wanted =
			trials[i].problem ? xprintf("spec: hvparams.%s", trials[i].problem) : xstrdup("valid");
		assert_string_equal(problems ? problems : "valid", wanted);
	}
}

static void test_boot(void **state)
{
	static const struct trial trials[] = {
		{ "\"kvm_path\": \"\"", "kvm_path: is empty; name the QEMU binary" },
		{ "\"kernel_path\": \"/vmlinuz\"", NULL },
		{ "\"kernel_path\": \"/vmlinuz\", \"root_path\": \"\"",
		  "kernel_path: needs root_path, which is empty" },
		{ "\"root_path\": \"\"", NULL },
		{ "\"kernel_path\": \"/vmlinuz\", \"root_path\": \"/dev/vda1 init=/bin/sh\"",
		  "root_path: has a blank, which would end it on the kernel's command line" },
		{ "\"serial_speed\": 115200", NULL },
		{ "\"serial_speed\": 33", "serial_speed: 33 is no speed of a serial port (75 110 300 600 1200 1800 "
					  "2400 4800 9600 14400 19200 28800 38400 57600 115200 "
					  "230400 345600 460800)" },
		{ "\"serial_speed\": 33, \"serial_console\": false", NULL },
		{ "\"boot_order\": \"cdrom\"", "boot_order: \"cdrom\" needs cdrom_image_path" },
		{ "\"boot_order\": \"cdrom\", \"cdrom_image_path\": \"/x.iso\"", NULL },
		{ "\"boot_order\": \"floppy\"", "boot_order: \"floppy\" needs floppy_image_path" },
		{ "\"boot_order\": \"network\"", NULL },
		{ "\"kvm_extra\": \"-name 'a b' -device x,y=\\\\\\\"\"", NULL },
		{ "\"kvm_extra\": \"-name 'a\"", "kvm_extra: a ' quote has no end in \"-name 'a\"" },
		{ "\"watchdog_action\": \"reset\"", "watchdog_action: needs watchdog" },
		{ "\"watchdog_action\": \"reset\", \"watchdog\": \"ib700\"", NULL },
	};
	(void)state;
	run(trials, ELEMENTS(trials));
}

static void test_machine(void **state)
{
	static const struct trial trials[] = {
		{ "\"machine_version\": \"pc-i440fx-7.2\"", NULL },
		{ "\"machine_version\": \"pc\"", NULL },
		{ "\"machine_version\": \"q35\", \"machine\": \"q35\"", NULL },
		{ "\"machine_version\": \"pc-q35-7.2\", \"machine\": \"q35\"", NULL },
		{ "\"machine_version\": \"pc-q35-7.2\"", "machine_version: \"pc-q35-7.2\" is not of the family \"pc\" "
							 "that machine asks for; set machine to \"q35\"" },
		{ "\"machine_version\": \"pc-i440fx-7.2\", \"machine\": \"q35\"",
		  "machine_version: \"pc-i440fx-7.2\" is not of the family \"q35\" that machine asks for; set machine "
		  "to \"pc\"" },
		{ "\"machine_version\": \"microvm\"", "machine_version: \"microvm\" is not of the family \"pc\" that "
						      "machine asks for (pc-i440fx-… or pc-q35-…)" },
		{ "\"machine_version\": \"pc,usb=on\"", "machine_version: \"pc,usb=on\" cannot be a machine type" },
		{ "\"kvm_pci_reservations\": 2", NULL },
		{ "\"kvm_pci_reservations\": 1",
		  "kvm_pci_reservations: 1 is too few: the machine \"pc\" needs at least 2" },
		{ "\"kvm_pci_reservations\": 1, \"machine\": \"q35\"", NULL },
		{ "\"kvm_pci_reservations\": 0, \"machine\": \"q35\"",
		  "kvm_pci_reservations: 0 is too few: the machine \"q35\" needs at least 1" },
		{ "\"floppy_image_path\": \"/f.img\"", NULL },
		{ "\"floppy_image_path\": \"/f.img\", \"machine\": \"q35\"",
		  "floppy_image_path: the machine \"q35\" has no floppy; use \"pc\", or a CD-ROM" },
	};
	(void)state;
	run(trials, ELEMENTS(trials));
}

static void test_vnc(void **state)
{
	static const struct trial trials[] = {
		{ "\"vnc_bind_address\": \"127.0.0.1\"", NULL, "\"network_port\": 5901" },
		{ "\"vnc_bind_address\": \"::1\"", NULL, "\"network_port\": 11002" },
		{ "\"vnc_bind_address\": \"eth0\"", NULL, "\"network_port\": 11002" },
		{ "\"vnc_bind_address\": \"/run/vnc\"", NULL },
		{ "\"vnc_bind_address\": \"127.0.0.1\"", "vnc_bind_address: needs a network_port above 5900 (the "
							 "display is network_port - 5900), but it is 0" },
		{ "\"vnc_bind_address\": \"127.0.0.1\"",
		  "vnc_bind_address: needs a network_port above 5900 (the display is network_port - 5900), but it is "
		  "5900",
		  "\"network_port\": 5900" },
		{ "\"vnc_bind_address\": \"vnc.example.com:1\"",
		  "vnc_bind_address: \"vnc.example.com:1\" is neither an IP address, nor an interface, nor an absolute "
		  "directory" },
		{ "\"vnc_x509_verify\": true", "vnc_x509_verify: needs vnc_x509_path" },
		{ "\"vnc_x509_verify\": true, \"vnc_x509_path\": \"/etc/pki\"", NULL },
		{ "\"keymap\": \"en-us\"", NULL },
		{ "\"keymap\": \"../../etc/passwd\"",
		  "keymap: \"../../etc/passwd\" cannot be a keymap (de, en-us, pt-br)" },
		{ "\"vga\": \"std,x=y\"",
		  "vga: \"std,x=y\" cannot be a graphics card (std, qxl, virtio, cirrus, vmware, none)" },
		{ "\"soundhw\": \"ac97,hda\", \"usb_devices\": \"tablet,usb-kbd\"", NULL },
		{ "\"soundhw\": \"ac97,,hda\"", "soundhw: \"\" cannot be a sound card" },
		{ "\"usb_devices\": \"tablet, mouse\"", "usb_devices: \" mouse\" cannot be a USB device" },
	};
	(void)state;
	run(trials, ELEMENTS(trials));
}

static void test_spice(void **state)
{
	static const struct trial trials[] = {
		{ "\"spice_bind\": \"127.0.0.1\"", NULL, "\"network_port\": 5000" },
		{ "\"spice_bind\": \"127.0.0.1\"", "spice_bind: needs a network_port to listen on" },
		{ "\"spice_bind\": \"/run/spice\"",
		  "spice_bind: \"/run/spice\" is neither an IP address nor an interface", "\"network_port\": 5000" },
		{ "\"spice_bind\": \"lo\", \"vnc_bind_address\": \"/run/vnc\"",
		  "spice_bind: cannot be together with vnc_bind_address; choose SPICE or VNC",
		  "\"network_port\": 5901" },
		{ "\"spice_bind\": \"127.0.0.1\", \"spice_ip_version\": 4", NULL, "\"network_port\": 5000" },
		{ "\"spice_bind\": \"lo\", \"spice_ip_version\": 6", NULL, "\"network_port\": 5000" },
		{ "\"spice_bind\": \"127.0.0.1\", \"spice_ip_version\": 6",
		  "spice_ip_version: 6 does not fit spice_bind \"127.0.0.1\", an IPv4 address",
		  "\"network_port\": 5000" },
		{ "\"spice_bind\": \"::1\", \"spice_ip_version\": 4",
		  "spice_ip_version: 4 does not fit spice_bind \"::1\", an IPv6 address", "\"network_port\": 5000" },
		/* every spice_ option, changed without SPICE */
		{ "\"spice_ip_version\": 4", "spice_ip_version: needs spice_bind" },
		{ "\"spice_password_file\": \"/p\"", "spice_password_file: needs spice_bind" },
		{ "\"spice_image_compression\": \"lz\"", "spice_image_compression: needs spice_bind" },
		{ "\"spice_jpeg_wan_compression\": \"auto\"", "spice_jpeg_wan_compression: needs spice_bind" },
		{ "\"spice_zlib_glz_wan_compression\": \"auto\"", "spice_zlib_glz_wan_compression: needs spice_bind" },
		{ "\"spice_streaming_video\": \"all\"", "spice_streaming_video: needs spice_bind" },
		{ "\"spice_playback_compression\": false", "spice_playback_compression: needs spice_bind" },
		{ "\"spice_use_tls\": true", "spice_use_tls: needs spice_bind" },
		{ "\"spice_tls_ciphers\": \"HIGH\"", "spice_tls_ciphers: needs spice_bind" },
		{ "\"spice_use_vdagent\": false", "spice_use_vdagent: needs spice_bind" },
		/* a cluster manager writes all of them */
		{ "\"spice_ip_version\": 0, \"spice_use_vdagent\": true, \"spice_streaming_video\": \"\"", NULL },
	};
	(void)state;
	run(trials, ELEMENTS(trials));
}

static void test_storage(void **state)
{
	static const struct trial trials[] = {
		{ "\"cdrom_image_path\": \"https://example.com/x.iso\"", NULL },
		{ "\"cdrom_image_path\": \"x.iso\"",
		  "cdrom_image_path: \"x.iso\" is neither an absolute path nor a URL of http, https or ftp" },
		{ "\"cdrom2_image_path\": \"gopher://example.com/\"",
		  "cdrom2_image_path: \"gopher://example.com/\" is neither an absolute path nor a URL of http, https "
		  "or ftp" },
		{ "\"disk_type\": \"sd\"", "disk_type: \"sd\" needs an SD card reader, which the machine \"pc\" does "
					   "not have; use paravirtual, ide or scsi-hd" },
		{ "\"disk_type\": \"mtd\", \"machine\": \"q35\"",
		  "disk_type: \"mtd\" needs a flash controller, which the machine \"q35\" does not have; use "
		  "paravirtual, ide or scsi-hd" },
		{ "\"disk_type\": \"pflash\"",
		  "disk_type: \"pflash\" is for firmware only; firmware \"uefi\" sets it up" },
		{ "\"cdrom_disk_type\": \"pflash\"",
		  "cdrom_disk_type: \"pflash\" is for firmware only; firmware \"uefi\" sets it up" },
		{ "\"disk_type\": \"scsi-hd\", \"scsi_controller_type\": \"megasas\"", NULL },
		{ "\"disk_aio\": \"native\", \"disk_cache\": \"none\"", NULL },
		{ "\"disk_aio\": \"native\"", "disk_aio: \"native\" needs disk_cache \"none\", but it is \"default\"" },
		{ "\"disk_aio\": \"native\"", NULL, "\"disks\": [{\"path\": \"/d\", \"cache\": \"none\"}]" },
		{ "\"disk_aio\": \"io_uring\", \"disk_cache\": \"writeback\"", NULL },
	};
	(void)state;
	run(trials, ELEMENTS(trials));
}

/* The specs have 4 vCPUs. */
static void test_cpu_and_memory(void **state)
{
	static const struct trial trials[] = {
		{ "\"cpu_mask\": \"0-3,^2\"", NULL },
		{ "\"cpu_mask\": \"0:1:all:0-1\"", NULL },
		{ "\"cpu_mask\": \"0:1:2\"",
		  "cpu_mask: has 3 lists, but the instance has 4 vCPUs; give one list, or one for each vCPU" },
		{ "\"cpu_cores\": 2", NULL },
		{ "\"cpu_cores\": 2, \"cpu_threads\": 2, \"cpu_sockets\": 1", NULL },
		{ "\"cpu_cores\": 3", "cpu_sockets: cpu_sockets 0, cpu_cores 3 and cpu_threads 0 do not make up 4 "
				      "vCPUs; their product must divide that (0 is left to "
				      "QEMU)" },
		{ "\"cpu_cores\": 2, \"cpu_threads\": 1, \"cpu_sockets\": 1",
		  "cpu_sockets: cpu_sockets 1, cpu_cores 2 and cpu_threads 1 do not make up 4 vCPUs; their product "
		  "must be that" },
		{ "\"cpu_type\": \"host,-x2apic\"", NULL },
		{ "\"cpu_type\": \"host, -x2apic\"",
		  "cpu_type: \"host, -x2apic\" has a blank; features are separated by commas" },
		{ "\"mem_path\": \"/dev/hugepages\"", NULL },
		{ "\"memory_backend\": \"hugetlbfs\"",
		  "memory_backend: \"hugetlbfs\" needs mem_path, a directory on hugetlbfs" },
		{ "\"memory_backend\": \"hugetlbfs\", \"mem_path\": \"/dev/hugepages\"", NULL },
		{ "\"memory_backend\": \"memfd\", \"mem_path\": \"/dev/hugepages\"",
		  "mem_path: cannot be together with memory_backend \"memfd\"" },
	};
	(void)state;
	run(trials, ELEMENTS(trials));
}

static void test_identity_and_net(void **state)
{
	static const struct trial trials[] = {
		{ "\"security_model\": \"user\", \"security_domain\": \"kvm1\"", NULL },
		{ "\"security_model\": \"user\"",
		  "security_domain: is empty; security_model \"user\" needs the name of a user" },
		{ "\"security_domain\": \"kvm1\"",
		  "security_domain: is only for security_model \"user\", but that is \"none\"" },
		{ "\"security_domain\": \"kvm1\", \"security_model\": \"pool\"",
		  "security_domain: is only for security_model \"user\", but that is \"pool\"" },
		{ "\"security_model\": \"user\", \"security_domain\": \"a:b\"",
		  "security_domain: \"a:b\" cannot be the name of a user" },
		{ "\"virtio_net_queues\": 4", NULL },
		{ "\"virtio_net_queues\": 4, \"nic_type\": \"e1000\"",
		  "virtio_net_queues: 4 queues need nic_type \"paravirtual\", but it is \"e1000\"" },
		{ "\"migration_caps\": \"postcopy-ram:xbzrle\"", NULL },
		{ "\"migration_caps\": \"xbzrle,multifd\"",
		  "migration_caps: \"xbzrle,multifd\" cannot be a migration capability (postcopy-ram, xbzrle)" },
		{ "\"migration_port\": 0", NULL },
		{ "\"migration_port\": 65536", "migration_port: 65536 is out of range (0 to 65535)" },
	};
	(void)state;
	run(trials, ELEMENTS(trials));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boot),
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_vnc),
		cmocka_unit_test(test_spice),
		cmocka_unit_test(test_storage),
		cmocka_unit_test(test_cpu_and_memory),
		cmocka_unit_test(test_identity_and_net),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
