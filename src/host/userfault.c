/* userfaultfd(2) for who has no capabilities. */
#include "host/userfault.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"

const struct userfault_places userfault_places = { "/proc/sys/vm/unprivileged_userfaultfd", "/dev/userfaultfd" };

/* Without the file the kernel has no userfaultfd, or is older than any that QEMU's post-copy is used on. */
static bool for_everybody(const char *sysctl)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *text = NULL;

	return file_read_at(AT_FDCWD, sysctl, 16, &text, NULL, &ignored) == 0 && text[0] == '1';
}

/* As the kernel decides it for who cannot override it: the first of owner, group, others that fits. */
static bool may_open(const char *device, const struct userfault_who *who)
{
	struct stat st;
	mode_t bits;

	if (stat(device, &st) < 0)
		return false;
	if (st.st_uid == who->uid)
		bits = st.st_mode >> 6;
	else if (st.st_gid == who->gid || (who->group != (gid_t)-1 && st.st_gid == who->group))
		bits = st.st_mode >> 3;
	else
		bits = st.st_mode;
	return (bits & 06) == 06;
}

bool userfault_usable(const struct userfault_places *places, const struct userfault_who *who)
{
	return for_everybody(places->sysctl) || (who->device && may_open(places->device, who));
}
