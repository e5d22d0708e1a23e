/* The buses that disks and CD-ROMs share: IDE or SATA, and SCSI controllers. */
#include "base/text.h"
#include "vm/plan_build.h"

/* pc: two channels with two places each. q35: six SATA ports. */
static void ide_bus(const struct builder *b, struct json *device, int place)
{
	json_put_stringf(device, "bus", "ide.%d", b->q35 ? place : place / 2);
	json_put_int(device, "unit", b->q35 ? 0 : place % 2);
}

/* A fixed place (a CD-ROM's) that is taken, and no place at all, end alike: as a problem. Disks
 * take the free ones from the first on, and so reach those of CD-ROMs only where there is no
 * CD-ROM. */
bool build_ide_place(struct builder *b, struct json *device, const char *id, int place, const char *path)
{
	int places = b->q35 ? 6 : 4;

	for (int i = 0; i < places && (place < 0 || b->ide[place]); i++)
		if (!b->ide[i])
			place = i;
	if (place < 0 || b->ide[place]) {
		problems_add(&b->problems, path,
			     "\"%s\" finds no free place: the machine has %d for %s disks and CD-ROMs; use disk_type "
			     "\"paravirtual\" or \"scsi\"",
			     id, places, b->q35 ? "SATA" : "IDE");
		return false;
	}
	b->ide[place] = json_get_string(device, "id", "");
	ide_bus(b, device, place);
	return true;
}

/* hvparams.scsi_controller_type, its device, and how many targets it takes (one of eight is the
 * controller itself). */
static const struct controller {
	const char *type, *driver;
	size_t targets;
	bool express, iothread;
} controllers[] = {
	{ "lsi", "lsi53c895a", 7, false, false },
	{ "virtio-scsi-pci", "virtio-scsi-pci", 255, true, true },
	{ "megasas", "megasas", 64, false, false },
	{ "dc390", "dc390", 7, false, false },
};

static const struct controller *find_controller(const char *type)
{
	for (size_t i = 0; i < ELEMENTS(controllers); i++)
		if (streq(controllers[i].type, type))
			return &controllers[i];
	return &controllers[0];
}

/* A thread of its own for each controller, not for each disk: the disks of a controller share
 * its queue. */
static void add_controller(struct builder *b, const struct controller *controller, size_t n)
{
	_cleanup_free_ char *id = xprintf("scsi%zu", n);
	struct json *device = build_device(controller->driver, id);

	if (controller->iothread && b->hv->io_threads)
		json_put_stringf(device, "iothread", "iothread%zu", n % (size_t)b->hv->io_threads);
	build_add_pci(b, PCI_SCSI, controller->express, device, "hvparams.scsi_controller_type");
}

/* Disks fill one controller before the next is made, by their order: a disk that is added at
 * the end moves no other. */
bool build_scsi_place(struct builder *b, struct json *device)
{
	const struct controller *controller = find_controller(b->hv->scsi_controller_type);
	size_t target = b->n_scsi % controller->targets, n = b->n_scsi / controller->targets;

	if (!build_require(b, "hvparams.scsi_controller_type", controller->type, controller->driver))
		return false;
	if (!target)
		add_controller(b, controller, n);
	b->n_scsi++;
	json_put_stringf(device, "bus", "scsi%zu.0", n);
	json_put_int(device, "scsi-id", (int64_t)target);
	json_put_int(device, "lun", 0);
	return true;
}
