/* What the chapters of a plan put into it, each thing in one way. */
#include "vm/plan_build.h"

#include <fcntl.h>
#include <stdarg.h>

#include "base/strv.h"
#include "base/text.h"

void build_machine(struct builder *b, const char *key, const char *value)
{
	json_put_string(b->machine, key, value);
}

struct plan_fd *build_last_fd(struct builder *b)
{
	return &b->plan->fds[b->plan->n_fds - 1];
}

void build_link(struct builder *b, const char *name, int number)
{
	struct plan_fd *fd = build_last_fd(b);

	grow_array(fd->links, fd->n_links);
	fd->links[fd->n_links++] = (struct plan_link){ .name = xstrdup(name), .number = number };
}

/* Numbers are given out in the order of asking, without gaps: who opens them can put them there
 * by one walk. */
int build_fd(struct builder *b, enum plan_fd_kind kind, const char *path)
{
	struct plan *plan = b->plan;
	int number = PLAN_FIRST_FD + (int)plan->n_fds;

	grow_array(plan->fds, plan->n_fds);
	plan->fds[plan->n_fds++] = (struct plan_fd){
		.kind = kind,
		.number = number,
		.fdset = -1,
		.index = -1,
		.queue = -1,
		.path = xstrdup(path),
	};
	return number;
}

/* A set and not the bare number where QEMU opens by name: it then duplicates the member whose
 * access mode fits. */
int build_fdset(struct builder *b, enum plan_fd_kind kind, const char *path, int flags, int index)
{
	int number = build_fd(b, kind, path);
	struct plan_fd *fd = build_last_fd(b);
	struct json *set = json_new_object();

	fd->flags = flags;
	fd->index = index;
	fd->fdset = ++b->n_fdsets;
	json_put_int(set, "fd", number);
	json_put_int(set, "set", fd->fdset);
	options_keyval(&b->options, "-add-fd", set);
	return fd->fdset;
}

/* Both lose the caller's rights to files before, or soon after, they are opened. */
bool build_confined(const struct builder *b)
{
	return !streq(b->hv->security_model, "none") || b->hv->use_chroot;
}

/* Opening /proc/self/fd/N opens the file anew, with QEMU's rights. While QEMU is the caller
 * that is enough, and a big initrd is not copied. */
char *build_readable(struct builder *b, const char *path, bool secret)
{
	bool copy = secret || build_confined(b);
	int number = build_fd(b, copy ? PLAN_FD_PRIVATE : PLAN_FD_FILE, path);

	build_last_fd(b)->flags = O_RDONLY;
	return xprintf("/proc/self/fd/%d", number);
}

struct plan_command *build_command(struct builder *b, const char *execute, struct json *arguments)
{
	struct plan *plan = b->plan;

	grow_array(plan->commands, plan->n_commands);
	plan->commands[plan->n_commands] = (struct plan_command){ .execute = xstrdup(execute), .arguments = arguments };
	return &plan->commands[plan->n_commands++];
}

void build_warning(struct builder *b, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	strv_take(&b->plan->warnings, xvprintf(format, ap));
	va_end(ap);
}

struct json *build_device(const char *driver, const char *id)
{
	struct json *device = json_new_object();

	json_put_string(device, "driver", driver);
	json_put_string(device, "id", id);
	return device;
}

void build_add_device(struct builder *b, struct json *device)
{
	options_json(&b->devices, OPTION_DEVICE, device);
}

void build_add_pci(struct builder *b, enum pci_kind kind, bool express, struct json *device, const char *path)
{
	pci_add(&b->pci, json_get_string(device, "id", ""), kind, express, device, path);
	build_add_device(b, device);
}

/* Asked of the binary, never of its version: distributions build devices as modules, or leave
 * them out. */
bool build_require(struct builder *b, const char *path, const char *value, const char *driver)
{
	if (probe_has_device(b->probe, driver))
		return true;
	problems_add(&b->problems, path,
		     "\"%s\" is the device \"%s\", which QEMU %d.%d (\"%s\") does not have (some are in packages of "
		     "their own)",
		     value, driver, b->probe->major, b->probe->minor, b->hv->kvm_path);
	return false;
}

/* hvparams.boot_order is one word; the disks follow whatever it is (see build_bootindex). */
static enum boot_class chosen_class(const struct builder *b)
{
	const char *order = b->hv->boot_order;

	return streq(order, "floppy")    ? BOOT_FLOPPY
	       : streq(order, "cdrom")   ? BOOT_CDROM
	       : streq(order, "network") ? BOOT_NETWORK
					 : BOOT_DISK;
}

/* How many devices of a class there are: that many numbers it takes. */
static size_t class_size(const struct builder *b, enum boot_class class)
{
	switch (class) {
	case BOOT_FLOPPY:
		return 1;
	case BOOT_CDROM:
		return !is_empty(b->hv->cdrom_image_path) + (size_t)!is_empty(b->hv->cdrom2_image_path);
	case BOOT_NETWORK:
		return b->spec.n_nics;
	case BOOT_DISK:
	default:
		return b->spec.n_disks;
	}
}

/* QEMU refuses two devices with one bootindex. */
static bool index_is_written(const struct builder *b, int64_t index)
{
	for (size_t i = 0; i < b->spec.n_disks; i++)
		if (b->spec.disks[i].bootindex == index)
			return true;
	return false;
}

int64_t build_bootindex(const struct builder *b, enum boot_class class, size_t n)
{
	enum boot_class chosen = chosen_class(b);
	size_t before = n;
	int64_t index = 0;

	if (b->kernel || (class != chosen && class != BOOT_DISK))
		return -1;
	if (class != chosen)
		before += class_size(b, chosen);
	/* Numbers from 1 on, without those that disks of the spec ask for. */
	for (size_t i = 0; i <= before; i++)
		do
			index++;
		while (index_is_written(b, index));
	return index;
}
