/* Everything that QEMU gets as an open descriptor, opened in the order of the plan. */
#include "ops/act_launch_parts.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "host/memfile.h"
#include "host/socket.h"

#define PRIVATE_MAX (512 * 1024 * 1024) /* kernels and initrds; keys and secrets are small */
#define VARIABLES_MAX (64 * 1024 * 1024)
#define MONITOR_BACKLOG 16

static int listen_socket(struct launch *launch, const char *suffix, int *ret, struct error *err)
{
	_cleanup_free_ char *file = xprintf("%s%s", launch->name, suffix);

	return socket_listen_at(rundir_part(&launch->context->rundir, RUNDIR_CTRL), file, 0660, MONITOR_BACKLOG, ret,
				err);
}

static int open_log(struct launch *launch, const char *suffix, int *ret, struct error *err)
{
	_cleanup_free_ char *file = xprintf("%s%s", launch->name, suffix);
	int fd = openat(rundir_part(&launch->context->rundir, RUNDIR_LOG), file,
			O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);

	if (fd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open the log \"%s/log/%s\"",
				   launch->context->rundir.path, file);
	*ret = fd;
	return 0;
}

static int open_path(const char *path, int flags, int *ret, struct error *err)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s\"", path);
	*ret = fd;
	return 0;
}

/* A memory copy; an empty one of an optional file that is not there. */
static int copy_private(const struct plan_fd *plan_fd, int *ret, struct error *err)
{
	if (memfile_copy(plan_fd->path, PRIVATE_MAX, ret, err) == 0)
		return 0;
	if (!plan_fd->optional || err->errnum != ENOENT)
		return -1;
	error_clear(err);
	return memfile_from("absent", "", 0, ret, err);
}

/* True for the empty copy of an optional file: no link to it is made. */
static bool is_absent(const struct launch *launch, int number)
{
	int i = number - PLAN_FIRST_FD;
	struct stat st;

	return launch->plan->fds[i].optional && fstat(launch->fds[i], &st) == 0 && st.st_size == 0;
}

/* conf/NAME.keys, conf/NAME.migration-keys: links to descriptors, so that QEMU finds keys in a directory and no key lies on disk. */
static int make_key_directory(struct launch *launch, const struct plan_fd *plan_fd, int *ret, struct error *err)
{
	_cleanup_free_ char *name = xprintf("%s%s", launch->name, plan_fd->path);
	int conf = rundir_part(&launch->context->rundir, RUNDIR_CONF);
	_cleanup_close_ int dir = -1;

	if (mkdirat(conf, name, 0755) < 0 && errno != EEXIST)
		return error_errno(err, ERROR_HOST, errno, "cannot make \"%s/conf/%s\"", launch->context->rundir.path,
				   name);
	dir = openat(conf, name, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	/* The umask may have taken away what another uid needs. */
	if (dir < 0 || fchmod(dir, 0755) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s/conf/%s\"", launch->context->rundir.path,
				   name);
	for (size_t i = 0; i < plan_fd->n_links; i++) {
		_cleanup_free_ char *target = xprintf("/proc/self/fd/%d", plan_fd->links[i].number);

		if (is_absent(launch, plan_fd->links[i].number))
			continue;
		if (symlinkat(target, dir, plan_fd->links[i].name) < 0 && errno != EEXIST)
			return error_errno(err, ERROR_HOST, errno, "cannot make \"%s/%s\"", name,
					   plan_fd->links[i].name);
	}
	*ret = take_fd(&dir);
	return 0;
}

static int open_one(struct launch *launch, size_t i, struct error *err)
{
	const struct plan_fd *plan_fd = &launch->plan->fds[i];
	int *fd = &launch->fds[i];

	switch (plan_fd->kind) {
	case PLAN_FD_CONTROL:
		return listen_socket(launch, ".qmp", fd, err);
	case PLAN_FD_QUERY:
		return listen_socket(launch, ".query", fd, err);
	case PLAN_FD_EVENT:
		return listen_socket(launch, ".event", fd, err);
	case PLAN_FD_SERIAL:
		return listen_socket(launch, ".serial", fd, err);
	case PLAN_FD_AGENT:
		return listen_socket(launch, ".agent", fd, err);
	case PLAN_FD_SERIAL_LOG:
		return open_log(launch, ".serial", fd, err);
	case PLAN_FD_TAP:
		return plan_fd->queue > 0 ? 0 : launch_open_tap(launch, (size_t)plan_fd->index, err);
	case PLAN_FD_VHOST:
		return open_path("/dev/vhost-net", O_RDWR, fd, err);
	case PLAN_FD_FILE:
		return open_path(plan_fd->path, plan_fd->flags, fd, err);
	case PLAN_FD_PRIVATE:
		return copy_private(plan_fd, fd, err);
	case PLAN_FD_DIR:
		return make_key_directory(launch, plan_fd, fd, err);
	case PLAN_FD_KIND_MAX:
		break;
	}
	return error_set(err, ERROR_OTHER, "the plan has a descriptor of an unknown kind");
}

/* The guest's UEFI variables are made from the firmware's template once, and are its own from then on. */
static int make_variables(struct launch *launch, struct error *err)
{
	const struct settings *settings = launch->context->settings;
	_cleanup_free_ char *directory = xprintf("%s/%s", settings->state_dir, launch->name), *text = NULL;
	_cleanup_close_ int dir = -1;
	size_t length;

	if (!streq(launch->spec->hv.firmware, "uefi"))
		return 0;
	if (file_make_dirs(directory, 0750, err) < 0 || open_path(directory, O_DIRECTORY | O_RDONLY, &dir, err) < 0)
		return -1;
	if (faccessat(dir, "vars.fd", F_OK, 0) == 0)
		return 0;
	if (file_read_at(AT_FDCWD, launch->facts.firmware_vars, VARIABLES_MAX, &text, &length, err) < 0)
		return -1;
	return file_write_at(dir, "vars.fd", text, length, 0640, true, err);
}

/* Its own directory on the hugetlbfs, owned by whom QEMU will be. */
static int make_memory_directory(struct launch *launch, struct error *err)
{
	const struct hvparams *hv = &launch->spec->hv;

	if (is_empty(hv->mem_path))
		return 0;
	_cleanup_free_ char *path = xprintf("%s/%s", hv->mem_path, launch->name);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_errno(err, ERROR_HOST, errno, "cannot make \"%s\"", path);
	if (launch->plan->identity == IDENTITY_DROPPED && chown(path, launch->facts.uid, launch->facts.gid) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot give \"%s\" to uid %u", path,
				   (unsigned)launch->facts.uid);
	return 0;
}

static int make_chroot(struct launch *launch, struct error *err)
{
	int dir = rundir_part(&launch->context->rundir, RUNDIR_CHROOT);

	if (launch->plan->identity != IDENTITY_CHROOT)
		return 0;
	if (mkdirat(dir, launch->name, 0555) < 0 && errno != EEXIST)
		return error_errno(err, ERROR_HOST, errno, "cannot make the chroot \"%s\"", launch->plan->chroot);
	return 0;
}

int launch_open_fds(struct launch *launch, struct error *err)
{
	struct stat st;

	launch->fds = xcalloc(launch->plan->n_fds + 1, sizeof(*launch->fds));
	for (size_t i = 0; i < launch->plan->n_fds; i++)
		launch->fds[i] = -1;
	if (make_chroot(launch, err) < 0 || make_memory_directory(launch, err) < 0 || make_variables(launch, err) < 0 ||
	    open_log(launch, ".log", &launch->log_fd, err) < 0)
		return -1;
	launch->log_start = fstat(launch->log_fd, &st) == 0 ? st.st_size : 0;
	for (size_t i = 0; i < launch->plan->n_fds; i++)
		if (open_one(launch, i, err) < 0)
			return -1;
	return 0;
}

void launch_close_fds(struct launch *launch)
{
	for (size_t i = 0; launch->fds && i < launch->plan->n_fds; i++)
		close_fd(&launch->fds[i]);
	free(launch->fds);
	launch->fds = NULL;
}
