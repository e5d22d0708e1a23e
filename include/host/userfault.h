/* Whether a process without capabilities may handle page faults (userfaultfd(2)): a target of post-copy fetches memory with it.
 *
 * The kernel lets it where vm.unprivileged_userfaultfd is 1; else (since Linux 6.1) where /dev/userfaultfd can be opened. */
#ifndef KVMCTL_HOST_USERFAULT_H
#define KVMCTL_HOST_USERFAULT_H

#include <stdbool.h>
#include <sys/types.h>

struct userfault_who {
	uid_t uid;
	gid_t gid, group; /* group: one more, or (gid_t)-1 */
	bool device;      /* it knows of the device, and reaches it: no chroot */
};

struct userfault_places {
	const char *sysctl, *device;
};
extern const struct userfault_places userfault_places; /* those of this host */

bool userfault_usable(const struct userfault_places *places, const struct userfault_who *who);

#endif
