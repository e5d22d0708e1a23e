/* kvmctl save: the guest's memory goes to a file, and QEMU ends.
 *
 * Whatever happens, and wherever this is killed, the guest runs on or is saved, one of both:
 *
 *    1  record: phase saving, reason saving; file, id and was_paused are in the state. No file exists yet.
 *    2  FILE.partial is made; the guest is stopped; its memory is written; all of it is synced.
 *    3  FILE.partial becomes FILE, and the directory is synced.
 *    4  the link state_dir/.saved/NAME is made, and synced.
 *    5  reason saved.
 *    6  QEMU is ended; exit record, teardown.
 *
 * Up to 5 an error, a signal or `cleanup` undo it: link, FILE and FILE.partial are removed, in this order, before the guest is let run.
 * From 5 on it is finished. When the host itself is lost (power cut: QEMU and run directory are gone), the link alone counts: before 4 the
 * guest has crashed, as it would have without a save; after 4 it is saved, and that is true, since the guest has stood still from
 * 2 on, and is only let run again when the removal of the link is on the disk. When QEMU dies in between and kvmctl does too, a FILE
 * that is whole counts (act_save_settle), by the same argument. Nothing but an undo lets it run: until then resume, reboot and the like are
 * refused. */
#include "ops/verbs.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "ops/act_control.h"
#include "ops/act_save.h"
#include "ops/act_shutdown.h"
#include "vm/save_disks.h"
#include "vm/saved.h"

struct save {
	struct control control;
	const struct save_request *request;
	const struct save_codec *codec;
	struct state *state;
	struct spec *spec;
	char *file, *partial;
	int dir, fd; /* of the file's directory, and of the partial file; -1 */
	bool was_paused;
	uint64_t bytes, stored;
};

static void save_clear(struct save *save)
{
	control_close(&save->control);
	state_free(save->state);
	spec_free(save->spec);
	free(save->file);
	free(save->partial);
	close_fd(&save->dir);
	close_fd(&save->fd);
}

static const char *last_part(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* --- nothing is touched yet --- */

static int read_instance(struct save *save, struct error *err)
{
	struct context *context = save->control.context;
	const char *name = save->control.instance.name;
	int found = state_read(&context->rundir, name, &save->state, err);

	if (found == 0) {
		error_set(err, ERROR_UNKNOWN, "instance \"%s\" runs, but nothing is recorded of it", name);
		return error_hint(err, "stop it and start it instead");
	}
	return found < 0
		       ? -1
		       : spec_from_json(save->state->spec, "recorded spec", name, context->settings, &save->spec, err);
}

/* The default one's directory is ours to make. */
static int choose_file(struct save *save, struct error *err)
{
	const struct context *context = save->control.context;
	const char *given = save->request->file;

	if (given && *given != '/') {
		_cleanup_free_ char *here = getcwd(NULL, 0);

		if (!here)
			return error_errno(err, ERROR_HOST, errno, "cannot tell the current directory");
		save->file = xprintf("%s/%s", here, given);
	} else {
		save->file =
			given ? xstrdup(given) : act_save_default_file(context->settings, save->control.instance.name);
	}
	if (!*last_part(save->file))
		return error_set(err, ERROR_USAGE, "\"%s\" is no name of a file", given);
	_cleanup_free_ char *directory = xstrndup(save->file, (size_t)(last_part(save->file) - save->file));
	save->partial = act_save_partial(save->file);
	if (!given && file_make_dirs(directory, 0750, err) < 0)
		return -1;
	save->dir = open(directory, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (save->dir < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open the directory \"%s\"", directory);
	return 0;
}

static int refuse_existing(const struct save *save, struct error *err)
{
	const char *const paths[] = { save->file, save->partial };
	struct stat st;

	/* What a killed restore has left in the default place. */
	if (!save->request->file && act_save_is_used(save->file))
		unlinkat(save->dir, last_part(save->file), 0);
	for (size_t i = 0; i < ELEMENTS(paths); i++)
		if (fstatat(save->dir, last_part(paths[i]), &st, AT_SYMLINK_NOFOLLOW) == 0) {
			error_set(err, ERROR_STATE, "\"%s\" exists already", paths[i]);
			return error_hint(err, "nothing is overwritten: remove it, or name another file");
		}
	return 0;
}

/* The guest stands for many reasons; each of them keeps it from being let run afterwards. */
static int ask_whether_paused(struct save *save, struct error *err)
{
	_cleanup_json_ struct json *status = NULL;

	if (qmp_execute(save->control.qmp, "query-status", NULL, save->control.deadline, &status, err) < 0)
		return -1;
	save->was_paused = !json_get_bool(status, "running", false);
	return 0;
}

static int prepare(struct save *save, const char *name, struct error *err)
{
	if (control_open(save->control.context, name, "save", &save->control, err) < 0 ||
	    save_codec_load(&save->codec, err) < 0 || read_instance(save, err) < 0 || choose_file(save, err) < 0 ||
	    refuse_existing(save, err) < 0)
		return -1;
	return ask_whether_paused(save, err);
}

/* --- on record --- */

static struct move *new_move(const struct save *save)
{
	struct move *move = xcalloc(1, sizeof(*move));
	uuid_t id;

	uuid_generate_random(id);
	move->id = xcalloc(1, UUID_STR_LEN);
	uuid_unparse_lower(id, move->id);
	move->file = xstrdup(save->file);
	move->was_paused = save->was_paused;
	return move;
}

/* A word of the save; a QEMU that has ended meanwhile has another status line. */
struct word {
	pid_t qemu;
	const char *reason;
	bool written;
};

static void mark(struct status *status, void *arg)
{
	struct word *word = arg;

	if (status->qemu.pid != word->qemu)
		return;
	status->phase = PHASE_SAVING;
	snprintf(status->reason, sizeof(status->reason), "%s", word->reason);
	word->written = true;
}

static int note(const struct save *save, const char *reason, struct error *err)
{
	struct rundir *rundir = &save->control.context->rundir;
	struct word word = { save->control.instance.status.qemu.pid, reason, false };

	if (instance_note(rundir, save->control.instance.name, mark, &word, err) < 0)
		return -1;
	return word.written ? 0 : error_set(err, ERROR_QEMU, "QEMU has ended meanwhile");
}

static int record(struct save *save, struct error *err)
{
	save->state->move = new_move(save);
	save->state->phase = PHASE_SAVING;
	if (state_write(&save->control.context->rundir, save->state, err) < 0)
		return -1;
	return note(save, MOVE_SAVING, err);
}

/* What a restore needs: the record as it would be for a reboot. */
static struct json *make_header(const struct save *save)
{
	struct json *header = json_new_object(), *document = state_to_json(save->state);
	_cleanup_free_ char *now = clock_to_text(clock_realtime_ms());

	json_remove(document, "move");
	json_put_string(document, "phase", phase_to_string(PHASE_SAVED));
	json_put_string(header, "name", save->state->name);
	json_put_string(header, "uuid", save->state->uuid);
	json_put_string(header, "id", save->state->move->id);
	json_put_string(header, "saved", now);
	json_put_string(header, "kvmctl_version", KVMCTL_VERSION);
	json_put_string(header, "qemu_version", save->state->qemu_version);
	json_put_bool(header, "paused", save->was_paused);
	json_put(header, "state", document);
	return header;
}

static int open_partial(struct save *save, struct error *err)
{
	save->fd =
		openat(save->dir, last_part(save->partial), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (save->fd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make \"%s\"", save->partial);
	return 0;
}

static int write_memory(struct save *save, struct error *err)
{
	_cleanup_save_writer_ struct save_writer *writer = NULL;
	_cleanup_json_ struct json *header = make_header(save), *closing = json_new_object();

	if (save_writer_new(save->fd, save->partial, save->codec, save->request->compression, header, &writer, err) < 0)
		return -1;
	struct save_stream stream = {
		.context = save->control.context,
		.qmp = save->control.qmp,
		.writer = writer,
		.memory = save->control.instance.status.maxmem << 20,
		.interrupted = save->request->interrupted,
		.show = save->request->show,
		.arg = save->request->arg,
	};
	if (act_save_stream(&stream, err) < 0)
		return -1;
	/* Only now: at the end of it QEMU has completed its images. */
	json_put(closing, "disks", save_disks_look(save->spec));
	if (save_writer_finish(writer, closing, err) < 0)
		return -1;
	save->bytes = save_writer_bytes(writer);
	save->stored = save_writer_stored(writer);
	return 0;
}

/* Nobody's file is overwritten, also not one that came meanwhile; not every file system has that flag. */
static int into_place(const struct save *save, struct error *err)
{
	const char *from = last_part(save->partial), *to = last_part(save->file);
	struct stat st;
	int result = renameat2(save->dir, from, save->dir, to, RENAME_NOREPLACE);

	if (result < 0 && errno == EINVAL) {
		if (fstatat(save->dir, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
			errno = EEXIST;
		else
			result = renameat(save->dir, from, save->dir, to);
	}
	if (result < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot rename \"%s\" to \"%s\"", save->partial, save->file);
	if (fsync(save->dir) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot sync the directory of \"%s\"", save->file);
	return 0;
}

/* A step a line: see above. */
/* clang-format off */
static int realise(struct save *save, struct error *err)
{
	if (open_partial(save, err) < 0 ||
	    control_execute(&save->control, "stop", NULL, err) < 0 ||
	    write_memory(save, err) < 0 ||
	    into_place(save, err) < 0 ||
	    saved_link(&save->control.context->rundir, save->control.instance.name, save->file, err) < 0)
		return -1;
	return note(save, MOVE_SAVED, err);
}
/* clang-format on */

/* The error is why it was not saved; what becomes of the guest is said besides. A QEMU that is gone is seen to by its supervisor, or by
 * `cleanup`; the file is ours. */
static int undo(struct save *save, struct error *err)
{
	struct context *context = save->control.context;
	const char *name = save->control.instance.name;
	_cleanup_error_ struct error undone = ERROR_INIT;
	_cleanup_instance_ struct instance now = { 0 };

	error_prefix(err, "instance \"%s\" was not saved", name);
	/* The command's time may be over: undoing has its own. */
	context->deadline = DEADLINE_NEVER;
	qmp_free(take_ptr(save->control.qmp));
	if (instance_look(&context->rundir, name, &context->here, &now, &undone) < 0 ||
	    (now.proc.start != 0 ? act_save_undo(context, &now, &undone)
				 : act_save_settle(context, save->state, &undone)) < 0)
		log_warning("%s%s%s", undone.message, undone.hint ? "; " : "", undone.hint ? undone.hint : "");
	else if (now.proc.start != 0 && !err->hint)
		error_hint(err, "the guest goes on as before");
	return -1;
}

int op_save(struct context *context, const char *name, const struct save_request *request, struct save_result *ret,
	    struct error *err)
{
	_cleanup_(save_clear) struct save save = { .control = CONTROL_INIT, .request = request, .dir = -1, .fd = -1 };
	struct instance *instance = &save.control.instance;

	save.control.context = context;
	if (prepare(&save, name, err) < 0)
		return -1;
	if (record(&save, err) < 0 || realise(&save, err) < 0)
		return undo(&save, err);
	qmp_free(take_ptr(save.control.qmp));
	if (act_save_finish(context, instance, err) < 0)
		return error_prefix(err, "instance \"%s\" is saved in \"%s\"", name, save.file);
	close_fd(&save.control.lock);
	save.control.lock = -1;
	act_await_supervisor(context, instance);
	*ret = (struct save_result){ .bytes = save.bytes, .stored = save.stored };
	ret->file = take_ptr(save.file);
	return 0;
}
