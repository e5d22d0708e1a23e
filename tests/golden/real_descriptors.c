/* What real_qemu opens for the descriptors of a plan: files, images, loop devices, TAPs, sockets, links. */
#include "golden/real_descriptors.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/loop.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"

#define MANY_FDS 200 /* ours are above, QEMU's below */

int real_high(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, MANY_FDS);

	if (moved < 0)
		golden_die("descriptor %d: %m", fd);
	close(fd);
	return moved;
}

/* --- the things that a plan names --- */

static void write_new(const char *path, const void *data, size_t length, off_t size)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || file_write_all(fd, data, length) < 0 || (size && ftruncate(fd, size) < 0))
		golden_die("%s: %m", path);
}

static void put32(unsigned char *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(value >> (24 - 8 * i));
}

/* Version 2, 1 MiB, four clusters: header, refcount table, refcount block, L1. */
static void make_qcow2(const char *path)
{
	unsigned char *image = xcalloc(4, 65536);

	memcpy(image, "QFI\xfb", 4);
	put32(image + 4, 2);
	put32(image + 20, 16);
	put32(image + 28, 1024 * 1024);
	put32(image + 36, 1);
	put32(image + 44, 3 * 65536);
	put32(image + 52, 65536);
	put32(image + 56, 1);
	put32(image + 65536 + 4, 2 * 65536);
	for (int i = 0; i < 4; i++)
		image[2 * 65536 + 2 * i + 1] = 1;
	write_new(path, image, (size_t)4 * 65536, 0);
	free(image);
}

/* Enough of the boot protocol for QEMU to load it. */
static void make_kernel(const char *path)
{
	unsigned char *kernel = xcalloc(1, 65536);

	kernel[0x1f1] = 1;
	kernel[0x1fe] = 0x55;
	kernel[0x1ff] = 0xaa;
	memcpy(kernel + 0x202, "HdrS\x06\x02", 6);
	kernel[0x211] = 1;
	memcpy(kernel + 0x22c, "\xff\xff\xff\x37", 4); /* how high the initrd may be */
	write_new(path, kernel, 65536, 0);
	free(kernel);
}

static void copy_file(const char *from, const char *to)
{
	_cleanup_free_ char *data = NULL;
	struct error err = ERROR_INIT;
	size_t length;

	if (file_read_at(AT_FDCWD, from, 16 * 1024 * 1024, &data, &length, &err) < 0)
		golden_die("%s", err.message);
	write_new(to, data, length, 0);
}

/* What lies under the case's directory is made when it is first asked for, by its name. */
static void provide(const struct real *real, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	_cleanup_free_ char *parent = xstrndup(path, (size_t)(name - path - 1)),
			    *certificate = xprintf("tests/golden/tls/%s", name);
	struct error err = ERROR_INIT;

	if (!starts_with(path, real->directory) || access(path, F_OK) == 0)
		return;
	if (file_make_dirs(parent, 0755, &err) < 0)
		golden_die("%s", err.message);
	if (ends_with(name, ".qcow2"))
		make_qcow2(path);
	else if (ends_with(name, ".pem")) {
		if (access(certificate, F_OK) == 0)
			copy_file(certificate, path);
	} else if (streq(name, "vmlinuz"))
		make_kernel(path);
	else if (streq(name, "variables.fd"))
		copy_file(real->c->facts.firmware_vars, path);
	else if (streq(name, "password"))
		write_new(path, "secret12", 8, 0);
	else
		write_new(path, "", 0, streq(name, "floppy.img") ? 1474560 : 1024 * 1024);
}

/* A block device of the plan is one of ours: a loop device that goes with its last user. -1:
 * there are none here. */
static int loop_device(const struct real *real, int flags)
{
	_cleanup_free_ char *file = xprintf("%s/loop.img", real->directory);
	_cleanup_close_ int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), backing = -1;
	struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE), fd;
	_cleanup_free_ char *device = xprintf("/dev/loop%d", number);

	write_new(file, "", 0, 1024 * 1024);
	backing = open(file, O_RDWR | O_CLOEXEC);
	config.fd = (uint32_t)backing;
	fd = number < 0 ? -1 : open(device, flags | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, LOOP_CONFIGURE, &config) < 0)
		return -1;
	return fd;
}

static int open_file(const struct real *real, const struct plan_fd *fd)
{
	int opened;

	if (starts_with(fd->path, "/dev/"))
		opened = loop_device(real, fd->flags);
	else {
		provide(real, fd->path);
		opened = open(fd->path, fd->flags | O_CLOEXEC);
	}
	if (opened < 0)
		golden_die("%s: %m", fd->path);
	return opened;
}

static int open_private(const struct real *real, const struct plan_fd *fd)
{
	int copy = memfd_create("private", MFD_CLOEXEC);
	_cleanup_free_ char *data = NULL;
	struct error err = ERROR_INIT;
	size_t length = 0;

	provide(real, fd->path);
	if (file_read_at(AT_FDCWD, fd->path, 16 * 1024 * 1024, &data, &length, &err) < 0 && !fd->optional)
		golden_die("%s", err.message);
	if (copy < 0 || (length && file_write_all(copy, data, length) < 0) || lseek(copy, 0, SEEK_SET) < 0)
		golden_die("%s: %m", fd->path);
	return copy;
}

static int open_links(const struct real *real, const struct plan_fd *fd)
{
	_cleanup_free_ char *path = xprintf("%s/links-%d", real->directory, fd->number);
	struct stat st;

	if (mkdir(path, 0755) < 0)
		golden_die("%s: %m", path);
	for (size_t i = 0; i < fd->n_links; i++) {
		_cleanup_free_ char *name = xprintf("%s/%s", path, fd->links[i].name);
		_cleanup_free_ char *target = xprintf("/proc/self/fd/%d", fd->links[i].number);
		const struct plan_fd *linked = &real->plan->fds[fd->links[i].number - PLAN_FIRST_FD];

		if (linked->optional && stat(linked->path, &st) < 0)
			continue;
		if (symlink(target, name) < 0)
			golden_die("%s: %m", name);
	}
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int open_tap(const struct real *real, const struct plan_fd *fd)
{
	int tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	if (real->plan->nics[fd->index].queues > 1)
		request.ifr_flags |= IFF_MULTI_QUEUE;
	if (real->plan->nics[fd->index].vnet_hdr)
		request.ifr_flags |= IFF_VNET_HDR;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "gold%d", fd->index);
	if (tap < 0 || ioctl(tap, TUNSETIFF, &request) < 0)
		golden_die("TAP %s: %m", request.ifr_name);
	return tap;
}

/* --- opening --- */

int real_listen(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 5) < 0)
		golden_die("%s: %m", path);
	return fd;
}

int real_open(const struct real *real, const struct plan_fd *fd)
{
	_cleanup_free_ char *socket_path = xprintf("%s/%s", real->directory, plan_fd_kind_to_string(fd->kind));

	switch (fd->kind) {
	case PLAN_FD_CONTROL:
	case PLAN_FD_QUERY:
	case PLAN_FD_EVENT:
	case PLAN_FD_SERIAL:
	case PLAN_FD_AGENT:
		return real_listen(socket_path);
	case PLAN_FD_SERIAL_LOG:
		return open(socket_path, fd->flags | O_CREAT | O_CLOEXEC, 0600);
	case PLAN_FD_TAP:
		return open_tap(real, fd);
	case PLAN_FD_VHOST:
		return open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
	case PLAN_FD_FILE:
		return open_file(real, fd);
	case PLAN_FD_PRIVATE:
		return open_private(real, fd);
	case PLAN_FD_DIR:
		return open_links(real, fd);
	case PLAN_FD_KIND_MAX:
	default:
		return -1;
	}
}
