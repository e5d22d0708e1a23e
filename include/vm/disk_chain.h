/* A disk and what it stands on: the backing chain of a qcow2, followed by its headers and never by probing. */
#ifndef KVMCTL_VM_DISK_CHAIN_H
#define KVMCTL_VM_DISK_CHAIN_H

#include "base/error.h"
#include "vm/facts.h"
#include "vm/spec.h"

#define DISK_CHAIN_MAX 64

/* All layers, the top first, each with an absolute path or a URI and a format that was written down: by
 * the spec for the top, in the header for the others (what the header of a raw layer seems to say is the
 * guest's word and is not read). What is behind a URI is not looked at: QEMU follows it. ERROR_SPEC:
 * missing, unreadable, neither file nor block device, not the format it is said to be, encrypted, an
 * external data file, a loop, too deep, a backing file without its format (the hint is the qemu-img
 * command that writes it down). */
int disk_chain_read(const struct disk *disk, struct disk_facts *ret, struct error *err);
void disk_facts_free(struct disk_facts *facts);

/* The path of a backing file as the header of `image` names it. *ret is owned by the caller. Pure.
 * ERROR_SPEC: a "json:" name. */
int disk_chain_resolve(const char *image, const char *backing, char **ret, struct error *err);

#endif
