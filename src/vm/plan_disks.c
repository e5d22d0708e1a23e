/* The disks chapter: for each disk of the spec its nodes and the guest's device. */
#include "base/text.h"
#include "vm/plan_build.h"

enum bus { BUS_VIRTIO, BUS_IDE, BUS_SCSI, BUS_NONE };

/* hvparams.disk_type. */
static const struct type {
	const char *word, *driver;
	enum bus bus;
	bool passthrough; /* the guest speaks SCSI with the host's own device */
	bool read_only;
	size_t serial_max; /* 0: it has none */
} types[] = {
	{ "paravirtual", "virtio-blk-pci", BUS_VIRTIO, false, false, 20 },
	{ "ide", "ide-hd", BUS_IDE, false, false, 20 },
	{ "scsi", "scsi-hd", BUS_SCSI, false, false, 36 },
	{ "scsi-hd", "scsi-hd", BUS_SCSI, false, false, 36 },
	{ "scsi-cd", "scsi-cd", BUS_SCSI, false, true, 36 },
	{ "scsi-block", "scsi-block", BUS_SCSI, true, false, 0 },
	{ "scsi-generic", "scsi-generic", BUS_SCSI, true, false, 0 },
};

/* The types of the table; what Ganeti knows besides has no bus on these machines. */
static const struct type *find_type(struct builder *b)
{
	const char *word = b->hv->disk_type;

	for (size_t i = 0; i < ELEMENTS(types); i++)
		if (streq(types[i].word, word))
			return build_require(b, "hvparams.disk_type", word, types[i].driver) ? &types[i] : NULL;
	if (streq(word, "pflash"))
		problems_add(&b->problems, "hvparams.disk_type",
			     "\"pflash\" is for firmware only (hvparams.firmware \"uefi\"); use \"paravirtual\"");
	else
		problems_add(&b->problems, "hvparams.disk_type",
			     "the machine type %s has no bus for \"%s\"; use \"paravirtual\", \"ide\" or \"scsi\"",
			     b->q35 ? "q35" : "pc", word);
	return NULL;
}

/* One disk on its way: what its checks and its device need. */
struct work {
	const struct disk *disk;
	const struct disk_facts *facts;
	const struct type *type;
	struct block_options block;
	size_t index;
	char *id, *path;
	bool read_only;
};

/* "shared" is what the disk says, or what statfs(2) said. There a host's page cache may hold
 * what another host has since changed: after a migration the guest reads the past. */
static void check_cache(struct builder *b, const struct work *w)
{
	bool shared =
		w->disk->shared == DISK_SHARED_TRUE || (w->disk->shared == DISK_SHARED_AUTO && w->facts->shared_fs);

	if (w->disk->shared != DISK_SHARED_FALSE && shared && !streq(w->block.cache, "none")) {
		if (b->input->allow_unsafe_cache)
			build_warning(b, "%s: cache \"%s\" on shared storage corrupts data at migration", w->path,
				      w->block.cache);
		else
			problems_add(&b->problems, w->path,
				     "cache \"%s\" on shared storage corrupts data at migration: use \"none\", or "
				     "--allow-unsafe-cache "
				     "if it is never migrated",
				     w->block.cache);
	}
	if (streq(w->block.aio, "native") && !block_cache_direct(w->block.cache))
		problems_add(&b->problems, w->path, "aio \"native\" needs cache \"none\" (it is \"%s\")",
			     w->block.cache);
	if (streq(w->block.aio, "io_uring") && !b->probe->can.blockdev_io_uring)
		problems_add(&b->problems, w->path,
			     "QEMU %d.%d (\"%s\") is built without io_uring: use aio \"threads\"", b->probe->major,
			     b->probe->minor, b->hv->kvm_path);
}

/* What a type cannot do, before QEMU says it in words that name no key. */
static void check_kind(struct builder *b, const struct work *w)
{
	if (w->type->passthrough && (!w->facts->layers[0].block_device || !streq(w->disk->format, "raw")))
		problems_add(&b->problems, w->path,
			     "disk_type \"%s\" passes a SCSI device of the host through: the path must be one, the "
			     "format \"raw\"",
			     w->type->word);
	if (w->type->bus == BUS_IDE && w->disk->read_only)
		problems_add(&b->problems, w->path,
			     "an IDE or SATA disk cannot be read-only: use disk_type \"paravirtual\" or \"scsi\"");
	if (w->disk->iothread >= 0 && w->type->bus != BUS_VIRTIO)
		problems_add(&b->problems, w->path, "an iothread of its own needs disk_type \"paravirtual\"");
	if (!is_empty(w->disk->serial) && !w->type->serial_max)
		problems_add(&b->problems, w->path, "disk_type \"%s\" shows the device's own serial: none can be set",
			     w->type->word);
	else if (strlen(w->disk->serial) > w->type->serial_max)
		problems_add(&b->problems, w->path,
			     "the serial \"%s\" is longer than the %zu bytes that disk_type \"%s\" has",
			     w->disk->serial, w->type->serial_max, w->type->word);
}

/* Spread by number, so that a disk keeps its thread when another is added. */
static void put_iothread(const struct builder *b, const struct work *w, struct json *device)
{
	int64_t thread = w->disk->iothread;

	if (w->type->bus != BUS_VIRTIO || !b->hv->io_threads)
		return;
	if (thread < 0)
		thread = (int64_t)w->index % b->hv->io_threads;
	json_put_stringf(device, "iothread", "iothread%lld", (long long)thread);
}

/* The disk's own bootindex, else by boot_order. */
static void put_bootindex(const struct builder *b, const struct work *w, struct json *device)
{
	int64_t index = w->disk->bootindex;

	if (b->kernel)
		return;
	if (index < 0)
		index = build_bootindex(b, BOOT_DISK, w->index);
	if (index >= 0)
		json_put_int(device, "bootindex", index);
}

/* write-cache only where the device has that property and the guest can write. */
static struct json *device_of(const struct builder *b, const struct work *w)
{
	struct json *device = build_device(w->type->driver, w->id);
	const char *write_cache = block_write_cache(w->block.cache);

	json_put_string(device, "drive", w->id);
	if (!is_empty(w->disk->serial))
		json_put_string(device, "serial", w->disk->serial);
	if (write_cache && !w->type->passthrough && !w->read_only)
		json_put_string(device, "write-cache", write_cache);
	/* Two guests may write to it: QEMU's image lock is told so. (Another format than raw
	 * does not bear that: there the lock stays.) */
	if (w->disk->shared == DISK_SHARED_TRUE && streq(w->disk->format, "raw") && !w->read_only)
		json_put_bool(device, "share-rw", true);
	put_iothread(b, w, device);
	put_bootindex(b, w, device);
	return device;
}

/* IDE and SCSI devices have places on their buses; a virtio disk is a PCI device of its own. */
static void add_device(struct builder *b, const struct work *w)
{
	struct json *device = device_of(b, w);

	switch (w->type->bus) {
	case BUS_IDE:
		if (build_ide_place(b, device, w->id, -1, w->path))
			build_add_device(b, device);
		else
			json_free(device);
		return;
	case BUS_SCSI:
		if (build_scsi_place(b, device))
			build_add_device(b, device);
		else
			json_free(device);
		return;
	case BUS_VIRTIO:
	case BUS_NONE:
	default:
		build_add_pci(b, PCI_DISK, true, device, w->path);
	}
}

/* The nodes before the device that uses them; the same name for both, which is the one that QMP
 * and the state know. */
static void add_disk(struct builder *b, const struct type *type, size_t i)
{
	const struct disk *disk = &b->spec.disks[i];
	_cleanup_free_ char *id = xprintf("disk%zu", i), *path = xprintf("disks[%zu]", i);
	struct work w = {
		.disk = disk, .facts = &b->facts->disks[i], .type = type, .index = i, .id = id, .path = path
	};

	w.read_only = disk->read_only || type->read_only;
	w.block = (struct block_options){
		.cache = disk_cache(&b->spec, disk),
		.aio = disk_aio(&b->spec, disk),
		.discard = disk_discard(&b->spec, disk),
		.read_only = w.read_only,
	};
	check_cache(b, &w);
	check_kind(b, &w);
	build_block_nodes(b, id, w.facts->layers, w.facts->n, disk->secret_file, &w.block, (int)i, path);
	add_device(b, &w);
}

/* Made whether a disk uses them or not: a disk that is plugged in may. */
static void iothreads(struct builder *b)
{
	for (int64_t i = 0; i < b->hv->io_threads; i++) {
		struct json *object = json_new_object();

		json_put_string(object, "qom-type", "iothread");
		json_put_stringf(object, "id", "iothread%lld", (long long)i);
		options_json(&b->options, OPTION_OBJECT, object);
	}
}

void plan_disks(struct builder *b)
{
	const struct type *type;

	iothreads(b);
	if (!b->spec.n_disks)
		return;
	type = find_type(b);
	for (size_t i = 0; type && i < b->spec.n_disks; i++)
		add_disk(b, type, i);
}
