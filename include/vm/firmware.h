/* UEFI firmware (OVMF) where the distributions put it. */
#ifndef KVMCTL_VM_FIRMWARE_H
#define KVMCTL_VM_FIRMWARE_H

#include <stdbool.h>

/* Code and the variables that belong to it. False, and "" in both, when there is none. Owned by the caller. */
bool firmware_find(char **ret_code, char **ret_vars);

#endif
