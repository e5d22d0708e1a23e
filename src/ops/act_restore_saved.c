/* Saved instances by their names: the file that the link leads to. */
#include "ops/act_restore.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "ops/act_look.h"
#include "vm/saved.h"

static int find(struct context *context, const char *name, char **ret, struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };
	int found = saved_file(&context->rundir, name, ret, err);

	if (found != 0)
		return found < 0 ? -1 : 0;
	if (instance_look(&context->rundir, name, &context->here, &instance, err) < 0 ||
	    look_require_known(context, &instance, err) < 0)
		return -1;
	return error_set(err, ERROR_STATE, "instance \"%s\" is not saved", name);
}

static int open_of(const char *path, const char *name, struct restore_file *ret, struct error *err)
{
	if (restore_file_open(path, ret, err) < 0) {
		error_prefix(err, "saved instance \"%s\"", name);
		if (!err->hint)
			error_hint(err,
				   "nothing was touched; \"kvmctl start %s --discard-saved\" starts it from its disks",
				   name);
		return -1;
	}
	if (streq(ret->name, name))
		return 0;
	return error_set(err, ERROR_STATE, "\"%s\" is of instance \"%s\", not of \"%s\"", path, ret->name, name);
}

/* The link is gone by now; a file that stays is marked, and is in nobody's way. */
int act_restore_saved(struct context *context, const char *name, const struct restore_request *request, pid_t *ret_pid,
		      struct error *err)
{
	_cleanup_restore_file_ struct restore_file file = RESTORE_FILE_INIT;
	_cleanup_error_ struct error left = ERROR_INIT;
	_cleanup_free_ char *path = NULL;

	if (find(context, name, &path, err) < 0 || open_of(path, name, &file, err) < 0 ||
	    act_restore(context, &file, request, ret_pid, err) < 0)
		return -1;
	if (file_remove_at(AT_FDCWD, path, 0, &left) < 0)
		log_warning("%s", left.message);
	return 0;
}

/* Marked as used: one that stays behind is to be restored by nobody, and `cleanup` knows it. That it cannot be (damaged, gone) is why some are
 * discarded. */
static void spoil(const char *path)
{
	_cleanup_restore_file_ struct restore_file file = RESTORE_FILE_INIT;
	_cleanup_error_ struct error err = ERROR_INIT;

	if (restore_file_open(path, &file, &err) < 0 || save_file_mark(file.fd, path, file.codec, true, &err) < 0)
		log_verbose("%s, ignoring", err.message);
}

/* The link before the file: without that it would be a saved instance that cannot be restored. */
int act_restore_discard(struct context *context, const char *name, struct error *err)
{
	_cleanup_free_ char *path = NULL;

	if (find(context, name, &path, err) < 0)
		return -1;
	spoil(path);
	return saved_unlink(&context->rundir, name, path, err) < 0 ? -1 : file_remove_at(AT_FDCWD, path, 0, err);
}
