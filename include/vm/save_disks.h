/* What the disks of a saved guest were when its memory was written: one that has been written to since does not fit it any more. */
#ifndef KVMCTL_VM_SAVE_DISKS_H
#define KVMCTL_VM_SAVE_DISKS_H

#include "base/json.h"
#include "base/problems.h"
#include "vm/spec.h"

/* Array of {"path", "size", "inode", "mtime"} (nanoseconds, as text), each layer of each disk. Of block devices the size only; what is behind a URI
 * cannot be told and is left out. Owned by the caller. */
struct json *save_disks_look(const struct spec *spec);
/* Adds a problem for each disk that differs now from what was recorded. */
void save_disks_compare(const struct json *recorded, struct problems *problems);

#endif
