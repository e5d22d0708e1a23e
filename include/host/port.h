/* TCP ports of this host. */
#ifndef KVMCTL_HOST_PORT_H
#define KVMCTL_HOST_PORT_H

#include <stdbool.h>

/* False when somebody listens there already. address: numeric, without brackets; "" = all. What cannot be tried (a name, an address of no interface)
 * counts as free: who listens there in the end says best what is wrong with it. */
bool port_is_free(const char *address, int port);

#endif
