/* Loading a spec: where it is, and what is said when it is not there. */
#include "ops/act_spec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strv.h"
#include "base/text.h"
#include "ops/act_input.h"

static int hint_if_large(struct error *err)
{
	return err->errnum == EFBIG ? error_hint(err, "a spec is a small JSON object: see kvmctl.json(5)") : -1;
}

char **spec_names(const char *spec_dir)
{
	char **names = NULL;
	_cleanup_closedir_ DIR *dir = opendir(spec_dir);
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

char *spec_file_of(const struct context *context, const char *name)
{
	_cleanup_free_ char *path = xprintf("%s/%s.json", context->settings->spec_dir, name);

	/* In a directory that may not be searched it may be there. */
	return access(path, F_OK) == 0 || errno == EACCES ? take_ptr(path) : NULL;
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

/* Reads fd, parses, fills in all of *ret. path "" is standard input. */
static int load_fd(struct context *context, int fd, const char *what, const char *name, const char *path,
		   struct spec_loaded *ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_spec_ struct spec *spec = NULL;
	size_t length = 0;

	if (input_read(fd, what, JSON_SPEC_MAX_BYTES, context_step(context, context->settings->timeouts.start), &text,
		       &length, err) < 0)
		return hint_if_large(err);
	if (spec_parse(text, length, what, name, context->settings, &spec, err) < 0)
		return -1;
	*ret = (struct spec_loaded){ .spec = take_ptr(spec),
				     .file = xstrdup(path),
				     .digest = text_digest(text, length) };
	return 0;
}

static int load_file(struct context *context, const char *name, const char *file, struct spec_loaded *ret,
		     struct error *err)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *what = xprintf("spec \"%s\"", file);
	_cleanup_free_ char *absolute = NULL;
	struct stat st;

	if (input_open(file, what, JSON_SPEC_MAX_BYTES, &fd, err) < 0)
		return hint_if_large(err);
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
	if (input_open(path, what, JSON_SPEC_MAX_BYTES, &fd, err) < 0)
		return err->errnum == ENOENT ? no_such_instance(context, name, path, err) : hint_if_large(err);
	return load_fd(context, fd, what, name, path, ret, err);
}

int spec_load(struct context *context, const struct spec_source *source, struct spec_loaded *ret, struct error *err)
{
	if (source->name && instance_name_check(source->name, err) < 0)
		return strchr(source->name, '/')
			       ? error_hint(err, "%s; a spec's file is named with --spec FILE", err->hint)
			       : -1;
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
