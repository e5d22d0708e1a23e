/* TCP ports of this host. */
#ifndef KVMCTL_HOST_PORT_H
#define KVMCTL_HOST_PORT_H

#include <stdbool.h>

#include "base/error.h"

/* False when somebody listens there already. address: numeric, without brackets; "" = all. What cannot be tried (a name, an address of no interface)
 * counts as free: who listens there in the end says best what is wrong with it. */
bool port_is_free(const char *address, int port);
/* On how many addresses who listens at `address` listens: "" is one of each family that the host has. 0: it cannot be told. */
int port_addresses(const char *address);
/* A listening socket on a port that the kernel chooses. address: numeric or a name, without brackets; "" = all, of both families where IPv6 is there.
 * CLOEXEC. ERROR_HOST. */
int port_listen(const char *address, int *ret_fd, int *ret_port, struct error *err);

#endif
