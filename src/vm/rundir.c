/* The run directory: where everything of an instance is, reached through directory fds. */
#include "vm/rundir.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/strv.h"
#include "base/text.h"
#include "vm/spec.h"

#define RUNDIR_MODE 0750

static const char *const part_paths[RUNDIR_PART_MAX] = {
	[RUNDIR_PID] = "pid",      [RUNDIR_UID] = "uid",
	[RUNDIR_CTRL] = "ctrl",    [RUNDIR_CONF] = "conf",
	[RUNDIR_NIC] = "nic",      [RUNDIR_CHROOT] = "chroot",
	[RUNDIR_LOCK] = "lock",    [RUNDIR_QUARANTINE] = "chroot-quarantine",
	[RUNDIR_EXIT] = "exit",    [RUNDIR_LOG] = "log",
	[RUNDIR_CLAIM] = "claim",  [RUNDIR_FILTER] = "filter",
	[RUNDIR_SAVED] = ".saved",
};

const char *rundir_part_name(enum rundir_part part)
{
	return part_paths[part];
}

/* The parts are only -1 where they were not opened: of a directory that was never opened itself
 * (RUNDIR_INIT) they are 0, which is standard input. */
void rundir_close(struct rundir *rundir)
{
	for (int i = 0; rundir->path && i < RUNDIR_PART_MAX; i++)
		close_fd(&rundir->parts[i]);
	close_fd(&rundir->fd);
	free(rundir->path);
	free(rundir->saved);
	*rundir = RUNDIR_INIT;
}

/* Locks and renames are only worth something on a local file system. */
static int refuse_network_fs(const struct rundir *rundir, struct error *err)
{
	bool network;
	const char *fs;

	if (file_is_network_fs(rundir->fd, &network, &fs, err) < 0)
		return -1;
	if (!network)
		return 0;
	error_set(err, ERROR_HOST, "run directory \"%s\" is on a network file system (%s)", rundir->path, fs);
	return error_hint(err, "choose a local one with --run-dir or run_dir of the settings, best on a tmpfs");
}

/* For a look, a run directory that is not there is an empty one: `list` on a fresh host is no error. */
static int open_root(struct rundir *rundir, bool must_exist, struct error *err)
{
	rundir->fd = open(rundir->path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (rundir->fd < 0 && errno == ENOENT && !must_exist)
		return 0;
	if (rundir->fd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open the run directory \"%s\"", rundir->path);
	return refuse_network_fs(rundir, err);
}

static int make_parts(struct rundir *rundir, struct error *err)
{
	if (file_make_dirs(rundir->path, RUNDIR_MODE, err) < 0 || open_root(rundir, true, err) < 0)
		return -1;
	for (int i = 0; i < RUNDIR_PART_MAX; i++)
		if (i != RUNDIR_SAVED && mkdirat(rundir->fd, part_paths[i], RUNDIR_MODE) < 0 && errno != EEXIST)
			return error_errno(err, ERROR_HOST, errno, "cannot make \"%s/%s\"", rundir->path,
					   part_paths[i]);
	return 0;
}

int rundir_open(const char *path, bool create, struct rundir *ret, struct error *err)
{
	struct rundir rundir = RUNDIR_INIT;

	rundir.path = xstrdup(path);
	for (int i = 0; i < RUNDIR_PART_MAX; i++)
		rundir.parts[i] = -1;
	if ((create ? make_parts(&rundir, err) : open_root(&rundir, false, err)) < 0) {
		rundir_close(&rundir);
		return -1;
	}
	*ret = rundir;
	return 0;
}

void rundir_set_saved(struct rundir *rundir, const char *state_dir)
{
	free(rundir->saved);
	rundir->saved = xprintf("%s/%s", state_dir, part_paths[RUNDIR_SAVED]);
}

int rundir_make_saved(struct rundir *rundir, struct error *err)
{
	return file_make_dirs(rundir->saved, RUNDIR_MODE, err);
}

int rundir_renew(struct rundir *rundir, struct error *err)
{
	_cleanup_rundir_ struct rundir fresh = RUNDIR_INIT;
	struct stat st;

	if (rundir->fd >= 0 && fstat(rundir->fd, &st) == 0 && st.st_nlink > 0)
		return 0;
	if (rundir_open(rundir->path, false, &fresh, err) < 0)
		return -1;
	if (fresh.fd < 0)
		return 0;
	fresh.saved = xstrdup(rundir->saved);
	struct rundir old = *rundir;
	*rundir = fresh;
	fresh = old;
	return 1;
}

/* It is no part of the directory, so it may be there where that one is not; and it is made at any time. */
static int open_saved(const struct rundir *rundir)
{
	if (rundir->saved)
		return open(rundir->saved, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	errno = ENOENT;
	return -1;
}

/* Opened when first asked for: most commands want two or three of the twelve, and `list` is to be
 * quick. */
int rundir_part(struct rundir *rundir, enum rundir_part part)
{
	if (rundir->fd < 0 && part != RUNDIR_SAVED) {
		errno = ENOENT;
		return -1;
	}
	if (rundir->parts[part] < 0)
		rundir->parts[part] =
			part == RUNDIR_SAVED ? open_saved(rundir)
					     : openat(rundir->fd, part_paths[part], O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	return rundir->parts[part];
}

char *rundir_path(const struct rundir *rundir, enum rundir_part part, const char *name, const char *suffix)
{
	if (part == RUNDIR_SAVED)
		return xprintf("%s/%s%s", rundir->saved, name, suffix);
	return xprintf("%s/%s/%s%s", rundir->path, part_paths[part], name, suffix);
}

DIR *rundir_read(struct rundir *rundir, enum rundir_part part)
{
	int fd = rundir_part(rundir, part);

	fd = fd < 0 ? -1 : openat(fd, ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	DIR *dir = fdopendir(fd);
	if (!dir)
		close_fd(&fd);
	return dir;
}

/* What is no instance's name is not ours (a temporary file, a hidden lock), and is passed over: names
 * become paths later. */
int rundir_names_add(struct rundir *rundir, enum rundir_part part, const char *suffix, struct rundir_names *names,
		     struct error *err)
{
	_cleanup_closedir_ DIR *dir = rundir_read(rundir, part);
	size_t tail = strlen(suffix);

	if (!dir)
		return errno == ENOENT ? 0
				       : error_errno(err, ERROR_HOST, errno, "cannot read \"%s/%s\"", rundir->path,
						     part_paths[part]);
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (!ends_with(entry->d_name, suffix))
			continue;
		_cleanup_free_ char *name = xstrndup(entry->d_name, strlen(entry->d_name) - tail);
		if (!instance_name_valid(name))
			continue;
		grow_array(names->list, names->n);
		names->list[names->n++] = take_ptr(name);
	}
	return 0;
}

char **rundir_names_finish(struct rundir_names *names)
{
	grow_array(names->list, names->n);
	names->list[names->n] = NULL;
	strv_sort_unique(names->list);
	return names->list;
}

/* An instance whose status line is gone may still have a state, and one that has ended has its exit
 * record, one that was saved its link: all of them are listed. */
int rundir_names(struct rundir *rundir, char ***ret, struct error *err)
{
	struct rundir_names names = { 0 };
	int result = 0;

	if (rundir_names_add(rundir, RUNDIR_PID, "", &names, err) < 0 ||
	    rundir_names_add(rundir, RUNDIR_CONF, ".runtime", &names, err) < 0 ||
	    rundir_names_add(rundir, RUNDIR_EXIT, "", &names, err) < 0 ||
	    rundir_names_add(rundir, RUNDIR_SAVED, "", &names, err) < 0)
		result = -1;
	_cleanup_strv_ char **list = rundir_names_finish(&names);
	if (result == 0)
		*ret = take_ptr(list);
	return result;
}

/* What the lock's file says of its holder. */
static char *holder_text(const char *verb)
{
	_cleanup_free_ char *since = clock_to_text(clock_realtime_ms());

	return xprintf("pid %d, %s, since %s", getpid(), verb, since);
}

static int take(struct rundir *rundir, enum rundir_part part, const char *file, const char *verb,
		struct deadline deadline, int *ret_fd, struct error *err)
{
	_cleanup_free_ char *holder = holder_text(verb);
	int dir = rundir_part(rundir, part);

	if (dir < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s/%s\"", rundir->path, part_paths[part]);
	return lock_take(dir, file, holder, deadline, ret_fd, err);
}

/* The general error of a busy lock names a file; people know instances. */
int rundir_lock(struct rundir *rundir, const char *name, const char *verb, struct deadline deadline, int *ret_fd,
		struct error *err)
{
	if (take(rundir, RUNDIR_LOCK, name, verb, deadline, ret_fd, err) == 0)
		return 0;
	if (err->kind != ERROR_BUSY)
		return -1;
	_cleanup_free_ char *holder = lock_holder(rundir_part(rundir, RUNDIR_LOCK), name);
	error_set(err, ERROR_BUSY, "instance \"%s\" is busy (%s)", name, holder);
	return error_hint(err, "wait for it, or give it more time with --wait SECONDS");
}

void rundir_lock_inherited(int fd, const char *verb)
{
	_cleanup_free_ char *holder = holder_text(verb);

	lock_note(fd, holder);
}

int rundir_lock_query(struct rundir *rundir, const char *name, struct deadline deadline, int *ret_fd, struct error *err)
{
	_cleanup_free_ char *file = xprintf(".%s.query", name);

	if (take(rundir, RUNDIR_LOCK, file, "query", deadline, ret_fd, err) == 0)
		return 0;
	if (err->kind != ERROR_BUSY)
		return -1;
	_cleanup_free_ char *holder = lock_holder(rundir_part(rundir, RUNDIR_LOCK), file);
	return error_set(err, ERROR_BUSY, "monitor busy: the query monitor of \"%s\" is held (%s)", name, holder);
}

#define FILTERS_LOCK ".lock"

int rundir_lock_filters(struct rundir *rundir, const char *verb, struct deadline deadline, int *ret_fd,
			struct error *err)
{
	if (take(rundir, RUNDIR_FILTER, FILTERS_LOCK, verb, deadline, ret_fd, err) == 0)
		return 0;
	if (err->kind != ERROR_BUSY)
		return -1;
	_cleanup_free_ char *holder = lock_holder(rundir_part(rundir, RUNDIR_FILTER), FILTERS_LOCK);
	error_set(err, ERROR_BUSY, "the filters of this host are being changed (%s)", holder);
	return error_hint(err, "wait for it, or give it more time with --wait SECONDS");
}
