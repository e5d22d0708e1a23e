/* What bandwidth.c tells the kernel. Pure. */
#ifndef KVMCTL_HOST_BANDWIDTH_INTERNAL_H
#define KVMCTL_HOST_BANDWIDTH_INTERNAL_H

#include "host/bandwidth.h"
#include "host/link_module.h"

struct link_shape bandwidth_shape(const struct bandwidth_rate *inbound);
struct link_shape bandwidth_police(const struct bandwidth_rate *outbound);
/* The transaction that puts the table in place of the one that is there; average 0: that takes it away. Owned by the caller. */
char *bandwidth_ruleset(const char *link, const struct bandwidth_rate *outbound);

#endif
