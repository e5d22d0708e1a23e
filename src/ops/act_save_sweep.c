/* Files in the default place that are nobody's: of a kvmctl that was killed when it had all but done with them. */
#include "ops/act_save.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "vm/saved.h"

bool act_save_is_used(const char *path)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_save_reader_ struct save_reader *reader = NULL;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const struct save_codec *codec;

	return fd >= 0 && save_codec_load(&codec, &ignored) == 0 &&
	       save_reader_new(fd, path, codec, &reader, &ignored) == 0 && save_reader_used(reader);
}

/* One that is on record is seen to by whoever repairs that, and one that its link leads to is a saved guest. What cannot be told is left. */
static bool is_wanted(struct context *context, const char *name, const char *file)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_state_ struct state *state = NULL;
	_cleanup_free_ char *linked = NULL;

	if (state_read(&context->rundir, name, &state, &err) < 0 ||
	    saved_file(&context->rundir, name, &linked, &err) < 0)
		return true;
	return (state && state->move) || (linked && streq(linked, file));
}

bool act_save_sweep(struct context *context, const char *name, bool remove)
{
	_cleanup_free_ char *file = act_save_default_file(context->settings, name), *partial = act_save_partial(file);
	_cleanup_error_ struct error busy = ERROR_INIT;
	_cleanup_close_ int lock = -1;

	if (access(file, F_OK) < 0 && access(partial, F_OK) < 0)
		return false;
	if (rundir_lock(&context->rundir, name, "cleanup", deadline_in(0), &lock, &busy) < 0 ||
	    is_wanted(context, name, file))
		return false;
	bool unfinished = access(partial, F_OK) == 0, used = act_save_is_used(file);
	if (remove && unfinished)
		unlink(partial);
	if (remove && used)
		unlink(file);
	return unfinished || used;
}
