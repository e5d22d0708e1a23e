/* TAP devices by ioctl on /dev/net/tun: probed, named by us, made exclusively, never persistent. */
#include "host/tap.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/random.h>

#include "base/text.h"

#define TUN_DEVICE "/dev/net/tun"

static int tun_open(struct error *err)
{
	int fd = open(TUN_DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		return fd;
	error_errno(err, ERROR_HOST, errno, "cannot open \"%s\"", TUN_DEVICE);
	if (err->errnum == ENOENT || err->errnum == ENODEV || err->errnum == ENXIO)
		error_hint(err, "load the kernel module: modprobe tun");
	else if (err->errnum == EACCES || err->errnum == EPERM)
		error_hint(err, "run as root, or use a NIC of mode \"user\", which needs no TAP device");
	return -1;
}

int tap_probe(struct tap_features *ret, struct error *err)
{
	_cleanup_close_ int fd = tun_open(err);
	unsigned int features = 0;

	if (fd < 0)
		return -1;
	if (ioctl(fd, TUNGETFEATURES, &features) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot ask \"%s\" for its features", TUN_DEVICE);
	ret->vnet_hdr = features & IFF_VNET_HDR;
	ret->multi_queue = features & IFF_MULTI_QUEUE;
	return 0;
}

int tap_choose_name(char ret[TAP_NAME_SIZE], struct error *err)
{
	for (int i = 0; i < 100; i++) {
		unsigned int number;
		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			return error_errno(err, ERROR_HOST, errno, "cannot get random bytes for a TAP's name");
		snprintf(ret, TAP_NAME_SIZE, "kvt%010u", number);
		/* Only a first look: tap_open makes the device exclusively, and that decides. */
		if (if_nametoindex(ret) == 0)
			return 0;
	}
	return error_set(err, ERROR_HOST, "found no free name for a TAP device");
}

static int tap_refused(const char *name, int errnum, struct error *err)
{
	/* IFF_TUN_EXCL: the name is a device's already, of whatever kind. */
	if (errnum == EBUSY)
		return error_errno(err, ERROR_BUSY, errnum, "cannot make the TAP \"%s\": a device of this name exists",
				   name);
	error_errno(err, ERROR_HOST, errnum, "cannot make the TAP \"%s\"", name);
	if (errnum == EPERM)
		error_hint(err, "this needs the capability CAP_NET_ADMIN: run as root, or use a NIC of mode \"user\"");
	return -1;
}

/* One descriptor of the TAP. The first makes the device and must find the name free; the others join it. */
static int tap_open_queue(const char *name, int flags, struct error *err)
{
	_cleanup_close_ int fd = tun_open(err);
	struct ifreq request = { 0 };

	if (fd < 0)
		return -1;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	request.ifr_flags = (short)flags;
	if (ioctl(fd, TUNSETIFF, &request) < 0)
		return tap_refused(name, errno, err);
	return take_fd(&fd);
}

int tap_open(const char *name, int queues, bool vnet_hdr, int *fds, struct error *err)
{
	int flags = IFF_TAP | IFF_NO_PI | (vnet_hdr ? IFF_VNET_HDR : 0) | (queues > 1 ? IFF_MULTI_QUEUE : 0);

	if (is_empty(name) || strlen(name) >= TAP_NAME_SIZE || strchr(name, '%'))
		return error_set(err, ERROR_OTHER, "\"%s\" is no name for a TAP device", name);
	for (int i = 0; i < queues; i++) {
		int fd = tap_open_queue(name, i == 0 ? flags | IFF_TUN_EXCL : flags, err);
		if (fd < 0) {
			while (i-- > 0)
				close(fds[i]);
			return -1;
		}
		fds[i] = fd;
	}
	return 0;
}
