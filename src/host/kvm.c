/* Whether KVM can be used here: by making an empty virtual machine, since a readable /dev/kvm alone
 * proves little (nested or broken hosts). */
#include "host/kvm.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include "base/text.h"

#define KVM_DEVICE "/dev/kvm"

static char *why_not_open(int errnum)
{
	switch (errnum) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return xprintf("\"%s\": %s; load kvm_intel or kvm_amd, and switch virtualization on in the firmware",
			       KVM_DEVICE, strerror(errnum));
	case EACCES:
	case EPERM:
		return xprintf("\"%s\": %s; join the group kvm, or run as root", KVM_DEVICE, strerror(errnum));
	default:
		return xprintf("\"%s\": %s", KVM_DEVICE, strerror(errnum));
	}
}

/* Each step is one that QEMU makes as well, in its order: what fails here would fail there, with fewer
 * words. */
static char *why_not(void)
{
	_cleanup_close_ int device = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);

	if (device < 0)
		return why_not_open(errno);
	int version = ioctl(device, KVM_GET_API_VERSION, 0);
	if (version < 0)
		return xprintf("\"%s\" does not answer: %s", KVM_DEVICE, strerror(errno));
	if (version != KVM_API_VERSION)
		return xprintf("\"%s\" speaks version %d of its interface, not %d", KVM_DEVICE, version,
			       KVM_API_VERSION);
	_cleanup_close_ int machine = ioctl(device, KVM_CREATE_VM, 0);
	if (machine < 0)
		return xprintf("\"%s\" makes no virtual machine: %s", KVM_DEVICE, strerror(errno));
	return NULL;
}

bool kvm_usable(char **ret_why)
{
	char *why = why_not();
	bool usable = !why;

	*ret_why = why ? why : xstrdup("");
	return usable;
}
