/* Links to the files of saved guests. */
#include "vm/saved.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

static int sync_links(const struct rundir *rundir, int dir, struct error *err)
{
	if (fsync(dir) == 0)
		return 0;
	return error_errno(err, ERROR_HOST, errno, "cannot sync \"%s\"", rundir->saved);
}

/* The temporary name is one that file_sweep_at knows. */
int saved_link(struct rundir *rundir, const char *name, const char *file, struct error *err)
{
	_cleanup_free_ char *temporary = xprintf(".%s.tmp-%06u", name, (unsigned)getpid() % 1000000);
	int dir;

	if (rundir_make_saved(rundir, err) < 0)
		return -1;
	dir = rundir_part(rundir, RUNDIR_SAVED);
	if (dir < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s\"", rundir->saved);
	if (file_remove_at(dir, temporary, 0, err) < 0)
		return -1;
	if (symlinkat(file, dir, temporary) < 0 || renameat(dir, temporary, dir, name) < 0) {
		int errnum = errno;

		unlinkat(dir, temporary, 0);
		return error_errno(err, ERROR_HOST, errnum, "cannot make the link \"%s/%s\"", rundir->saved, name);
	}
	return sync_links(rundir, dir, err);
}

int saved_file(struct rundir *rundir, const char *name, char **ret, struct error *err)
{
	char file[PATH_MAX];
	int dir = rundir_part(rundir, RUNDIR_SAVED);
	ssize_t length = dir < 0 ? -1 : readlinkat(dir, name, file, sizeof(file));

	if (length < 0 && errno == ENOENT)
		return 0;
	if (length < 0 || length == sizeof(file))
		return error_errno(err, ERROR_HOST, length < 0 ? errno : ENAMETOOLONG, "cannot read the link \"%s/%s\"",
				   rundir->saved, name);
	*ret = xstrndup(file, (size_t)length);
	return 1;
}

int saved_unlink(struct rundir *rundir, const char *name, const char *file, struct error *err)
{
	_cleanup_free_ char *there = NULL;
	int found = saved_file(rundir, name, &there, err), dir = rundir_part(rundir, RUNDIR_SAVED);

	if (found <= 0)
		return found;
	if (file && !streq(file, there))
		return 0;
	return file_remove_at(dir, name, 0, err) < 0 ? -1 : sync_links(rundir, dir, err);
}
