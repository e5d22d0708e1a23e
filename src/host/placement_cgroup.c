/* One cgroup directory: made, entered, removed. The same files serve v1 and v2 (cgroups(7)): a directory is a
 * group, "cgroup.procs" its processes. */
#include "host/placement_cgroup.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/placement.h"

#define PROCS_MAX (1024 * 1024)
/* The kernel lets go of an ended process a moment after its end is announced. */
#define REMOVE_TRIES 50
#define REMOVE_PAUSE_MS 10

const char *const cgroup1_hierarchies[CGROUP1_HIERARCHIES] = { "memory", "pids", "systemd", "unified" };

static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash != path ? xstrndup(path, (size_t)(slash - path)) : xstrdup("/");
}

/* -1 with errno. */
static int write_into(const char *dir, const char *file, const char *text)
{
	_cleanup_free_ char *path = xprintf("%s/%s", dir, file);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -1 : file_write_all(fd, text, strlen(text));
}

static int move_pid(const char *dir, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	return write_into(dir, "cgroup.procs", text);
}

/* *ret_self, *ret_others: who is in it. -1 when it cannot be read (it is not there). */
static int look(const char *dir, bool *ret_self, bool *ret_others)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *path = xprintf("%s/cgroup.procs", dir);
	_cleanup_free_ char *text = NULL, *self = xprintf("%d", (int)getpid());
	_cleanup_strv_ char **lines = NULL;

	if (file_read_at(AT_FDCWD, path, PROCS_MAX, &text, NULL, &ignored) < 0)
		return -1;
	lines = strv_split(text, '\n');
	*ret_self = *ret_others = false;
	for (char **line = lines; line && *line; line++) {
		if (streq(*line, self))
			*ret_self = true;
		else if (**line)
			*ret_others = true;
	}
	return 0;
}

bool cgroup_has_others(const char *dir)
{
	bool self, others;

	return look(dir, &self, &others) == 0 && others;
}

static int make(const char *dir)
{
	_cleanup_free_ char *parent = parent_of(dir);

	/* Again, because the last instance that goes takes the parent with it. */
	for (int i = 0; i < 3; i++) {
		if (mkdir(parent, 0755) < 0 && errno != EEXIST)
			return -1;
		/* v2 counts OOM kills only where the memory controller reaches; v1 has no such file. */
		if (write_into(parent, "cgroup.subtree_control", "+memory +pids") < 0)
			errno = 0;
		if (mkdir(dir, 0755) == 0 || errno == EEXIST)
			return 0;
		if (errno != ENOENT)
			return -1;
	}
	return -1;
}

int cgroup_enter(const char *dir, const pid_t *pids, size_t n, struct error *err)
{
	if (make(dir) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make the cgroup \"%s\"", dir);
	for (size_t i = 0; i < n; i++) {
		if (move_pid(dir, pids[i]) < 0)
			return error_errno(err, ERROR_HOST, errno, "cannot move process %d into the cgroup \"%s\"",
					   (int)pids[i], dir);
	}
	return 0;
}

/* rmdir(2) of a group that is in use waits for the kernel's one lock of all groups, so it is not tried then. */
static bool has_no_groups(const char *dir)
{
	struct stat st;

	return stat(dir, &st) == 0 && st.st_nlink <= 2;
}

/* Gone, and the parent with it when it was the last: other instances, or somebody's group in it, keep that one. */
static bool remove_both(const char *dir, const char *parent)
{
	if (rmdir(dir) < 0 && errno != ENOENT && errno != ENOTDIR)
		return false;
	if (has_no_groups(parent) && rmdir(parent) < 0)
		errno = 0;
	return true;
}

int cgroup_remove(const char *dir, struct error *err)
{
	_cleanup_free_ char *parent = parent_of(dir), *base = parent_of(parent);
	bool self = false, others = false;

	/* Nearly always it is empty, or not there: who is in it is asked where that keeps it. */
	if (remove_both(dir, parent))
		return 0;
	if (look(dir, &self, &others) == 0 && self && move_pid(base, getpid()) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot leave the cgroup \"%s\"", dir);
	for (int i = 0; i < REMOVE_TRIES; i++) {
		if (remove_both(dir, parent))
			return 0;
		if (errno != EBUSY)
			return error_errno(err, ERROR_HOST, errno, "cannot remove the cgroup \"%s\"", dir);
		if (look(dir, &self, &others) == 0 && others)
			break;
		/* Only what has ended is left, and no event says when the kernel is done with it. */
		poll(NULL, 0, REMOVE_PAUSE_MS);
	}
	error_set(err, ERROR_HOST, "the cgroup \"%s\" still has processes", dir);
	return error_hint(err, "\"%s/cgroup.procs\" lists them", dir);
}

/* The same group in another hierarchy of v1: the path component after the root is exchanged. NULL when
 * path is in no hierarchy of v1, or in that one itself. Whether there is such a hierarchy here is not looked
 * at. Owned by the caller. */
char *cgroup1_sibling(const char *path, const char *hierarchy)
{
	const char *own = starts_with(path, CGROUP_ROOT "/") ? path + strlen(CGROUP_ROOT "/") : "";
	size_t length = strcspn(own, "/");

	for (size_t i = 0; i < CGROUP1_HIERARCHIES; i++) {
		const char *known = cgroup1_hierarchies[i];

		if (strlen(known) == length && starts_with(own, known) && own[length] == '/' &&
		    !streq(known, hierarchy))
			return xprintf(CGROUP_ROOT "/%s%s", hierarchy, own + length);
	}
	return NULL;
}

/* All hierarchies are tried, whatever the first came to. */
int placement_remove_cgroup(const char *path, struct error *err)
{
	int result = cgroup_remove(path, err);

	for (size_t i = 0; i < CGROUP1_HIERARCHIES; i++) {
		_cleanup_error_ struct error failure = ERROR_INIT;
		_cleanup_free_ char *other = cgroup1_sibling(path, cgroup1_hierarchies[i]);

		if (other && cgroup_remove(other, &failure) < 0 && result == 0)
			result = error_move(err, &failure);
	}
	return result;
}
