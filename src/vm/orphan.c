/* Guests without a record: found in /proc by what kvmctl puts into QEMU's environment. */
#include "vm/instance.h"

#include <dirent.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/text.h"
#include "vm/spec.h"

#define ENVIRON_MAX (64 * 1024)

/* The value of KEY in a block of NUL-separated KEY=VALUE, or NULL. */
static const char *environ_value(const char *block, size_t length, const char *key)
{
	size_t key_length = strlen(key);

	for (const char *p = block; p < block + length; p += strlen(p) + 1)
		if (starts_with(p, key) && p[key_length] == '=')
			return p + key_length + 1;
	return NULL;
}

/* The instance's name when the process is a QEMU of this run directory, else NULL. */
static char *name_of(pid_t pid, const char *run_dir)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *path = xprintf("/proc/%d/environ", pid), *block = NULL;
	size_t length;

	if (file_read_at(AT_FDCWD, path, ENVIRON_MAX, &block, &length, &err) < 0)
		return NULL;
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

static void add_orphan(pid_t pid, char *name, struct orphan **list, size_t *n)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct process_id id;

	if (process_identify(pid, &id, &err) < 0) {
		free(name); /* it has ended meanwhile */
		return;
	}
	grow_array(*list, *n);
	(*list)[(*n)++] = (struct orphan){ name, id };
}

int instance_orphans(struct rundir *rundir, struct orphan **ret, size_t *ret_n, struct error *err)
{
	DIR *dir = opendir("/proc");
	struct orphan *list = NULL;
	size_t n = 0;

	if (!dir)
		return error_errno(err, ERROR_UNKNOWN, errno, "cannot read \"/proc\"");
	for (struct dirent *entry; (entry = readdir(dir));) {
		_cleanup_error_ struct error none = ERROR_INIT;
		int64_t pid;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || parse_int(entry->d_name, "pid", 1, INT32_MAX, &pid, &none) < 0)
			continue;
		_cleanup_free_ char *name = name_of((pid_t)pid, rundir->path);
		if (name && !is_recorded(rundir, name, (pid_t)pid))
			add_orphan((pid_t)pid, take_ptr(name), &list, &n);
	}
	closedir(dir);
	*ret = list;
	*ret_n = n;
	return 0;
}

void orphans_free(struct orphan *orphans, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(orphans[i].name);
	free(orphans);
}
