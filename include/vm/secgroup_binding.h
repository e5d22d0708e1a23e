/* Members of security groups by what is bound on this host. Pure. */
#ifndef KVMCTL_VM_SECGROUP_BINDING_H
#define KVMCTL_VM_SECGROUP_BINDING_H

#include "vm/filter_binding.h"
#include "vm/secgroup_members.h"

/* The addresses under which a NIC is a member of its groups: IP and IPV6 as given, those that were learned, and the link-local one that
 * is made of its MAC unless IPV6 is given. As inet_ntop writes them, none twice (strv). */
char **secgroup_binding_addresses(const struct filter_binding *binding);

/* Those of a family (strv). */
char **secgroup_addresses_of(char *const *addresses, enum filter_family family);
/* Those of `list` that are not in `others` (strv). */
char **secgroup_addresses_without(char *const *list, char *const *others);

#endif
