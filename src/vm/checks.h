/* The syntax checks of the parameters' rows (params.def), by topic: check_TOPIC.c. Pure; each adds its
 * problems under the path of its parameter. A check runs when its parameter could be read at all, and may
 * look at every value of the spec. */
#ifndef KVMCTL_VM_CHECKS_H
#define KVMCTL_VM_CHECKS_H

#include "base/problems.h"
#include "vm/spec.h"

typedef void param_check(const struct spec *spec, const char *path, struct problems *problems);

/* check_boot.c: the binary, the kernel, the firmware, what boots, the machine */
param_check check_kvm_path, check_kernel_path, check_root_path, check_kernel_args, check_serial_speed, check_boot_order,
	check_machine_version, check_kvm_pci_reservations, check_kvm_extra, check_watchdog_action;
/* check_display.c: VNC, SPICE, keyboard, sound, graphics */
param_check check_vnc_bind_address, check_vnc_x509_verify, check_spice_bind, check_spice_ip_version, check_needs_spice,
	check_keymap, check_soundhw, check_usb_devices, check_vga;
/* check_storage.c: removable media, disks */
param_check check_floppy_image_path, check_cdrom_image_path, check_cdrom2_image_path, check_disk_type,
	check_cdrom_disk_type, check_disk_aio;
/* check_cpu.c: CPUs and memory */
param_check check_cpu_mask, check_cpu_type, check_cpu_topology, check_mem_path, check_memory_backend;
/* check_identity.c: who QEMU runs as, NICs, migration */
param_check check_security_domain, check_virtio_net_queues, check_migration_caps;

/* check_spec.c: what no single parameter says: name, memory, disks and NICs against each other and
 * against the settings (may be NULL). */
void check_spec(const struct spec *spec, const char *name, const struct settings *settings, struct problems *problems);
/* Every parameter's own check. `path` is that of the hvparams. */
void check_params(const struct spec *spec, const char *path, struct problems *problems);

/* True when s is not empty and made of letters, digits and the characters of `more` only. */
bool check_is_word(const char *s, const char *more);

#endif
