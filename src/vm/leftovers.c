/* Files of an instance in the run directory, by their names: one table for finding and for removing. */
#include "vm/leftovers.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/socket.h"
#include "vm/claim.h"
#include "vm/out_of_band.h"
#include "vm/spec.h"

enum leftover_kind { LEFTOVER_FILE, LEFTOVER_DIRECTORY, LEFTOVER_CHROOT, LEFTOVER_RECORD };

static const struct leftover {
	enum rundir_part part;
	const char *suffix;
	enum leftover_kind kind;
} leftovers[] = {
	{ RUNDIR_CTRL, ".qmp", LEFTOVER_FILE },
	{ RUNDIR_CTRL, ".query", LEFTOVER_FILE },
	{ RUNDIR_CTRL, ".event", LEFTOVER_FILE },
	{ RUNDIR_CTRL, ".serial", LEFTOVER_FILE },
	{ RUNDIR_CTRL, ".vnc", LEFTOVER_FILE },
	{ RUNDIR_CTRL, ".agent", LEFTOVER_FILE },
	{ RUNDIR_CTRL, OUT_OF_BAND_SUFFIX, LEFTOVER_FILE },
	{ RUNDIR_CTRL, ".incoming", LEFTOVER_DIRECTORY },
	{ RUNDIR_UID, "", LEFTOVER_FILE },
	{ RUNDIR_NIC, "", LEFTOVER_DIRECTORY },
	{ RUNDIR_CONF, ".keys", LEFTOVER_DIRECTORY },
	{ RUNDIR_CONF, ".migration-keys", LEFTOVER_DIRECTORY },
	{ RUNDIR_CHROOT, "", LEFTOVER_CHROOT },
	{ RUNDIR_CONF, ".runtime", LEFTOVER_RECORD },
	{ RUNDIR_PID, "", LEFTOVER_RECORD },
};

/* One level deep: what lies in nic/NAME and conf/NAME.keys were made by us, and has no directories. */
static int remove_directory(int parent, const char *file, struct error *err)
{
	int fd = openat(parent, file, O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		int errnum = errno;

		close_fd(&fd);
		return errnum == ENOENT ? 0 : error_errno(err, ERROR_HOST, errnum, "cannot read \"%s\"", file);
	}
	for (struct dirent *entry; (entry = readdir(dir));)
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			unlinkat(fd, entry->d_name, 0);
	closedir(dir);
	return file_remove_at(parent, file, AT_REMOVEDIR, err);
}

/* An empty one goes; one that is not is evidence. */
static int remove_chroot(struct rundir *rundir, int parent, const char *name, struct error *err)
{
	int quarantine = rundir_part(rundir, RUNDIR_QUARANTINE);

	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return error_errno(err, ERROR_HOST, errno, "cannot remove the chroot \"%s/chroot/%s\"", rundir->path,
				   name);
	_cleanup_free_ char *kept = xprintf("%s-%jd", name, (intmax_t)time(NULL));
	if (quarantine < 0 || renameat(parent, name, quarantine, kept) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot move the chroot of \"%s\" to quarantine", name);
	log_warning("the chroot of \"%s\" was not empty: it was moved to \"%s/chroot-quarantine/%s\"; look at what "
		    "QEMU wrote there",
		    name, rundir->path, kept);
	return 0;
}

static int remove_one(struct rundir *rundir, const struct leftover *leftover, const char *name, struct error *err)
{
	_cleanup_free_ char *file = xprintf("%s%s", name, leftover->suffix);
	int dir = rundir_part(rundir, leftover->part);

	/* What cannot be seen must not be taken for removed: the record would go with it. */
	if (dir < 0)
		return errno == ENOENT ? 0
				       : error_errno(err, ERROR_HOST, errno, "cannot open \"%s/%s\"", rundir->path,
						     rundir_part_name(leftover->part));
	switch (leftover->kind) {
	case LEFTOVER_FILE:
		return file_remove_at(dir, file, 0, err);
	case LEFTOVER_DIRECTORY:
		return remove_directory(dir, file, err);
	case LEFTOVER_CHROOT:
		return remove_chroot(rundir, dir, name, err);
	case LEFTOVER_RECORD:
		break;
	}
	return 0;
}

int leftovers_remove(struct rundir *rundir, const char *name, struct error *err)
{
	for (size_t i = 0; i < ELEMENTS(leftovers); i++)
		if (remove_one(rundir, &leftovers[i], name, err) < 0)
			return -1;
	return 0;
}

/* By trying the names: reading eleven directories for each of a thousand instances would be a million
 * entries. */
bool leftovers_exist(struct rundir *rundir, const char *name)
{
	for (size_t i = 0; i < ELEMENTS(leftovers); i++) {
		_cleanup_free_ char *file = xprintf("%s%s", name, leftovers[i].suffix);
		int dir = rundir_part(rundir, leftovers[i].part);
		struct stat st;

		if (dir >= 0 && fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return claims_exist(rundir, name);
}

int leftovers_names(struct rundir *rundir, char ***ret, struct error *err)
{
	struct rundir_names names = { 0 };
	int result = 0;

	for (size_t i = 0; i < ELEMENTS(leftovers) && result == 0; i++)
		result = rundir_names_add(rundir, leftovers[i].part, leftovers[i].suffix, &names, err);
	claims_names(rundir, &names);
	_cleanup_strv_ char **list = rundir_names_finish(&names);
	if (result == 0)
		*ret = take_ptr(list);
	return result;
}

bool leftovers_sweep(struct rundir *rundir, bool remove)
{
	bool found = file_sweep_at(rundir->fd, NULL, remove);

	for (enum rundir_part part = 0; part < RUNDIR_PART_MAX; part++)
		found |= file_sweep_at(rundir_part(rundir, part), NULL, remove);
	return socket_sweep_at(rundir_part(rundir, RUNDIR_CTRL), remove) || found;
}
