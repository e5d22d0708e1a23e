/* Guests without a record: found by the lock that each QEMU inherits, and in /proc by what kvmctl puts
 * into its environment.
 *
 * Reading the environment of every process takes as long as a start itself, so it is done only where
 * there may be something to find:
 * - lock/.NAME.guest is a lock that QEMU inherits and holds while it lives. Held without a record: an
 *   orphan (somebody removed pid/NAME).
 * - RUNDIR/scanned holds the boot id of the last full search that found none. A run directory that was
 *   wiped has lost it (and its locks),
 *   and while there are orphans it is not written: so an orphan is never passed over. */
#include "vm/orphan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>

#include "base/deadline.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/parse.h"
#include "base/text.h"
#include "vm/spec.h"
#include "vm/status.h"

#define ENVIRON_MAX (64 * 1024)
#define GUEST_LOCK_MS 500

/* The value of KEY in a block of NUL-separated KEY=VALUE, or NULL. */
static const char *environ_value(const char *block, size_t length, const char *key)
{
	size_t key_length = strlen(key);

	for (const char *p = block; p < block + length; p += strlen(p) + 1)
		if (starts_with(p, key) && p[key_length] == '=')
			return p + key_length + 1;
	return NULL;
}

/* True for what keeps us from reading, not for what the process is: it has ended, or is somebody else's,
 * or no QEMU of ours (an environment that is too large). */
static bool is_our_failure(int errnum)
{
	return errnum == EMFILE || errnum == ENFILE || errnum == ENOMEM || errnum == EIO;
}

/* The instance's name when the process is a QEMU of this run directory, else NULL; with err filled when
 * that cannot be told. */
static char *name_of(pid_t pid, const char *run_dir, struct error *err)
{
	_cleanup_free_ char *path = xprintf("/proc/%d/environ", pid), *block = NULL;
	size_t length;

	if (file_read_at(AT_FDCWD, path, ENVIRON_MAX, &block, &length, err) < 0) {
		if (is_our_failure(err->errnum))
			err->kind = ERROR_UNKNOWN;
		else
			error_clear(err);
		return NULL;
	}
	const char *name = environ_value(block, length, "KVMCTL_INSTANCE");
	const char *dir = environ_value(block, length, "KVMCTL_RUN_DIR");
	return name && dir && streq(dir, run_dir) && instance_name_valid(name) ? xstrdup(name) : NULL;
}

static bool is_recorded(struct rundir *rundir, const char *name, pid_t pid)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct status status;
	int dir = rundir_part(rundir, RUNDIR_PID);

	return dir >= 0 && status_read(dir, name, &status, &err) == 1 && status.qemu.pid == pid;
}

static void add_orphan(pid_t pid, char *name, struct orphans *orphans)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct process_id id;

	if (process_identify(pid, &id, &err) < 0) {
		free(name); /* it has ended meanwhile */
		return;
	}
	grow_array(orphans->list, orphans->n);
	orphans->list[orphans->n++] = (struct orphan){ name, id };
}

int orphans_search(struct rundir *rundir, const struct process_id *here, struct orphans *ret, struct error *err)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	struct orphans orphans = { 0 };
	_cleanup_closedir_ DIR *dir = opendir("/proc");

	if (!dir)
		return error_errno(err, ERROR_UNKNOWN, errno, "cannot read \"/proc\"");
	for (struct dirent *entry; (entry = readdir(dir));) {
		_cleanup_error_ struct error none = ERROR_INIT;
		int64_t pid;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
		    parse_int(entry->d_name, "pid", 1, INT32_MAX, &pid, &none) < 0)
			continue;
		_cleanup_free_ char *name = name_of((pid_t)pid, rundir->path, err);
		if (err->kind != ERROR_NONE)
			break;
		if (name && !is_recorded(rundir, name, (pid_t)pid))
			add_orphan((pid_t)pid, take_ptr(name), &orphans);
	}
	if (err->kind != ERROR_NONE) {
		orphans_free(&orphans);
		return -1;
	}
	if (orphans.n == 0 && rundir->fd >= 0)
		file_write_at(rundir->fd, "scanned", here->boot_id, strlen(here->boot_id), 0640, false, &ignored);
	*ret = orphans;
	return 0;
}

static bool search_is_due(struct rundir *rundir, const struct process_id *here)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *text = NULL;

	return rundir->fd < 0 || file_read_at(rundir->fd, "scanned", 64, &text, NULL, &err) < 0 ||
	       !streq(text, here->boot_id);
}

int orphans_find(struct rundir *rundir, const struct process_id *here, struct orphans *ret, struct error *err)
{
	if (search_is_due(rundir, here))
		return orphans_search(rundir, here, ret, err);
	*ret = (struct orphans){ 0 };
	return 0;
}

/* lock/.NAME.guest, locked; -1 when it cannot be had, with *ret_held true when somebody holds it. */
static int take_guest_lock(struct rundir *rundir, const char *name, bool *ret_held)
{
	_cleanup_free_ char *file = xprintf(".%s.guest", name);
	int dir = rundir_part(rundir, RUNDIR_LOCK);
	int fd = dir < 0 ? -1 : openat(dir, file, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

	*ret_held = false;
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	*ret_held = fd >= 0 && errno == EWOULDBLOCK;
	close_fd(&fd);
	return -1;
}

int guest_lock_take(struct rundir *rundir, const char *name, int *ret_fd, struct error *err)
{
	bool held;
	int fd = take_guest_lock(rundir, name, &held);

	/* The children of a start that was killed just now may have it for a moment still. */
	if (fd < 0 && held) {
		_cleanup_free_ char *file = xprintf(".%s.guest", name);
		_cleanup_error_ struct error busy = ERROR_INIT;

		if (lock_take(rundir_part(rundir, RUNDIR_LOCK), file, "guest", deadline_in(GUEST_LOCK_MS), &fd, &busy) <
		    0)
			fd = -1;
	}
	if (fd < 0 && held) {
		error_set(err, ERROR_STATE, "instance \"%s\" runs already, without its record (orphaned)", name);
		return error_hint(err, "end it with \"kvmctl stop %s --force\", then start it", name);
	}
	if (fd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot lock \"%s/lock/.%s.guest\"", rundir->path, name);
	*ret_fd = fd;
	return 0;
}

bool guest_lock_held(struct rundir *rundir, const char *name)
{
	_cleanup_free_ char *file = xprintf(".%s.guest", name);
	int dir = rundir_part(rundir, RUNDIR_LOCK);
	_cleanup_close_ int fd = dir < 0 ? -1 : openat(dir, file, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* 1: it is in the list, as *ret. */
static int orphan_in(const struct orphans *orphans, const char *name, struct process_id *ret)
{
	for (size_t i = 0; i < orphans->n; i++)
		if (streq(orphans->list[i].name, name)) {
			*ret = orphans->list[i].id;
			return 1;
		}
	return 0;
}

int orphan_among(struct rundir *rundir, const struct process_id *here, const char *name, const struct orphans *found,
		 struct process_id *ret, struct error *err)
{
	_cleanup_orphans_ struct orphans orphans = { 0 };

	if (orphan_in(found, name, ret))
		return 1;
	if (!guest_lock_held(rundir, name))
		return 0;
	return orphans_search(rundir, here, &orphans, err) < 0 ? -1 : orphan_in(&orphans, name, ret);
}

int orphan_of(struct rundir *rundir, const struct process_id *here, const char *name, struct process_id *ret,
	      struct error *err)
{
	_cleanup_orphans_ struct orphans orphans = { 0 };

	if (!guest_lock_held(rundir, name) && !search_is_due(rundir, here))
		return 0;
	return orphans_search(rundir, here, &orphans, err) < 0 ? -1 : orphan_in(&orphans, name, ret);
}

void orphans_free(struct orphans *orphans)
{
	for (size_t i = 0; i < orphans->n; i++)
		free(orphans->list[i].name);
	free(orphans->list);
	*orphans = (struct orphans){ 0 };
}
