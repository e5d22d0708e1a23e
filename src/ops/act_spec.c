/* Loading a spec: where it is, a bounded read that cannot hang, and what is said when it is not there.
 *
 * The reader polls before each read and never asks for more than one byte over the limit: a file of 1 GB,
 * /dev/zero, a FIFO that nobody writes and a terminal that nobody types at all come to an end. */
#include "ops/act_spec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/strv.h"
#include "base/text.h"

static void closedir_ptr(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int too_large(const char *what, struct error *err)
{
	error_set(err, ERROR_SPEC, "%s is larger than %d bytes", what, JSON_SPEC_MAX_BYTES);
	return error_hint(err, "a spec is a small JSON object: see kvmctl.json(5)");
}

/* One read of what is there now. 1: more may come, 0: the end, -1 error. */
static int read_some(int fd, const char *what, struct deadline deadline, char *buffer, size_t room, size_t *length,
		     struct error *err)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int ready = deadline_poll(&p, 1, deadline);
	if (ready < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot wait for %s", what);
	if (ready == 0)
		return error_set(err, ERROR_TIMEOUT, "%s did not arrive in time", what);
	ssize_t n = read(fd, buffer, room);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (n < 0)
		return error_errno(err, ERROR_SPEC, errno, "cannot read %s", what);
	*length += (size_t)n;
	return n > 0;
}

static int read_bounded(int fd, const char *what, struct deadline deadline, char **ret, size_t *ret_length,
			struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0, size = 0;
	int more = 1;

	while (more) {
		if (length > JSON_SPEC_MAX_BYTES)
			return too_large(what, err);
		if (size < length + 2) {
			/* Doubling, but never more than the limit and one byte, and a NUL. */
			size = size ? size * 2 : 16384;
			if (size > JSON_SPEC_MAX_BYTES + 2)
				size = JSON_SPEC_MAX_BYTES + 2;
			text = xrealloc(text, size, 1);
		}
		more = read_some(fd, what, deadline, text + length, size - length - 1, &length, err);
		if (more < 0)
			return -1;
	}
	text[length] = '\0';
	*ret = take_ptr(text);
	*ret_length = length;
	return 0;
}

/* O_NONBLOCK: opening a FIFO without a writer must not wait; the poll before the read does that, with its deadline. */
static int open_spec(const char *path, const char *what, int *ret_fd, struct error *err)
{
	struct stat st;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_errno(err, ERROR_SPEC, errno, "cannot open %s", what);
	if (fstat(fd, &st) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot look at %s", what);
	if (S_ISDIR(st.st_mode))
		return error_set(err, ERROR_SPEC, "%s is a directory", what);
	if (S_ISREG(st.st_mode) && st.st_size > JSON_SPEC_MAX_BYTES)
		return too_large(what, err);
	*ret_fd = take_fd(&fd);
	return 0;
}

char **spec_names(const char *spec_dir)
{
	char **names = NULL;
	_cleanup_(closedir_ptr) DIR *dir = opendir(spec_dir);
	if (!dir)
		return NULL;
	for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		_cleanup_free_ char *name = NULL;
		if (!ends_with(entry->d_name, ".json"))
			continue;
		name = xstrndup(entry->d_name, strlen(entry->d_name) - strlen(".json"));
		if (instance_name_valid(name))
			strv_take(&names, take_ptr(name));
	}
	return names;
}

static int no_such_instance(const struct context *context, const char *name, const char *path, struct error *err)
{
	_cleanup_strv_ char **names = spec_names(context->settings->spec_dir);
	const char *nearest = text_nearest(name, (const char *const *)names, strv_length(names));

	error_set(err, ERROR_NO_INSTANCE, "no such instance \"%s\": there is no \"%s\"", name, path);
	if (nearest)
		return error_hint(err, "did you mean \"%s\"?", nearest);
	return error_hint(err, "write its spec there, or name a file with --spec FILE");
}

/* Another digest is another text. */
static char *spec_digest(const char *text, size_t length)
{
	return xprintf("%016" PRIx64 "-%zu", text_hash(text, length), length);
}

/* Reads fd, parses, fills in all of *ret. path "" is standard input. */
static int load_fd(struct context *context, int fd, const char *what, const char *name, const char *path,
		   struct spec_loaded *ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_spec_ struct spec *spec = NULL;
	size_t length = 0;

	if (read_bounded(fd, what, context_step(context, context->settings->timeouts.start), &text, &length, err) < 0)
		return -1;
	if (spec_parse(text, length, what, name, context->settings, &spec, err) < 0)
		return -1;
	*ret = (struct spec_loaded){ .spec = take_ptr(spec),
				     .file = xstrdup(path),
				     .digest = spec_digest(text, length) };
	return 0;
}

static int load_file(struct context *context, const char *name, const char *file, struct spec_loaded *ret,
		     struct error *err)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *what = xprintf("spec \"%s\"", file);
	_cleanup_free_ char *absolute = NULL;
	struct stat st;

	if (open_spec(file, what, &fd, err) < 0)
		return -1;
	/* The path is recorded for reboot and "pending", so it must outlive this working directory; a
	 * pipe cannot be read again. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		absolute = realpath(file, NULL);
	return load_fd(context, fd, what, name, absolute ? absolute : "", ret, err);
}

static int load_by_name(struct context *context, const char *name, struct spec_loaded *ret, struct error *err)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *what = NULL;
	_cleanup_close_ int fd = -1;

	if (instance_name_check(name, err) < 0)
		return -1;
	path = xprintf("%s/%s.json", context->settings->spec_dir, name);
	what = xprintf("spec \"%s\"", path);
	if (open_spec(path, what, &fd, err) < 0)
		return err->errnum == ENOENT ? no_such_instance(context, name, path, err) : -1;
	return load_fd(context, fd, what, name, path, ret, err);
}

int spec_load(struct context *context, const struct spec_source *source, struct spec_loaded *ret, struct error *err)
{
	if (source->name && instance_name_check(source->name, err) < 0)
		return -1;
	if (source->file && streq(source->file, "-"))
		return load_fd(context, STDIN_FILENO, "the spec on standard input", source->name, "", ret, err);
	if (source->file)
		return load_file(context, source->name, source->file, ret, err);
	if (source->name)
		return load_by_name(context, source->name, ret, err);
	error_set(err, ERROR_USAGE, "which instance?");
	return error_hint(err, "give its name, or --spec FILE");
}

void spec_loaded_clear(struct spec_loaded *loaded)
{
	spec_free(loaded->spec);
	free(loaded->file);
	free(loaded->digest);
	*loaded = SPEC_LOADED_INIT;
}
