/* What a move asks of this host besides what a start does: the part that looks at the host. Whether disks are here at all is
 * said by the host checks; here they are compared with what the guest has. */
#include "vm/migration_check.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/text.h"
#include "host/image.h"
#include "host/image_make.h"
#include "host/machine.h"
#include "host/userfault.h"
#include "qemu/uri.h"

#define MIB (1024 * 1024)

/* Of one file system: what copied disks take of it. */
struct room {
	dev_t dev;
	char *directory;
	int64_t needed, available;
};

struct rooms {
	struct room *list;
	size_t n;
};

static void rooms_clear(struct rooms *rooms)
{
	for (size_t i = 0; i < rooms->n; i++)
		free(rooms->list[i].directory);
	free(rooms->list);
}

/* What the guest sees of the image; -1: it cannot be told. */
static int64_t size_here(const struct disk *disk, bool *ret_block)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_image_ struct image_header header = { 0 };
	struct image_place place = { 0 };

	if (image_look(disk->path, &place, &ignored) < 0)
		return -1;
	*ret_block = place.block_device;
	if (!streq(disk->format, "qcow2"))
		return (int64_t)place.size;
	return image_read_header(disk->path, &header, &ignored) < 0 || !header.qcow2 ? -1
										     : (int64_t)header.virtual_size;
}

static void check_size(const struct disk *disk, const struct migration_disk *there, const char *path,
		       struct problems *problems)
{
	bool block;
	int64_t here = size_here(disk, &block);

	if (here < 0 || there->virtual_size < 0)
		return;
	if (here < there->virtual_size)
		problems_add(problems, path, "\"%s\" has %" PRId64 " bytes here, the guest's disk has %" PRId64,
			     disk->path, here, there->virtual_size);
	if (!streq(disk->format, there->format))
		problems_add(problems, path, "\"%s\" is %s here, the guest's disk is %s", disk->path, disk->format,
			     there->format);
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

/* Several disks on one file system need the sum of what each takes. */
static void need_room(struct rooms *rooms, const char *directory, int64_t bytes)
{
	struct statvfs fs;
	struct stat st;

	if (stat(directory, &st) < 0 || statvfs(directory, &fs) < 0)
		return;
	for (size_t i = 0; i < rooms->n; i++)
		if (rooms->list[i].dev == st.st_dev) {
			rooms->list[i].needed += bytes;
			return;
		}
	grow_array(rooms->list, rooms->n);
	rooms->list[rooms->n++] =
		(struct room){ st.st_dev, xstrdup(directory), bytes, (int64_t)(fs.f_bavail * fs.f_frsize) };
}

static void check_new_file(const struct disk *disk, const struct migration_disk *there, const char *path,
			   struct rooms *rooms, struct problems *problems)
{
	_cleanup_free_ char *directory = directory_of(disk->path), *maker = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;
	struct stat st;

	if (streq(disk->format, "qcow2") && image_make_find(&maker, &err) < 0)
		problems_add_error(problems, path, &err);
	if (stat(directory, &st) < 0)
		problems_add(problems, path, "the disk is to be copied into \"%s\": %s", directory, strerror(errno));
	else if (faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) < 0)
		problems_add(problems, path, "nothing can be made in \"%s\": %s", directory, strerror(errno));
	else if (there->virtual_size < 0)
		problems_add(problems, path, "the size of the guest's disk is not known: it cannot be copied");
	else
		need_room(rooms, directory, there->copy_size >= 0 ? there->copy_size : there->virtual_size);
}

/* A device is there before: it is written over. A file is made: one of that name is somebody's. */
static void check_destination(const struct disk *disk, const struct migration_disk *there, const char *path,
			      struct rooms *rooms, struct problems *problems)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct image_place place = { 0 };
	struct stat st;

	if (lstat(disk->path, &st) < 0) {
		check_new_file(disk, there, path, rooms, problems);
		return;
	}
	if (image_look(disk->path, &place, &err) < 0)
		problems_add_error(problems, path, &err);
	else if (!place.block_device)
		problems_add(problems, path,
			     "the disk is to be copied, and there is a file \"%s\" here already; move it away if "
			     "nobody needs it",
			     disk->path);
	else if ((int64_t)place.size < there->virtual_size)
		problems_add(problems, path,
			     "the block device \"%s\" has %" PRIu64 " bytes, the guest's disk has %" PRId64, disk->path,
			     place.size, there->virtual_size);
}

/* An incremental copy is put on the same backing file. */
static void check_backing(const struct migration_disk *there, const char *path, struct problems *problems)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct image_place place = { 0 };

	if (is_empty(there->backing) || uri_is(there->backing) || image_look(there->backing, &place, &err) == 0)
		return;
	error_prefix(&err, "the backing file of the guest's disk is needed here (or \"--copy-storage all\")");
	problems_add_error(problems, path, &err);
}

static void check_disks(const struct migration_check *check, struct problems *problems)
{
	_cleanup_(rooms_clear) struct rooms rooms = { 0 };

	for (size_t i = 0; i < check->spec->n_disks && i < check->info->n_disks; i++) {
		const struct disk *disk = &check->spec->disks[i];
		const struct migration_disk *there = &check->info->disks[i];
		_cleanup_free_ char *path = xprintf("disks[%zu].path", i);

		if (uri_is(disk->path))
			continue;
		if (!migration_check_absent(check->info, check->spec, i)) {
			check_size(disk, there, path, problems);
			continue;
		}
		check_destination(disk, there, path, &rooms, problems);
		if (check->info->terms.storage == STORAGE_INCREMENTAL)
			check_backing(there, path, problems);
	}
	for (size_t i = 0; i < rooms.n; i++)
		if (rooms.list[i].needed > rooms.list[i].available)
			problems_add(problems, "disks",
				     "the copies take %" PRId64 " MiB in \"%s\", which has %" PRId64 " MiB left",
				     rooms.list[i].needed / MIB, rooms.list[i].directory,
				     rooms.list[i].available / MIB);
}

/* What the guest has now, not what it may have: it may be ballooned, and is no other guest for being moved. (Huge pages are counted by
 * the host checks.) */
static void check_memory(const struct migration_check *check, struct problems *problems)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	struct machine_memory memory = { 0 };

	if (!is_empty(check->spec->hv.mem_path) || machine_memory(&memory, &ignored) < 0)
		return;
	if (check->info->memory > memory.available)
		problems_add(problems, "maxmem",
			     "the guest has %" PRId64 " MiB, this host has %" PRId64
			     " MiB left; \"kvmctl balloon\" on the source makes the guest smaller",
			     check->info->memory, memory.available);
}

void migration_check_host(const struct migration_check *check, struct problems *problems)
{
	check_disks(check, problems);
	check_memory(check, problems);
}

bool migration_check_userfaultfd(const struct spec *spec, const struct facts *facts, const struct probe *probe)
{
	const struct userfault_who who = { .uid = facts->uid,
					   .gid = facts->gid,
					   .group = facts->kvm_gid,
					   .device = probe_opens_userfaultfd(probe) && !spec->hv.use_chroot };

	return userfault_usable(&userfault_places, &who);
}
