/* Where security groups are kept: a directory (setting secgroup_dir) with
 *
 *   NAME.json             the definition
 *   NAME.members          addresses that were made members by hand, a line each (vm/secgroup_members.h)
 *   .instances/INSTANCE   groups that were given to NICs of an instance by hand: lines "NIC GROUP", NIC a number or "all"
 *   .lock                 held by who changes any of it
 */
#ifndef KVMCTL_VM_SECGROUP_STORE_H
#define KVMCTL_VM_SECGROUP_STORE_H

#include "base/deadline.h"
#include "vm/secgroup.h"

struct secgroup_store {
	char *dir;
};

#define _cleanup_secgroup_store_ _cleanup_(secgroup_store_close)

/* dir need not exist. */
void secgroup_store_open(const char *dir, struct secgroup_store *ret);
void secgroup_store_close(struct secgroup_store *store);
/* Makes the directory where it is missing. *ret_fd is the lock: closing it lets go. ERROR_BUSY names who holds it. */
int secgroup_store_lock(const struct secgroup_store *store, const char *verb, struct deadline deadline, int *ret_fd,
			struct error *err);

/* Sorted names (strv). ERROR_HOST. */
int secgroup_store_list(const struct secgroup_store *store, char ***ret, struct error *err);
/* ERROR_NO_INSTANCE: there is none; ERROR_SPEC: it is damaged, or another name is in it; ERROR_HOST. */
int secgroup_store_read(const struct secgroup_store *store, const char *name, struct secgroup **ret, struct error *err);
/* Durable, whole or not at all. */
int secgroup_store_write(const struct secgroup_store *store, const struct secgroup *group, struct error *err);
/* Its addresses first, then the definition. ERROR_NO_INSTANCE: there is none. Nobody may use it: that is the caller's to know. */
int secgroup_store_remove(const struct secgroup_store *store, const char *name, struct error *err);
/* Names of the groups whose rules name it (strv), itself left out. What is damaged names nothing. */
int secgroup_store_users(const struct secgroup_store *store, const char *name, char ***ret, struct error *err);

#endif
