/* Users and groups by name. */
#ifndef KVMCTL_HOST_USER_H
#define KVMCTL_HOST_USER_H

#include <sys/types.h>

#include "base/error.h"

/* ERROR_HOST when there is no such user. */
int user_find(const char *name, uid_t *ret_uid, gid_t *ret_gid, struct error *err);
/* The gid of a group, or (gid_t)-1 when there is none. */
gid_t group_find(const char *name);
/* "root", or the number. Owned by the caller. */
char *user_name(uid_t uid);

#endif
