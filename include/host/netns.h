/* A network namespace of this process's own, to try things in where nobody is: what is made there is gone when it is left. */
#ifndef KVMCTL_HOST_NETNS_H
#define KVMCTL_HOST_NETNS_H

#include "base/error.h"

/* *ret_back leads back: netns_leave takes it. ERROR_HOST: not allowed. Sockets that are open stay where they are. */
int netns_enter_new(int *ret_back, struct error *err);
int netns_leave(int *back, struct error *err);

#endif
