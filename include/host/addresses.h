/* The addresses of the host itself, in this network namespace. */
#ifndef KVMCTL_HOST_ADDRESSES_H
#define KVMCTL_HOST_ADDRESSES_H

#include <stdbool.h>

/* As inet_ntop(3) writes it. False also when it cannot be told. */
bool host_has_address(const char *address);

#endif
