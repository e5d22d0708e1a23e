/* The file of a saved guest in the hands of who restores it: open, locked, marked. */
#include "ops/act_restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/text.h"
#include "vm/saved.h"
#include "vm/spec.h"

void restore_file_close(struct restore_file *file)
{
	save_reader_free(file->reader);
	free(file->path);
	free(file->name);
	close_fd(&file->fd);
	*file = RESTORE_FILE_INIT;
}

static int open_locked(const char *path, int *ret, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s\"", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return error_set(err, ERROR_BUSY, "\"%s\" is being restored already", path);
		return error_errno(err, ERROR_HOST, errno, "cannot lock \"%s\"", path);
	}
	*ret = take_fd(&fd);
	return 0;
}

int restore_file_open(const char *path, struct restore_file *ret, struct error *err)
{
	_cleanup_restore_file_ struct restore_file file = RESTORE_FILE_INIT;
	const char *name;

	if (open_locked(path, &file.fd, err) < 0 || save_codec_load(&file.codec, err) < 0 ||
	    save_reader_new(file.fd, path, file.codec, &file.reader, err) < 0)
		return -1;
	name = json_get_string(save_reader_header(file.reader), "name", "");
	if (!instance_name_valid(name))
		return error_set(err, ERROR_SPEC, "\"%s\" is damaged: it names no instance", path);
	*ret = RESTORE_FILE_INIT;
	ret->name = xstrdup(name);
	ret->path = xstrdup(path);
	ret->codec = file.codec;
	ret->fd = take_fd(&file.fd);
	ret->reader = take_ptr(file.reader);
	return 0;
}

/* Only when it is the file of this move; one that is gone (or replaced) can be restored by nobody. */
static int mark(const struct move *move, bool used, struct error *err)
{
	_cleanup_error_ struct error other = ERROR_INIT;
	_cleanup_save_reader_ struct save_reader *reader = NULL;
	_cleanup_close_ int fd = open(move->file, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	const struct save_codec *codec;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s\"", move->file);
	if (save_codec_load(&codec, err) < 0)
		return -1;
	if (save_reader_new(fd, move->file, codec, &reader, &other) < 0 ||
	    !streq(json_get_string(save_reader_header(reader), "id", ""), move->id))
		return 0;
	return save_file_mark(fd, move->file, codec, used, err);
}

int act_restore_consume(struct context *context, const char *name, const struct move *move, struct error *err)
{
	if (!move || is_empty(move->file))
		return 0;
	return mark(move, true, err) < 0 ? -1 : saved_unlink(&context->rundir, name, NULL, err);
}

int act_restore_give_back(struct context *context, const char *name, const struct move *move, struct error *err)
{
	if (!move || is_empty(move->file))
		return 0;
	return mark(move, false, err) < 0 ? -1 : saved_link(&context->rundir, name, move->file, err);
}
