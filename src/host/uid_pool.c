/* The host-wide pool of uids.
 *
 * A uid is ours while we hold the lock on DIR/UID; QEMU inherits the descriptor, so the lock lives
 * exactly as long as QEMU does, whoever else dies. The files stay: removing one while another taker has
 * it open would make two locks for one uid. The directory may have been wiped under running guests, so
 * the lock alone is not believed: after a lock is had, /proc is looked through once, and a uid that any
 * process has is left alone. After, not before: a process of that uid cannot appear while we hold its
 * lock, but by somebody who does not ask the pool. */
#include "host/uid_pool.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"

/* The Uid line stands within the first lines of /proc/PID/status; the name above it has at most 64 bytes. */
#define STATUS_HEAD 1024

struct used {
	uid_t first, last;
	unsigned char *uids; /* one byte a uid of the range */
};

static void used_clear(struct used *used)
{
	free(used->uids);
}

/* A process chooses its name, but the kernel escapes a newline in it, so a line that begins with "Uid:"
 * is the kernel's. */
int uid_pool_status_uids(const char *status, uid_t ret[4])
{
	const char *line = strstr(status, "\nUid:");
	uid_t uids[4];

	if (!line)
		return -1;
	line += strlen("\nUid:");
	for (int i = 0; i < 4; i++) {
		uint64_t value = 0;
		int digits = 0;

		while (*line == ' ' || *line == '\t')
			line++;
		for (; *line >= '0' && *line <= '9' && digits < 11; digits++)
			value = value * 10 + (uint64_t)(*line++ - '0');
		if (!digits || value > UINT32_MAX)
			return -1;
		uids[i] = (uid_t)value;
	}
	memcpy(ret, uids, sizeof(uids));
	return 0;
}

static void mark_process(int proc, const char *pid, struct used *used)
{
	_cleanup_close_ int fd = -1;
	char path[280], status[STATUS_HEAD];
	uid_t uids[4];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/status", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, status, sizeof(status) - 1);
	if (n <= 0)
		return; /* it has ended meanwhile */
	status[n] = '\0';
	if (uid_pool_status_uids(status, uids) < 0)
		return;
	for (int i = 0; i < 4; i++) {
		if (uids[i] >= used->first && uids[i] <= used->last)
			used->uids[uids[i] - used->first] = 1;
	}
}

/* Marks what is in use at this moment; what an earlier scan marked is forgotten. */
static int scan_processes(struct used *used, struct error *err)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	struct dirent *entry;

	if (!proc)
		return error_errno(err, ERROR_HOST, errno, "cannot read \"/proc\"");
	memset(used->uids, 0, (size_t)(used->last - used->first) + 1);
	while ((entry = readdir(proc))) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			mark_process(dirfd(proc), entry->d_name, used);
	}
	return 0;
}

/* The pool's directory must be one that only we (root) can change: else anybody could hold, or let go, any uid. */
static int open_pool(const char *dir, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	bool made = mkdir(dir, 0755) == 0;

	if (!made && errno == ENOENT) {
		if (file_make_dirs(dir, 0755, err) < 0)
			return -1;
		made = true;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot use the uid pool's directory \"%s\"", dir);
	if (fstat(fd, &st) < 0 || (made && st.st_uid == geteuid() && fchmod(fd, 0755) < 0)) /* whatever the umask is */
		return error_errno(err, ERROR_HOST, errno, "cannot set up the uid pool's directory \"%s\"", dir);
	if (st.st_uid != geteuid() || (!made && (st.st_mode & 022))) {
		error_set(err, ERROR_HOST,
			  "the uid pool's directory \"%s\" can be changed by others (owner %u, mode %04o)", dir,
			  (unsigned)st.st_uid, (unsigned)st.st_mode & 07777);
		return error_hint(err, "remove it; it is made anew, for root only");
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

/* 1 and the fd when locked, 0 when somebody else has it, -1 with errno. */
static int lock_uid(int dir, uid_t uid, int *ret_fd)
{
	_cleanup_close_ int fd = -1;
	struct stat ours, named;
	char name[16];

	snprintf(name, sizeof(name), "%u", (unsigned)uid);
	fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
	/* The directory may have been wiped between open and lock: then this is a lock on nothing. */
	if (fstat(fd, &ours) < 0)
		return -1;
	if (fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) < 0 || named.st_ino != ours.st_ino ||
	    named.st_dev != ours.st_dev)
		return 0;
	*ret_fd = take_fd(&fd);
	return 1;
}

/* For people; that it fails (a full disk) does no harm. */
static void write_owner(int fd, const char *owner)
{
	_cleanup_free_ char *line = xprintf("%s\n", owner ? owner : "");

	if (ftruncate(fd, 0) < 0 || pwrite(fd, line, strlen(line), 0) < 0)
		return;
}

/* One pass over the range. 1 taken, 0 nothing free, -1 error. */
static int take_first_free(int dir, struct used *used, uid_t *ret_uid, int *ret_fd, struct error *err)
{
	for (uid_t uid = used->first; uid <= used->last && uid >= used->first; uid++) {
		_cleanup_close_ int fd = -1;
		int locked;

		if (used->uids[uid - used->first])
			continue;
		locked = lock_uid(dir, uid, &fd);
		if (locked < 0)
			return error_errno(err, ERROR_HOST, errno, "cannot lock uid %u of the pool", (unsigned)uid);
		if (!locked)
			continue;
		/* Afresh for every lock that is had; the ones that it marks are not tried again, so this
		 * is rarely more than twice. */
		if (scan_processes(used, err) < 0)
			return -1;
		if (used->uids[uid - used->first])
			continue;
		*ret_uid = uid;
		*ret_fd = take_fd(&fd);
		return 1;
	}
	return 0;
}

int uid_pool_take(const char *dir, uid_t first, uid_t last, const char *owner, uid_t *ret_uid, int *ret_fd,
		  struct error *err)
{
	_cleanup_(used_clear) struct used used = { .first = first, .last = last };
	_cleanup_close_ int dir_fd = -1;
	_cleanup_close_ int fd = -1;
	uid_t uid = 0;
	int taken = 0;

	if (first == 0 || last < first)
		return error_set(err, ERROR_HOST, "the uid pool %u-%u is no range", (unsigned)first, (unsigned)last);
	if (open_pool(dir, &dir_fd, err) < 0)
		return -1;
	used.uids = xcalloc((size_t)(last - first) + 1, 1);
	/* A second pass: a look by uid_pool_held holds a lock for an instant. */
	for (int pass = 0; pass < 2 && !taken; pass++) {
		taken = take_first_free(dir_fd, &used, &uid, &fd, err);
		if (taken < 0)
			return error_prefix(err, "uid pool \"%s\"", dir);
	}
	if (!taken) {
		error_set(err, ERROR_HOST, "all %u uids of the pool %u-%u are in use", (unsigned)(last - first) + 1,
			  (unsigned)first, (unsigned)last);
		return error_hint(err, "make \"uid_pool\" of the settings larger");
	}
	write_owner(fd, owner);
	*ret_uid = uid;
	*ret_fd = take_fd(&fd);
	return 0;
}

/* The look takes a shared lock for an instant; a taker that meets it there tries again (see above). */
bool uid_pool_held(const char *dir, uid_t uid)
{
	_cleanup_free_ char *path = xprintf("%s/%u", dir, (unsigned)uid);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}
