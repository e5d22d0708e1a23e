/* What passes on a NIC before its IPv4 address is known, as a filter that goes through the same compiler as any. No definition can
 * have its name. Pure. */
#ifndef KVMCTL_VM_FILTER_BEFORE_H
#define KVMCTL_VM_FILTER_BEFORE_H

#include <stdbool.h>

#include "vm/filter_binding.h"

#define FILTER_BEFORE_NAME "(before an address is known)"

struct filter_before {
	enum filter_learning learning; /* any or dhcp */
	bool servers, servers_v6;      /* DHCPSERVER, DHCPSERVERV6 have values: only they answer */
	bool ipv6;                     /* the NIC's own filter knows IPV6: what looking for such addresses takes */
};

/* It refers to MAC and, as it was asked for, to DHCPSERVER, DHCPSERVERV6 and IPV6. NULL: never. */
struct filter *filter_before_make(const struct filter_before *before);

#endif
