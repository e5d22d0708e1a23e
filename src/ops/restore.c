/* kvmctl restore: a saved guest runs again, by its name or out of a file. */
#include "ops/verbs.h"

#include <unistd.h>

#include "base/text.h"
#include "ops/act_absent.h"
#include "ops/act_restore.h"
#include "vm/saved.h"

/* A name without a slash is a saved instance's first, then a file's. */
static int is_name(struct context *context, const char *what, bool *ret, struct error *err)
{
	_cleanup_free_ char *file = NULL;
	int found = instance_name_valid(what) ? saved_file(&context->rundir, what, &file, err) : 0;

	if (found < 0)
		return -1;
	*ret = found > 0 || (instance_name_valid(what) && access(what, F_OK) < 0);
	return 0;
}

static int absolute(const char *path, char **ret, struct error *err)
{
	_cleanup_free_ char *here = NULL;

	if (*path == '/') {
		*ret = xstrdup(path);
		return 0;
	}
	here = getcwd(NULL, 0);
	if (!here)
		return error_errno(err, ERROR_HOST, errno, "cannot tell the current directory");
	*ret = xprintf("%s/%s", here, path);
	return 0;
}

/* With the lock held. 0: nothing is left of an earlier run, and it is saved or not. */
static int clear_the_way(struct context *context, const char *name, pid_t *ret_pid, struct error *err)
{
	int there = act_absent(context, name, TEARDOWN_ALL, ret_pid, err);

	if (there == 1 || there < 0)
		return -1;
	error_clear(err);
	return 0;
}

static int restore_named(struct context *context, const char *name, const struct restore_request *request,
			 struct start_result *ret, struct error *err)
{
	_cleanup_close_ int lock = -1;

	if (rundir_lock(&context->rundir, name, "restore", context->wait, &lock, err) < 0 ||
	    clear_the_way(context, name, &ret->pid, err) < 0 ||
	    act_restore_saved(context, name, request, &ret->pid, err) < 0)
		return -1;
	ret->name = xstrdup(name);
	return 0;
}

/* Of an instance that is saved in another file, that one is the newer truth. */
static int refuse_other(struct context *context, const struct restore_file *file, const struct restore_request *request,
			struct error *err)
{
	_cleanup_free_ char *saved = NULL;
	int found = saved_file(&context->rundir, file->name, &saved, err);

	if (found <= 0 || request->how.force || streq(saved, file->path))
		return found < 0 ? -1 : 0;
	error_set(err, ERROR_STATE, "instance \"%s\" is saved in another file, \"%s\"", file->name, saved);
	return error_hint(err, "\"kvmctl restore %s\" restores that one", file->name);
}

static int restore_from_file(struct context *context, const char *path, const struct restore_request *request,
			     struct start_result *ret, struct error *err)
{
	_cleanup_restore_file_ struct restore_file file = RESTORE_FILE_INIT;
	_cleanup_free_ char *whole = NULL;
	_cleanup_close_ int lock = -1;

	if (absolute(path, &whole, err) < 0 || restore_file_open(whole, &file, err) < 0 ||
	    rundir_lock(&context->rundir, file.name, "restore", context->wait, &lock, err) < 0 ||
	    clear_the_way(context, file.name, &ret->pid, err) < 0 || refuse_other(context, &file, request, err) < 0 ||
	    act_restore(context, &file, request, &ret->pid, err) < 0)
		return -1;
	ret->name = xstrdup(file.name);
	return 0;
}

int op_restore(struct context *context, const char *what, const struct restore_how *how, struct start_result *ret,
	       struct error *err)
{
	const struct restore_request request = { .how = *how };
	struct start_result result = { .restored = true };
	bool name;

	if (is_name(context, what, &name, err) < 0 ||
	    (name ? restore_named(context, what, &request, &result, err)
		  : restore_from_file(context, what, &request, &result, err)) < 0)
		return -1;
	*ret = result;
	return 0;
}
