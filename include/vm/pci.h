/* Where each PCI device sits. Pure: devices and the places recorded at an earlier start in, an address
 * for each out.
 *
 * Theory. A guest names its devices by their places, so a place must not change because something else
 * was added. Three rules:
 *   1. a recorded address wins, always;
 *   2. what kvmctl brings along itself (graphics, balloon, channels ...) has a place fixed by its kind in
 *      the reserved range
 *      (slots below kvm_pci_reservations), so that none of them moves another. Where the range has no
 *      such place (it is short), the
 *      highest free slot is taken, after the NICs and disks have theirs;
 *   3. NICs, then disks, from slot kvm_pci_reservations on, upward. (NICs first: a disk that is added
 *      later does not rename a NIC.)
 * pc has one bus, pci.0, with a device a slot. On q35 conventional devices sit on pcie.0, a slot each;
 * PCI Express devices sit alone behind a root port, and eight ports share a slot of pcie.0 as its
 * functions. The ports of the fixed places exist even when nothing is behind them, and eight spare ones
 * wait at slot 30 for hotplug.
 *
 * The machine has taken slots 0 and 1 (pc; the USB controller is a function of 1, as on the real chip), 0
 * and 31 (q35). */
#ifndef KVMCTL_VM_PCI_H
#define KVMCTL_VM_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/problems.h"

#define PCI_SLOTS 32
#define PCI_FUNCTIONS 8

enum pci_kind {
	PCI_VGA,
	PCI_BALLOON,
	PCI_CHANNELS,
	PCI_RNG,
	PCI_SOUND,
	PCI_WATCHDOG,
	PCI_USB,
	PCI_SCSI, /* up to four controllers have fixed places */
	PCI_NIC,
	PCI_DISK,
	PCI_KIND_MAX
};

struct pci_device {
	char *id;
	enum pci_kind kind;
	bool express;        /* goes behind a root port on q35 */
	struct json *object; /* the device: gets "bus" and "addr" */
	char *path;          /* what a problem names: "nics[3]" */
	bool placed;
};

struct pci_slot {
	uint8_t used;  /* functions taken on the root bus, a bit each */
	uint8_t ports; /* functions that are root ports */
	uint8_t taken; /* ... which have a device behind them, or are kept for one */
};

struct pci {
	bool q35;
	int reservations;
	struct pci_device *devices;
	size_t n;
	struct pci_slot slots[PCI_SLOTS];
};

void pci_init(struct pci *pci, bool q35, int reservations);
void pci_clear(struct pci *pci);
/* Takes a reference of object. The kinds' order of calls is the order of places within a kind. */
void pci_add(struct pci *pci, const char *id, enum pci_kind kind, bool express, struct json *object, const char *path);
/* Gives every device its "bus" and "addr". `recorded` (may be NULL) and *ret_addresses: {"ID": {"bus":
 * ..., "addr": ...}, ...}, the root ports first, named port-SLOT-FUNCTION. A device that finds no place
 * becomes a problem. Owned by the caller. */
void pci_assign(struct pci *pci, const struct json *recorded, struct json **ret_addresses, struct problems *problems);
/* The root ports of q35 as devices, in order of their addresses: an array. Owned by the caller. */
struct json *pci_root_ports(const struct pci *pci);

#endif
