/* kvmctl events: the event logs of one or all instances, and what comes, as it comes. */
#include "ops/verbs.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/watch.h"
#include "ops/act_look.h"
#include "vm/spec.h"

#define LOG_READ_MAX (64 * 1024 * 1024)

struct follower {
	struct context *context;
	const char *name; /* NULL: all */
	int (*fn)(const char *line, void *arg);
	void *arg;
	struct position {
		char *file;
		ino_t inode;
		off_t offset;
	} * positions;
	size_t n;
};

/* By file: logs come with their instances while we follow. */
static struct position *position_of(struct follower *follower, const char *file)
{
	for (size_t i = 0; i < follower->n; i++)
		if (streq(follower->positions[i].file, file))
			return &follower->positions[i];
	grow_array(follower->positions, follower->n);
	follower->positions[follower->n] = (struct position){ .file = xstrdup(file) };
	return &follower->positions[follower->n++];
}

/* One event with the instance's name in front; lines that are no events (a cut log says so) are left out. */
static int print_line(struct follower *follower, const char *name, const char *line, size_t length)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *event = NULL;
	struct json *out;

	if (json_parse(line, length, LOG_READ_MAX, JSON_SPEC_MAX_DEPTH, "event", &event, &err) < 0 ||
	    !json_get(event, "event"))
		return 0;
	out = json_new_object();
	json_put_string(out, "instance", name);
	for (struct json_iter it = json_iter(event); json_next(&it);)
		json_put(out, it.key, json_ref(it.value));
	_cleanup_free_ char *text = json_to_text(out);
	json_free(out);
	return follower->fn(text, follower->arg);
}

/* Whole lines only: the rest of one is read the next time. */
static int print_lines(struct follower *follower, struct position *position, const char *name, const char *text)
{
	for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		position->offset += end - line + 1;
		if (print_line(follower, name, line, (size_t)(end - line)) != 0)
			return 1;
	}
	return 0;
}

/* What is new in one log. One that has become shorter was cut: it is read from its beginning. 1: the
 * reader wants no more. */
static int read_log(struct follower *follower, const char *name, struct error *err)
{
	_cleanup_free_ char *file = xprintf("%s.events", name), *text = NULL;
	struct position *position = position_of(follower, file);
	int dir = rundir_part(&follower->context->rundir, RUNDIR_LOG);
	_cleanup_close_ int fd = dir < 0 ? -1 : openat(dir, file, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno != ENOENT)
		return error_errno(err, ERROR_HOST, errno, "cannot open the events of \"%s\"", name);
	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	if (st.st_ino != position->inode || st.st_size < position->offset)
		*position = (struct position){ position->file, st.st_ino, 0 };
	if (st.st_size == position->offset)
		return 0;
	if (lseek(fd, position->offset, SEEK_SET) < 0 || file_read_fd(fd, file, LOG_READ_MAX, &text, NULL, err) < 0)
		return -1;
	return print_lines(follower, position, name, text);
}

static int read_all(struct follower *follower, struct error *err)
{
	struct rundir_names names = { 0 };
	int result = 0;

	if (follower->name)
		return read_log(follower, follower->name, err);
	if (rundir_names_add(&follower->context->rundir, RUNDIR_LOG, ".events", &names, err) < 0)
		result = -1;
	_cleanup_strv_ char **list = rundir_names_finish(&names);
	for (char *const *name = list; result == 0 && name && *name; name++)
		result = read_log(follower, *name, err);
	return result;
}

static int follow(struct follower *follower, struct error *err)
{
	struct context *context = follower->context;
	_cleanup_free_ char *dir = rundir_path(&context->rundir, RUNDIR_LOG, "", "");
	_cleanup_close_ int watch = -1;
	int result;

	if (watch_open(&watch, err) < 0 || watch_add(watch, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO, err) < 0)
		return -1;
	do {
		result = read_all(follower, err);
		if (result != 0)
			return result < 0 ? -1 : 0;
		result = watch_wait(watch, context->deadline, err);
	} while (result > 0);
	return result;
}

/* No events of a name that was mistyped would look like a guest to whom nothing has happened. One that is followed may
 * come yet. */
static int refuse_unheard_of(struct context *context, const char *name, bool follow_on, struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };
	_cleanup_free_ char *log = rundir_path(&context->rundir, RUNDIR_LOG, name, ".events");
	struct stat st;

	if (stat(log, &st) == 0 || errno != ENOENT)
		return 0;
	if (instance_look(&context->rundir, name, &context->here, &instance, err) < 0)
		return -1;
	if (look_require_known(context, &instance, err) == 0)
		return 0;
	if (!follow_on)
		return -1;
	log_notice("%s", err->message);
	error_clear(err);
	return 0;
}

int op_events(struct context *context, const char *name, bool follow_on, int (*fn)(const char *line, void *arg),
	      void *arg, struct error *err)
{
	struct follower follower = { .context = context, .name = name, .fn = fn, .arg = arg };
	int result;

	if (name && instance_name_check(name, err) < 0)
		return -1;
	if (follow_on && context->rundir.fd < 0)
		return error_set(err, ERROR_HOST, "there is no run directory \"%s\" yet, so no events",
				 context->rundir.path);
	if (name && refuse_unheard_of(context, name, follow_on, err) < 0)
		return -1;
	result = follow_on ? follow(&follower, err) : read_all(&follower, err);
	for (size_t i = 0; i < follower.n; i++)
		free(follower.positions[i].file);
	free(follower.positions);
	return result < 0 ? -1 : 0;
}
