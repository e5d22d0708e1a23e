/* What is to be filtered on the NIC of an instance, as its spec says it. */
#ifndef KVMCTL_VM_NIC_BINDING_H
#define KVMCTL_VM_NIC_BINDING_H

#include "vm/filter_binding.h"
#include "vm/spec.h"

/* It has a filter, or security groups. */
bool nic_is_filtered(const struct nic *nic);
bool spec_is_filtered(const struct spec *spec); /* any NIC of it */

/* The binding of NIC number `nic` on its TAP: the parameters of the spec, and IP and IPV6 by the NIC's ip and ip6 where they are not
 * among them and are not to be learned (CTRL_IP_LEARNING any, dhcp). Owned by the caller. */
struct filter_binding *nic_binding(const struct spec *spec, size_t nic, const char *tap);

#endif
