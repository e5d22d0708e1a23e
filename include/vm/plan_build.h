/* The plan while it is being made: what its chapters (src/vm/plan_*.c) share. Nobody else includes this.
 *
 * A chapter reads spec, facts and probe, and adds: options, descriptors, PCI devices, commands, problems.
 * It returns nothing; problems end the plan when all chapters have spoken, so that all of them are
 * reported at once. */
#ifndef KVMCTL_VM_PLAN_BUILD_H
#define KVMCTL_VM_PLAN_BUILD_H

#include "base/problems.h"
#include "qemu/option.h"
#include "vm/pci.h"
#include "vm/plan.h"

#define IDE_PLACES 6

struct builder {
	const struct plan_input *input;
	/* As the guest sees it: the spec, with the recorded guest-visible parameters over its own.
	 * Shallow but for hv. */
	struct spec spec;
	const struct hvparams *hv; /* spec.hv */
	const struct settings *settings;
	const struct probe *probe;
	const struct facts *facts;
	struct plan *plan;
	struct options options; /* everything before the devices */
	struct options devices; /* -device, in order; root ports come before them */
	struct json *machine;   /* the members of -machine; borrowed from options */
	bool q35;
	bool kernel; /* boots kernel_path: no bootindex anywhere */
	struct pci pci;
	struct problems problems;
	int n_fdsets;
	const char *ide[IDE_PLACES]; /* who sits there (borrowed ids); pc has four places, q35 six */
	size_t n_scsi;               /* devices on SCSI controllers so far */
	bool usb;                    /* the USB controller is there */
	const char *vga, *mouse;     /* resolved hvparams.vga and usb_mouse, borrowed: recorded */
};

/* The chapters, in their order. */
void plan_machine(struct builder *b);
void plan_cpu(struct builder *b);
void plan_memory(struct builder *b);
void plan_firmware(struct builder *b);
void plan_identity(struct builder *b);
void plan_monitors(struct builder *b);
void plan_serial(struct builder *b);
void plan_display(struct builder *b);
void plan_spice(struct builder *b); /* part of plan_display */
void plan_input(struct builder *b);
void plan_sound(struct builder *b);
void plan_board(struct builder *b);
void plan_disks(struct builder *b);
void plan_removable(struct builder *b);
void plan_nics(struct builder *b);
void plan_migration(struct builder *b);

/* Adds to -machine. */
void build_machine(struct builder *b, const char *key, const char *value);

/* The next descriptor; returns its number in QEMU. path is copied (NULL: none). */
int build_fd(struct builder *b, enum plan_fd_kind kind, const char *path);
/* The same, to be opened with these flags, handed over as an fd set: returns the set's number, for
 * "/dev/fdset/N". index: the disk, or -1. */
int build_fdset(struct builder *b, enum plan_fd_kind kind, const char *path, int flags, int index);
/* A file that QEMU reads by a path: "/proc/self/fd/N". As a memory copy where QEMU will be somebody else
 * (and for a secret, always). */
char *build_readable(struct builder *b, const char *path, bool secret);
/* The last descriptor, to be completed. Valid until the next one is added. */
struct plan_fd *build_last_fd(struct builder *b);
/* One more name in the last descriptor, a PLAN_FD_DIR, for the descriptor of that number. */
void build_link(struct builder *b, const char *name, int number);

/* A command for the control monitor before `cont`; takes arguments' reference. Valid until the next one is added. */
struct plan_command *build_command(struct builder *b, const char *execute, struct json *arguments);
void build_warning(struct builder *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* {"driver": driver, "id": id}: the beginning of a device. */
struct json *build_device(const char *driver, const char *id);
/* On the command line, where it is: not a PCI device, or its place is set. Takes the reference. */
void build_add_device(struct builder *b, struct json *device);
/* A PCI device: it gets its place at the end. Takes the reference. path: what a problem names. */
void build_add_pci(struct builder *b, enum pci_kind kind, bool express, struct json *device, const char *path);
/* True when the binary has the device; else a problem of path that says so (value: what the spec says). */
bool build_require(struct builder *b, const char *path, const char *value, const char *driver);
/* True when QEMU will run as somebody else than the caller, or in a chroot. */
bool build_confined(const struct builder *b);

enum boot_class { BOOT_FLOPPY, BOOT_CDROM, BOOT_DISK, BOOT_NETWORK };
/* The bootindex of the n-th device of its class, -1: none. The class of boot_order comes first, the disks after it. */
int64_t build_bootindex(const struct builder *b, enum boot_class class, size_t n);

/* --- block devices (plan_blockdev.c) --- */

struct block_options {
	const char *cache, *aio, *discard; /* hvparams' words; NULL: QEMU's default */
	bool read_only;
};
/* The node graph of layers[0..n-1] (top first) under the node name `node`: protocol and format nodes,
 * descriptors, secrets. `index`: of the disk, or -1; `path`: what a problem names. */
void build_block_nodes(struct builder *b, const char *node, const struct disk_layer *layers, size_t n,
		       const char *secret_file, const struct block_options *block, int index, const char *path);
/* "write-cache" for the guest's device: "on" or "off", or NULL for QEMU's default. */
const char *block_write_cache(const char *cache);
bool block_cache_direct(const char *cache);

/* --- buses of disks and CD-ROMs (plan_bus.c) --- */

/* Puts the device on the IDE (pc) or SATA (q35) bus, at `place` or (-1) the first free one. False: none
 * is free (a problem of path). */
bool build_ide_place(struct builder *b, struct json *device, const char *id, int place, const char *path);
/* Puts the device on a SCSI controller, adding one when the last is full. False: the binary lacks the controller. */
bool build_scsi_place(struct builder *b, struct json *device);
/* The USB controller, once. */
void build_usb(struct builder *b);

#endif
