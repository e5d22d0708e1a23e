/* What every guest gets, or may get, on its board: balloon, random numbers, the panic device,
 * the watchdog. */
#include "base/text.h"
#include "vm/plan_build.h"

/* No deflate-on-oom (the host would lose what it took back) and no free page reporting (the
 * guest's memory would differ with the host). */
static void balloon(struct builder *b)
{
	build_add_pci(b, PCI_BALLOON, true, build_device("virtio-balloon-pci", "balloon"), "maxmem");
}

/* /dev/urandom and not rng-builtin, which would be the same source: the manual promises what
 * the guest is fed from. */
static void rng(struct builder *b)
{
	struct json *object, *device;

	if (!b->hv->rng)
		return;
	object = json_new_object();
	json_put_string(object, "qom-type", "rng-random");
	json_put_string(object, "id", "random");
	json_put_string(object, "filename", "/dev/urandom");
	options_json(&b->options, OPTION_OBJECT, object);
	device = build_device("virtio-rng-pci", "rng");
	json_put_string(device, "rng", "random");
	build_add_pci(b, PCI_RNG, true, device, "hvparams.rng");
}

/* What happens when it fires is said in the machine chapter (-action). */
static void watchdog(struct builder *b)
{
	const char *type = b->hv->watchdog;

	if (is_empty(type) || !build_require(b, "hvparams.watchdog", type, type))
		return;
	if (streq(type, "i6300esb"))
		build_add_pci(b, PCI_WATCHDOG, false, build_device(type, "watchdog"), "hvparams.watchdog");
	else
		build_add_device(b, build_device(type, "watchdog"));
}

void plan_board(struct builder *b)
{
	balloon(b);
	rng(b);
	/* The ISA one: no slot, and the ACPI tables of every machine type announce it. */
	if (b->hv->pvpanic && build_require(b, "hvparams.pvpanic", "true", "pvpanic"))
		build_add_device(b, build_device("pvpanic", "pvpanic"));
	watchdog(b);
}
