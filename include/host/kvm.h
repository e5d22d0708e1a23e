/* Whether KVM can be used here. */
#ifndef KVMCTL_HOST_KVM_H
#define KVMCTL_HOST_KVM_H

#include <stdbool.h>

/* Opens /dev/kvm and makes an empty VM. *ret_why (owned; "" when usable) says why not and what to do. */
bool kvm_usable(char **ret_why);
/* "kernel 6.1 kvm_intel nested=Y": the flags that make one QEMU answer differently. Owned by the caller. */
char *kvm_flags(void);

#endif
