/* What the files of kvmctl-link.so share: a socket of rtnetlink, and its failures. Nothing of the program is known here. */
#ifndef KVMCTL_HOST_LINK_MODULE_NETLINK_H
#define KVMCTL_HOST_LINK_MODULE_NETLINK_H

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "host/link_module.h"

#define cleanup(fn) __attribute__((cleanup(fn)))

void netlink_put_socket(struct nl_sock **p);
void netlink_put_msg(struct nl_msg **p);

/* NULL: *failure says why. What the kernel refuses later is put there, too. */
struct nl_sock *netlink_connect(struct link_failure *failure);
/* What a libnl call came to: 0, or -1 with *failure filled. Its own codes say less than the kernel's errno, which was kept; without
 * one it is libnl's own failure. */
int netlink_result(int code, struct link_failure *failure);
void netlink_words(struct link_failure *failure, const char *text);

/* src/host/link_module_bandwidth.c, for the table of the module. */
int link_shape(int index, const struct link_shape *shape, struct link_failure *failure);
int link_police(int index, const struct link_shape *shape, struct link_failure *failure);
int link_has_policer(bool *ret, struct link_failure *failure);

#endif
