/* kvmctl forget: the rest of an instance that has ended for good.
 *
 * Its exit record and logs are kept until it is started again. One that never will be leaves them behind for ever, as the files of its locks: who waits
 * for one of these sees that it was removed, and takes the next (base/lock.h). */
#include "ops/verbs.h"

#include <stdio.h>

#include "base/file.h"
#include "base/text.h"
#include "ops/act_absent.h"
#include "vm/spec.h"

static const struct {
	enum rundir_part part;
	const char *before, *behind; /* the name */
} kept[] = {
	{ RUNDIR_EXIT, "", "" },         { RUNDIR_LOG, "", ".log" },     { RUNDIR_LOG, "", ".serial" },
	{ RUNDIR_LOG, "", ".events" },   { RUNDIR_LOCK, ".", ".guest" }, { RUNDIR_LOCK, ".", ".query" },
	{ RUNDIR_LOCK, ".", ".status" }, { RUNDIR_LOCK, "", "" }, /* held: the last */
};

static int remove_kept(struct rundir *rundir, const char *name, struct error *err)
{
	for (size_t i = 0; i < ELEMENTS(kept); i++) {
		_cleanup_free_ char *file = xprintf("%s%s%s", kept[i].before, name, kept[i].behind);
		int dir = rundir_part(rundir, kept[i].part);

		if (dir >= 0 && file_remove_at(dir, file, 0, err) < 0)
			return error_prefix(err, "%s/%s", rundir_part_name(kept[i].part), file);
	}
	return 0;
}

int op_forget(struct context *context, const char *name, struct error *err)
{
	_cleanup_close_ int lock = -1;
	pid_t pid;
	int there;

	if (instance_name_check(name, err) < 0 ||
	    rundir_lock(&context->rundir, name, "forget", context->wait, &lock, err) < 0)
		return -1;
	there = act_absent(context, name, TEARDOWN_ALL, &pid, err);
	if (there == 1)
		error_hint(err, "only what has ended can be forgotten: \"kvmctl stop %s\" first", name);
	return there != 0 ? -1 : remove_kept(&context->rundir, name, err);
}
