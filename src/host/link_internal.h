/* What link.c and link_route.c share: the loaded module, and its refusals as errors. */
#ifndef KVMCTL_HOST_LINK_INTERNAL_H
#define KVMCTL_HOST_LINK_INTERNAL_H

#include "base/error.h"
#include "host/link_module.h"

/* Loads kvmctl-link.so at the first call. */
int link_load(const struct link_module **ret, struct error *err);
/* ERROR_HOST: the format, and the kernel's words. Returns -1. */
int link_refused(struct error *err, const struct link_failure *failure, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Writes /proc/sys/net/FAMILY/conf/LINK/KEY; the family ("ipv4", "ipv6") switched off in the kernel is
 * errnum ENOENT. */
int link_sysctl(const char *family, const char *link, const char *key, const char *value, struct error *err);

#endif
