/* Companions of the running program: where they are, and loading those that are shared objects. */
#include "base/module.h"

#include <dlfcn.h>
#include <limits.h>
#include <unistd.h>

#include "base/text.h"

/* Relative to the directory of /proc/self/exe, in the order in which they are tried. */
static const char *const places[] = { "", "../lib/kvmctl/", "../../" };

static int own_directory(char ret[PATH_MAX], struct error *err)
{
	ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);

	if (n < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot read \"/proc/self/exe\"");
	ret[n] = '\0';

	char *slash = strrchr(ret, '/');
	if (!slash)
		return error_set(err, ERROR_HOST, "\"/proc/self/exe\" names no path: \"%s\"", ret);
	slash[1] = '\0';
	return 0;
}

int module_find(const char *file, char **ret, struct error *err)
{
	char directory[PATH_MAX];

	if (own_directory(directory, err) < 0)
		return -1;
	for (size_t i = 0; i < ELEMENTS(places); i++) {
		_cleanup_free_ char *path = xprintf("%s%s%s", directory, places[i], file);

		if (access(path, R_OK) == 0) {
			*ret = take_ptr(path);
			return 0;
		}
	}
	error_set(err, ERROR_HOST, "cannot find \"%s\" beside the program in \"%s\" or in \"%s../lib/kvmctl/\"", file,
		  directory, directory);
	return error_hint(err, "install all files of kvmctl together");
}

int module_load(const char *name, const char *symbol, const void **ret, struct error *err)
{
	_cleanup_free_ char *file = xprintf("kvmctl-%s.so", name);
	_cleanup_free_ char *path = NULL;

	if (module_find(file, &path, err) < 0)
		return -1;

	/* Never closed: what was got from it may be in use until the end. */
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		error_set(err, ERROR_HOST, "cannot load \"%s\": %s", path, dlerror());
		return error_hint(err, "install the library that it names");
	}

	const void *found = dlsym(handle, symbol);
	if (!found)
		return error_set(err, ERROR_HOST, "\"%s\" has no \"%s\": it belongs to another version of kvmctl", path,
				 symbol);
	*ret = found;
	return 0;
}
