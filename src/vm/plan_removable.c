/* CD-ROMs and the floppy. They are read-only: an image may serve many guests. Each CD-ROM has a
 * place of its own, whatever disks there are. */
#include "base/text.h"
#include "qemu/uri.h"
#include "vm/plan_build.h"

enum bus { BUS_VIRTIO, BUS_IDE, BUS_SCSI, BUS_NONE };

/* What a CD-ROM sits on: hvparams.cdrom_disk_type, else as the disks; a virtio CD-ROM only
 * where it is asked for, and never one that boots. */
static enum bus cdrom_bus(struct builder *b)
{
	const char *type = b->hv->cdrom_disk_type;
	bool own = !is_empty(type);

	if (!own)
		type = b->hv->disk_type;
	if (streq(b->hv->boot_order, "cdrom") || streq(type, "ide") || (!own && streq(type, "paravirtual")))
		return BUS_IDE;
	if (streq(type, "paravirtual"))
		return BUS_VIRTIO;
	if (starts_with(type, "scsi") && !streq(type, "scsi-block") && !streq(type, "scsi-generic"))
		return BUS_SCSI;
	/* A disk type that is no disk's here is that chapter's problem. */
	if (own)
		problems_add(&b->problems, "hvparams.cdrom_disk_type",
			     "\"%s\" cannot be a CD-ROM on %s: use \"ide\", \"scsi\" or \"paravirtual\"", type,
			     b->q35 ? "q35" : "pc");
	return own ? BUS_NONE : BUS_IDE;
}

/* An image is raw, always: its first bytes, which a guest may have written, are never asked
 * what it is. */
static void nodes(struct builder *b, const char *id, const char *image, const char *path)
{
	const struct disk_layer layer = {
		.path = (char *)image,
		.format = (char *)"raw",
		/* A plan looks at nothing: by its name. What lies in /dev/shm is a file. */
		.block_device = starts_with(image, "/dev/") && !starts_with(image, "/dev/shm/"),
	};
	const struct block_options block = { .aio = "threads", .read_only = true };

	build_block_nodes(b, id, &layer, 1, NULL, &block, -1, path);
}

/* n: 0 or 1, the first or the second. */
static void cdrom(struct builder *b, const char *id, const char *image, int n, const char *path)
{
	static const char *const drivers[] = {
		[BUS_VIRTIO] = "virtio-blk-pci", [BUS_IDE] = "ide-cd", [BUS_SCSI] = "scsi-cd"
	};
	enum bus bus = cdrom_bus(b);
	int64_t bootindex = build_bootindex(b, BOOT_CDROM, (size_t)n);
	struct json *device;
	bool placed = true;

	if (bus == BUS_NONE || !build_require(b, path, "CD-ROM", drivers[bus]))
		return;
	nodes(b, id, image, path);
	device = build_device(drivers[bus], id);
	json_put_string(device, "drive", id);
	if (bootindex >= 0)
		json_put_int(device, "bootindex", bootindex);
	if (bus == BUS_VIRTIO)
		return build_add_pci(b, PCI_DISK, true, device, path);
	/* The second channel of IDE, the last two ports of SATA. */
	if (bus == BUS_IDE)
		placed = build_ide_place(b, device, id, (b->q35 ? 4 : 2) + n, path);
	else
		placed = build_scsi_place(b, device);
	if (placed)
		build_add_device(b, device);
	else
		json_free(device);
}

/* The controller is the machine's own: only there is its bootindex. */
static void floppy(struct builder *b)
{
	int64_t bootindex = build_bootindex(b, BOOT_FLOPPY, 0);
	struct json *device;

	if (b->q35) {
		problems_add(&b->problems, "hvparams.floppy_image_path",
			     "the machine type q35 has no floppy: use \"pc\", or a CD-ROM");
		return;
	}
	nodes(b, "floppy", b->hv->floppy_image_path, "hvparams.floppy_image_path");
	device = build_device("floppy", "floppy");
	json_put_string(device, "drive", "floppy");
	json_put_int(device, "unit", 0);
	build_add_device(b, device);
	if (bootindex >= 0)
		options_text(&b->options, "-global", "isa-fdc.bootindexA=%lld", (long long)bootindex);
}

/* After the disks in the plan, but with places of their own: see cdrom(). */
void plan_removable(struct builder *b)
{
	if (!is_empty(b->hv->cdrom_image_path))
		cdrom(b, "cdrom", b->hv->cdrom_image_path, 0, "hvparams.cdrom_image_path");
	if (!is_empty(b->hv->cdrom2_image_path))
		cdrom(b, "cdrom2", b->hv->cdrom2_image_path, 1, "hvparams.cdrom2_image_path");
	if (!is_empty(b->hv->floppy_image_path))
		floppy(b);
}
