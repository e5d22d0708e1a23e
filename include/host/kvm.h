/* Whether KVM can be used here. */
#ifndef KVMCTL_HOST_KVM_H
#define KVMCTL_HOST_KVM_H

#include <stdbool.h>

/* Opens /dev/kvm and makes an empty VM. *ret_why (owned; "" when usable) says why not and what to do. */
bool kvm_usable(char **ret_why);

#endif
