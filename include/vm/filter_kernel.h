/* What the kernel can filter, found out by letting it look at one rule of each kind: never by its version. */
#ifndef KVMCTL_VM_FILTER_KERNEL_H
#define KVMCTL_VM_FILTER_KERNEL_H

#include "vm/filter_compile.h"
#include "vm/rundir.h"

/* Whether a mask for marks is one: ERROR_SPEC. */
int filter_mark_check(uint32_t mask, struct error *err);

/* For this network namespace; nothing is left in it. mark_mask: FILTER_MARK_MASK, or the settings'. ERROR_HOST: libnftables is not
 * there, or may not be used. */
int filter_kernel_probe(uint32_t mark_mask, struct filter_kernel *ret, struct error *err);

/* The same, but what is remembered in the run directory (filter/.kernel) is believed as long as this is the same boot, network namespace,
 * kernel and library: asking takes as long as a start. With `fresh` the kernel is asked again. */
int filter_kernel_known(struct rundir *rundir, uint32_t mark_mask, bool fresh, struct filter_kernel *ret,
			struct error *err);

bool filter_kernel_has_bridge_netfilter(void);

/* What of ours is in the kernel now. */
int filter_kernel_list(struct filter_listing **ret, struct error *err);

#endif
