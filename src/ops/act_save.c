/* What becomes of a save: undone, finished, or settled when its QEMU is gone. For `save` itself, for `cleanup`, and for every teardown.
 *
 * Undoing takes away what could make the guest seem saved before it lets it run on: first the link (durably, so
 * that no power cut brings it back), then the file, then the guest. Before that moment the file would still be true; after it, it
 * is not there. Finishing makes sure of the link before QEMU is ended. Each may be killed anywhere and run again. */
#include "ops/act_save.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "ops/act_shutdown.h"
#include "ops/act_teardown.h"
#include "vm/monitor.h"
#include "vm/saved.h"

char *act_save_partial(const char *file)
{
	return xprintf("%s.partial", file);
}

char *act_save_default_file(const struct settings *settings, const char *name)
{
	return xprintf("%s/%s/memory.save", settings->state_dir, name);
}

/* 1: read; 0: nothing is on record of it. */
static int read_record(struct context *context, const char *name, struct state **ret, struct error *err)
{
	int found = state_read(&context->rundir, name, ret, err);

	return found <= 0 ? found : (*ret)->move && !is_empty((*ret)->move->file);
}

/* Whether the file is the one of this save: somebody else's may have come to lie there. A file that cannot be read is
 * not taken for ours. */
static bool is_ours(const char *file, const struct move *move, bool *ret_whole)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_save_reader_ struct save_reader *reader = NULL;
	_cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	const struct save_codec *codec;

	if (fd < 0)
		return false;
	if (save_codec_load(&codec, &err) < 0 || save_reader_new(fd, file, codec, &reader, &err) < 0) {
		log_warning("%s; it is left where it is", err.message);
		return false;
	}
	if (!streq(json_get_string(save_reader_header(reader), "id", ""), move->id))
		return false;
	if (ret_whole)
		*ret_whole = save_reader_verify(reader, &err) == 0;
	return true;
}

static int sync_directory_of(const char *file, struct error *err)
{
	_cleanup_free_ char *directory = xstrndup(file, (size_t)(strrchr(file, '/') - file) + 1);
	_cleanup_close_ int fd = open(directory, O_DIRECTORY | O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fsync(fd) == 0)
		return 0;
	return error_errno(err, ERROR_HOST, errno, "cannot sync the directory of \"%s\"", file);
}

/* A partial file is ours by its name: it was not there when this save was recorded. */
static int remove_files(struct context *context, const char *name, const struct move *move, struct error *err)
{
	_cleanup_free_ char *partial = act_save_partial(move->file);

	if (saved_unlink(&context->rundir, name, move->file, err) < 0 || file_remove_at(AT_FDCWD, partial, 0, err) < 0)
		return -1;
	if (!is_ours(move->file, move, NULL))
		return 0;
	return file_remove_at(AT_FDCWD, move->file, 0, err) < 0 ? -1 : sync_directory_of(move->file, err);
}

/* It stood still since the save began: a file that is whole is all that there was of it. One that has its link was found whole
 * before. */
int act_save_settle(struct context *context, const struct state *state, struct error *err)
{
	const struct move *move = state->move;
	_cleanup_free_ char *linked = NULL, *partial = NULL;
	bool whole = false;

	if (state->phase != PHASE_SAVING || !move || is_empty(move->file))
		return 0;
	if (saved_file(&context->rundir, state->name, &linked, err) < 0)
		return -1;
	if (!linked && is_ours(move->file, move, &whole) && whole &&
	    saved_link(&context->rundir, state->name, move->file, err) < 0)
		return -1;
	if (!whole && (!linked || !streq(linked, move->file)))
		return remove_files(context, state->name, move, err);
	partial = act_save_partial(move->file);
	return file_remove_at(AT_FDCWD, partial, 0, err);
}

int act_save_undo(struct context *context, const struct instance *instance, struct error *err)
{
	_cleanup_state_ struct state *state = NULL;
	_cleanup_qmp_ struct qmp *qmp = NULL;
	int found = read_record(context, instance->name, &state, err);

	if (found < 0 || (found && remove_files(context, instance->name, state->move, err) < 0))
		return -1;
	if (monitor_open(&context->rundir, instance->name, MONITOR_CONTROL,
			 context_step(context, context->settings->timeouts.command), &qmp, err) < 0 ||
	    act_outgoing_keep(context, instance->name, qmp, err) < 0) {
		error_prefix(err, "the guest \"%s\" stands still", instance->name);
		return error_hint(err, "\"kvmctl cleanup %s\" lets it run on when its QEMU answers again",
				  instance->name);
	}
	return 0;
}

int act_save_finish(struct context *context, const struct instance *instance, struct error *err)
{
	_cleanup_state_ struct state *state = NULL;
	int found = read_record(context, instance->name, &state, err);

	if (found < 0 || (found && saved_link(&context->rundir, instance->name, state->move->file, err) < 0) ||
	    act_end(context, instance, err) < 0 || act_settle_exit(context, instance, EXIT_SAVED, err) < 0)
		return -1;
	return act_teardown(context, instance->name, TEARDOWN_ALL, err);
}
