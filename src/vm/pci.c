/* PCI places: see the theory in vm/pci.h. */
#include "vm/pci.h"

#include <stdio.h>

#include "base/text.h"

#define SPARE_SLOT 30  /* q35: eight ports for hotplug */
#define EXPRESS_SLOT 2 /* q35: the ports of what kvmctl brings along */
#define ALL_FUNCTIONS 0xff

struct place {
	int slot, function;
	bool port;  /* behind the root port there, else there itself */
	bool whole; /* takes the whole slot */
};

/* The fixed places, by kind. slot 0: none. */
struct fixed {
	struct place pc, q35, q35_express;
};

static const struct fixed fixed_places[PCI_KIND_MAX] = {
	[PCI_VGA] = { { 2, 0, false, true }, { 1, 0, false, true }, { 1, 0, false, true } },
	[PCI_BALLOON] = { { 3, 0, false, true }, { 0 }, { EXPRESS_SLOT, 0, true, false } },
	[PCI_CHANNELS] = { { 4, 0, false, true }, { 0 }, { EXPRESS_SLOT, 1, true, false } },
	[PCI_RNG] = { { 5, 0, false, true }, { 0 }, { EXPRESS_SLOT, 2, true, false } },
	[PCI_SOUND] = { { 6, 0, false, true }, { 3, 0, false, true }, { 0 } },
	[PCI_WATCHDOG] = { { 7, 0, false, true }, { 4, 0, false, true }, { 0 } },
	[PCI_USB] = { { 1, 2, false, false }, { 0 }, { EXPRESS_SLOT, 3, true, false } },
	[PCI_SCSI] = { { 8, 0, false, true }, { 5, 0, false, true }, { EXPRESS_SLOT, 4, true, false } },
};
#define FIXED_SCSI 4

/* What the machine itself takes is never free. */
void pci_init(struct pci *pci, bool q35, int reservations)
{
	*pci = (struct pci){ .q35 = q35, .reservations = reservations };
	pci->slots[0].used = ALL_FUNCTIONS;
	if (q35)
		pci->slots[PCI_SLOTS - 1].used = ALL_FUNCTIONS;
	else
		pci->slots[1].used = ALL_FUNCTIONS & ~(1 << 2); /* PIIX3: ISA, IDE, (USB), power management */
}

void pci_clear(struct pci *pci)
{
	for (size_t i = 0; i < pci->n; i++) {
		free(pci->devices[i].id);
		free(pci->devices[i].path);
		json_free(pci->devices[i].object);
	}
	free(pci->devices);
	*pci = (struct pci){ 0 };
}

/* The object is kept: its address is written into it when all devices are known. */
void pci_add(struct pci *pci, const char *id, enum pci_kind kind, bool express, struct json *object, const char *path)
{
	grow_array(pci->devices, pci->n);
	pci->devices[pci->n++] = (struct pci_device){
		.id = xstrdup(id),
		.kind = kind,
		.express = express,
		.object = json_ref(object),
		.path = xstrdup(path),
	};
}

/* The name that QEMU gives it. */
static const char *root_bus(const struct pci *pci)
{
	return pci->q35 ? "pcie.0" : "pci.0";
}

/* Function 0 comes along: without it the guest does not look at the others. */
static void make_port(struct pci *pci, int slot, int function)
{
	pci->slots[slot].used |= (uint8_t)(1 | 1 << function);
	pci->slots[slot].ports |= (uint8_t)(1 | 1 << function);
}

/* A port may be there already (of the fixed ones, or with a neighbour's function 0), but then
 * without a device. */
static bool place_free(const struct pci *pci, const struct place *place)
{
	const struct pci_slot *slot = &pci->slots[place->slot];
	int bit = 1 << place->function;

	if (place->port)
		return !(slot->used & ~slot->ports) && !(slot->taken & bit);
	return place->whole ? !slot->used : !(slot->used & bit);
}

/* Takes the place, and writes it into the device. */
static void put(struct pci *pci, struct pci_device *device, const struct place *place)
{
	struct pci_slot *slot = &pci->slots[place->slot];

	if (place->port) {
		make_port(pci, place->slot, place->function);
		slot->taken |= (uint8_t)(1 << place->function);
		json_put_stringf(device->object, "bus", "port-%d-%d", place->slot, place->function);
		json_put_string(device->object, "addr", "0x0");
	} else {
		slot->used |= place->whole ? ALL_FUNCTIONS : (uint8_t)(1 << place->function);
		json_put_string(device->object, "bus", root_bus(pci));
		if (place->function)
			json_put_stringf(device->object, "addr", "0x%x.0x%x", place->slot, place->function);
		else
			json_put_stringf(device->object, "addr", "0x%x", place->slot);
	}
	device->placed = true;
}

/* "0xd" or "0x1.0x2", as put() writes it. */
static bool read_addr(const char *text, int *ret_slot, int *ret_function)
{
	unsigned int slot, function = 0;
	char rest;
	int n = sscanf(text, "0x%2x.0x%1x%c", &slot, &function, &rest);

	if (n != 1 && n != 2)
		return false;
	if (slot >= PCI_SLOTS || function >= PCI_FUNCTIONS)
		return false;
	*ret_slot = (int)slot;
	*ret_function = (int)function;
	return true;
}

/* The place in a recorded address; false: it is none of this machine's. */
static bool read_place(const struct pci *pci, const struct json *address, struct place *ret)
{
	const char *bus = json_get_string(address, "bus", ""), *addr = json_get_string(address, "addr", "");
	char rest;

	if (sscanf(bus, "port-%2d-%1d%c", &ret->slot, &ret->function, &rest) == 2) {
		ret->port = true;
		ret->whole = false;
		return pci->q35 && ret->slot > 0 && ret->slot < PCI_SLOTS && ret->function >= 0 &&
		       ret->function < PCI_FUNCTIONS;
	}
	if (!streq(bus, root_bus(pci)) || !read_addr(addr, &ret->slot, &ret->function))
		return false;
	ret->port = false;
	ret->whole = !strchr(addr, '.');
	return true;
}

/* Rule 1. Ports first, so that a slot of ports is known as one. */
static void place_recorded(struct pci *pci, const struct json *recorded)
{
	struct place place;

	for (struct json_iter it = json_iter(recorded); json_next(&it);)
		if (starts_with(it.key, "port-") &&
		    read_addr(json_get_string(it.value, "addr", ""), &place.slot, &place.function))
			make_port(pci, place.slot, place.function);
	for (size_t i = 0; i < pci->n; i++) {
		struct json *address = json_get(recorded, pci->devices[i].id);

		if (address && read_place(pci, address, &place))
			put(pci, &pci->devices[i], &place);
	}
}

/* Rule 2, as far as the reserved range reaches. */
static void place_fixed(struct pci *pci)
{
	int seen[PCI_KIND_MAX] = { 0 };

	for (size_t i = 0; i < pci->n; i++) {
		struct pci_device *device = &pci->devices[i];
		const struct fixed *fixed = &fixed_places[device->kind];
		struct place place = !pci->q35 ? fixed->pc : device->express ? fixed->q35_express : fixed->q35;
		int nth = seen[device->kind]++;

		if (device->placed || !place.slot || nth >= (device->kind == PCI_SCSI ? FIXED_SCSI : 1))
			continue;
		if (place.port)
			place.function += nth;
		else
			place.slot += nth;
		if (place.slot < pci->reservations && place_free(pci, &place))
			put(pci, device, &place);
	}
}

/* Any place in one slot. */
static bool try_slot(struct pci *pci, struct pci_device *device, int slot)
{
	if (pci->q35 && device->express) {
		for (int function = 0; function < PCI_FUNCTIONS; function++) {
			struct place place = { slot, function, true, false };

			if (place_free(pci, &place)) {
				put(pci, device, &place);
				return true;
			}
		}
		return false;
	}
	struct place place = { slot, 0, false, true };

	if (!place_free(pci, &place))
		return false;
	put(pci, device, &place);
	return true;
}

/* Rule 3, one kind. */
static void place_upward(struct pci *pci, enum pci_kind kind)
{
	for (size_t i = 0; i < pci->n; i++)
		for (int slot = pci->reservations;
		     pci->devices[i].kind == kind && !pci->devices[i].placed && slot < PCI_SLOTS; slot++)
			try_slot(pci, &pci->devices[i], slot);
}

/* Rule 2, for those that found no fixed place. */
static void place_downward(struct pci *pci)
{
	for (size_t i = 0; i < pci->n; i++) {
		struct pci_device *device = &pci->devices[i];

		if (device->kind == PCI_NIC || device->kind == PCI_DISK)
			continue;
		for (int slot = PCI_SLOTS - 1; !device->placed && slot > 0; slot--)
			try_slot(pci, device, slot);
	}
}

/* What is recorded: the ports (they must be made again even when nothing is behind them any
 * more), then the devices. */
static struct json *collect(const struct pci *pci)
{
	struct json *addresses = json_new_object();

	for (int slot = 0; slot < PCI_SLOTS; slot++) {
		for (int function = 0; function < PCI_FUNCTIONS; function++) {
			_cleanup_free_ char *id = xprintf("port-%d-%d", slot, function);
			struct json *address;

			if (!(pci->slots[slot].ports & 1 << function))
				continue;
			address = json_new_object();
			json_put_string(address, "bus", root_bus(pci));
			json_put_stringf(address, "addr", "0x%x.0x%x", slot, function);
			json_put(addresses, id, address);
		}
	}
	for (size_t i = 0; i < pci->n; i++) {
		const struct pci_device *device = &pci->devices[i];
		struct json *address = json_new_object();

		json_put(address, "bus", json_ref(json_get(device->object, "bus")));
		json_put(address, "addr", json_ref(json_get(device->object, "addr")));
		json_put(addresses, device->id, address);
	}
	return addresses;
}

/* The order of the steps is the order of the rules; within a step, the order of asking. */
void pci_assign(struct pci *pci, const struct json *recorded, struct json **ret_addresses, struct problems *problems)
{
	if (recorded) {
		place_recorded(pci, recorded);
	} else if (pci->q35) {
		pci->slots[SPARE_SLOT].used = pci->slots[SPARE_SLOT].ports = ALL_FUNCTIONS;
		if (pci->reservations > EXPRESS_SLOT)
			pci->slots[EXPRESS_SLOT].used = pci->slots[EXPRESS_SLOT].ports = ALL_FUNCTIONS;
	}
	/* Spare means spare: only a recorded address (of a device that was plugged in) leads
	 * there. */
	pci->slots[SPARE_SLOT].taken |= pci->slots[SPARE_SLOT].ports;
	place_fixed(pci);
	place_upward(pci, PCI_NIC);
	place_upward(pci, PCI_DISK);
	place_downward(pci);
	for (size_t i = 0; i < pci->n; i++)
		if (!pci->devices[i].placed)
			problems_add(problems, pci->devices[i].path,
				     "\"%s\" finds no free PCI slot: lower hvparams.kvm_pci_reservations (it is %d), "
				     "use fewer devices, or "
				     "SCSI disks (hvparams.disk_type scsi), which share a slot",
				     pci->devices[i].id, pci->reservations);
	*ret_addresses = collect(pci);
}

/* In order of their addresses, which is the order in which firmware numbers the buses behind
 * them. */
struct json *pci_root_ports(const struct pci *pci)
{
	struct json *ports = json_new_array();

	for (int slot = 0; slot < PCI_SLOTS; slot++) {
		for (int function = 0; function < PCI_FUNCTIONS; function++) {
			int number = slot * PCI_FUNCTIONS + function;
			struct json *port;

			if (!(pci->slots[slot].ports & 1 << function))
				continue;
			port = json_new_object();
			json_put_string(port, "driver", "pcie-root-port");
			json_put_stringf(port, "id", "port-%d-%d", slot, function);
			/* Unique, as chassis and slot together must be. */
			json_put_int(port, "port", number);
			json_put_int(port, "chassis", number);
			json_put_int(port, "slot", number);
			json_put_string(port, "bus", root_bus(pci));
			json_put_stringf(port, "addr", "0x%x.0x%x", slot, function);
			if (!function)
				json_put_bool(port, "multifunction", true);
			json_append(ports, port);
		}
	}
	return ports;
}
