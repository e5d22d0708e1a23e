/* Open vSwitch ports through ovs-vsctl, where it is installed. */
#ifndef KVMCTL_HOST_OVS_H
#define KVMCTL_HOST_OVS_H

#include <stdint.h>

#include "base/deadline.h"
#include "base/error.h"

/* ERROR_HOST when ovs-vsctl is missing or refuses. vlan 0 = none; mac and instance go into the port's external ids. */
int ovs_attach(const char *link, const char *bridge, int64_t vlan, const char *mac, const char *instance, struct deadline deadline,
	       struct error *err);
int ovs_detach(const char *link, const char *bridge, struct deadline deadline, struct error *err);

#endif
