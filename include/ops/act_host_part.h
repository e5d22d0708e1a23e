/* Which part of a spec is the host's: what the guest does not see follows the host that it runs on. */
#ifndef KVMCTL_OPS_ACT_HOST_PART_H
#define KVMCTL_OPS_ACT_HOST_PART_H

#include "vm/spec.h"

enum host_part {
	HOST_PART_SAME, /* the same host, started again: keys of the instance, and parameters */
	HOST_PART_OTHER /* another host: where its disks and networks are, too */
};

/* The recorded document with the host's part from current. *ret: owned by the caller. ERROR_SPEC: they do not fit each other (another number of
 * disks or NICs). Pure. */
int act_host_part(const struct json *recorded, const struct spec *current, enum host_part part, struct json **ret,
		  struct error *err);

#endif
