/* What the kernel can filter, found out by letting it look at one rule of each kind: never by its version. */
#ifndef KVMCTL_VM_FILTER_KERNEL_H
#define KVMCTL_VM_FILTER_KERNEL_H

#include "vm/filter_compile.h"

/* For this network namespace; nothing is left in it. mark_mask: FILTER_MARK_MASK, or the settings'. ERROR_HOST: libnftables is not
 * there, or may not be used, or the mask is of no use. */
int filter_kernel_probe(uint32_t mark_mask, struct filter_kernel *ret, struct error *err);

/* What of ours is in the kernel now. */
int filter_kernel_list(struct filter_listing **ret, struct error *err);

#endif
