/* The directory of filter definitions, over those that are shipped. */
#include "vm/filter_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "base/file.h"
#include "base/module.h"
#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_json.h"
#include "vm/filter_xml.h"

/* XML first: writing puts it there, and then takes a JSON one away. */
static const char *const suffixes[] = { ".xml", ".json" };

void filter_store_open_at(const char *dir, const char *shipped, struct filter_store *ret)
{
	*ret = (struct filter_store){ .dir = xstrdup(dir), .shipped = xstrdup(shipped) };
}

void filter_store_open(const char *dir, struct filter_store *ret)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *shipped = NULL;

	if (module_find("filters", &shipped, &ignored) < 0)
		shipped = NULL;
	filter_store_open_at(dir, shipped, ret);
}

void filter_store_close(struct filter_store *store)
{
	free(store->dir);
	free(store->shipped);
	*store = (struct filter_store){ 0 };
}

/* --- listing --- */

static void add_name(const char *file, char ***names)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;

	for (size_t i = 0; i < ELEMENTS(suffixes); i++) {
		if (!ends_with(file, suffixes[i]))
			continue;
		_cleanup_free_ char *name = xstrndup(file, strlen(file) - strlen(suffixes[i]));
		if (filter_name_is_valid(name, &ignored))
			strv_take(names, take_ptr(name));
	}
}

/* A directory that is not there has none. */
static int list_dir(const char *path, char ***names, struct error *err)
{
	_cleanup_closedir_ DIR *dir = path ? opendir(path) : NULL;

	if (!path || (!dir && errno == ENOENT))
		return 0;
	if (!dir)
		return error_errno(err, ERROR_HOST, errno, "cannot read the directory of filters \"%s\"", path);
	for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		add_name(entry->d_name, names);
	return 0;
}

int filter_store_list(const struct filter_store *store, char ***ret, struct error *err)
{
	_cleanup_strv_ char **names = NULL;

	if (list_dir(store->dir, &names, err) < 0 || list_dir(store->shipped, &names, err) < 0)
		return -1;
	strv_sort_unique(names);
	*ret = take_ptr(names);
	return 0;
}

/* --- reading --- */

/* The text of DIR/NAME.xml or .json: 0, or -1; ENOENT in errnum when neither is there. */
static int read_text(const char *dir, const char *name, char **ret_path, char **ret, size_t *ret_length,
		     struct error *err)
{
	for (size_t i = 0; i < ELEMENTS(suffixes); i++) {
		_cleanup_free_ char *path = xprintf("%s/%s%s", dir, name, suffixes[i]);

		error_clear(err);
		if (file_read_at(AT_FDCWD, path, FILTER_MAX_BYTES, ret, ret_length, err) == 0) {
			*ret_path = take_ptr(path);
			return 0;
		}
		if (err->errnum != ENOENT)
			return -1;
	}
	return -1;
}

/* The same name has the same one on every host. */
static void derive_uuid(struct filter *filter)
{
	uuid_t space, uuid;

	if (*filter->uuid)
		return;
	uuid_parse("b0e9b2f2-6f0e-4c0b-9d0c-5e2a3c1f7a40", space);
	uuid_generate_sha1(uuid, space, filter->name, strlen(filter->name));
	uuid_unparse_lower(uuid, filter->uuid);
}

static int parse_file(const char *path, const char *name, const char *text, size_t length, struct filter **ret,
		      struct error *err)
{
	_cleanup_free_ char *what = xprintf("filter \"%s\"", path);
	_cleanup_filter_ struct filter *filter = NULL;

	if (filter_parse(text, length, what, &filter, err) < 0)
		return -1;
	if (!streq(filter->name, name)) {
		error_set(err, ERROR_SPEC, "%s: its name is \"%s\"", what, filter->name);
		return error_hint(err, "the name of the file is that of the filter");
	}
	derive_uuid(filter);
	*ret = take_ptr(filter);
	return 0;
}

/* One of the places. No filter there: -1 with ENOENT. */
static int read_from(const char *dir, const char *name, struct filter **ret, struct error *err)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	size_t length;

	if (read_text(dir, name, &path, &text, &length, err) < 0)
		return -1;
	return parse_file(path, name, text, length, ret, err);
}

static int no_such_filter(const struct filter_store *store, const char *name, struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	_cleanup_error_ struct error ignored = ERROR_INIT;
	const char *nearest = NULL;

	if (filter_store_list(store, &names, &ignored) == 0)
		nearest = text_nearest(name, (const char *const *)names, strv_length(names));
	error_set(err, ERROR_NO_INSTANCE, "there is no filter \"%s\" in \"%s\"", name, store->dir);
	if (nearest)
		return error_hint(err, "did you mean \"%s\"?", nearest);
	return error_hint(err, "kvmctl filter list shows those that there are");
}

int filter_store_read(const struct filter_store *store, const char *name, struct filter **ret, bool *ret_shipped,
		      struct error *err)
{
	const char *const dirs[] = { store->dir, store->shipped };

	if (!filter_name_is_valid(name, err))
		return -1;
	for (size_t i = 0; i < ELEMENTS(dirs) && dirs[i]; i++) {
		if (read_from(dirs[i], name, ret, err) == 0) {
			if (ret_shipped)
				*ret_shipped = i == 1;
			return 0;
		}
		if (err->errnum != ENOENT)
			return -1;
		error_clear(err);
	}
	return no_such_filter(store, name, err);
}

int filter_store_read_shipped(const struct filter_store *store, const char *name, struct filter **ret,
			      struct error *err)
{
	if (!filter_name_is_valid(name, err))
		return -1;
	if (!store->shipped)
		return 0;
	if (read_from(store->shipped, name, ret, err) == 0)
		return 1;
	if (err->errnum != ENOENT)
		return -1;
	error_clear(err);
	return 0;
}

/* --- writing --- */

static int open_dir(const struct filter_store *store, int *ret, struct error *err)
{
	int fd = open(store->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open the directory of filters \"%s\"", store->dir);
	*ret = fd;
	return 0;
}

/* A filter keeps its UUID: who has another one means another filter. */
static int settle_uuid(const struct filter_store *store, struct filter *filter, struct error *err)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_filter_ struct filter *old = NULL;

	if (read_from(store->dir, filter->name, &old, &ignored) < 0) {
		derive_uuid(filter);
		return 0;
	}
	if (!*filter->uuid)
		memcpy(filter->uuid, old->uuid, sizeof(filter->uuid));
	if (streq(old->uuid, filter->uuid))
		return 0;
	error_set(err, ERROR_STATE, "the filter \"%s\" is there with another UUID: %s, not %s", filter->name, old->uuid,
		  filter->uuid);
	return error_hint(err, "leave out the UUID, or undefine the filter first");
}

int filter_store_write_after(const struct filter_store *store, struct filter *filter,
			     int (*then)(void *arg, struct error *err), void *arg, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *file = xprintf("%s.xml", filter->name);
	_cleanup_free_ char *json = xprintf("%s.json", filter->name);
	_cleanup_close_ int dir = -1;

	if (settle_uuid(store, filter, err) < 0 || file_make_dirs(store->dir, 0755, err) < 0 ||
	    open_dir(store, &dir, err) < 0)
		return -1;
	text = filter_to_xml(filter);
	if (file_write_after(dir, file, text, strlen(text), 0644, then, arg, err) < 0)
		return error_prefix(err, "the filter \"%s\" cannot be defined", filter->name);
	return file_remove_at(dir, json, 0, err);
}

int filter_store_as_written(const struct filter_store *store, struct filter *filter, struct filter **ret,
			    struct error *err)
{
	_cleanup_free_ char *text = NULL, *what = xprintf("filter \"%s\"", filter->name);

	if (settle_uuid(store, filter, err) < 0)
		return -1;
	text = filter_to_xml(filter);
	return filter_from_xml(text, strlen(text), what, ret, err);
}

int filter_store_write(const struct filter_store *store, struct filter *filter, struct error *err)
{
	return filter_store_write_after(store, filter, NULL, NULL, err);
}

static bool is_in(const char *dir, const char *name)
{
	for (size_t i = 0; dir && i < ELEMENTS(suffixes); i++) {
		_cleanup_free_ char *path = xprintf("%s/%s%s", dir, name, suffixes[i]);

		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

bool filter_store_has_own(const struct filter_store *store, const char *name)
{
	return is_in(store->dir, name);
}

int filter_store_remove(const struct filter_store *store, const char *name, struct error *err)
{
	_cleanup_close_ int dir = -1;

	if (!filter_name_is_valid(name, err))
		return -1;
	if (!is_in(store->dir, name)) {
		if (!is_in(store->shipped, name))
			return no_such_filter(store, name, err);
		return error_set(err, ERROR_STATE, "the filter \"%s\" is part of kvmctl: it cannot be removed", name);
	}
	if (open_dir(store, &dir, err) < 0)
		return -1;
	for (size_t i = ELEMENTS(suffixes); i-- > 0;) { /* the XML last: until then it is what counts */
		_cleanup_free_ char *file = xprintf("%s%s", name, suffixes[i]);

		if (file_remove_at(dir, file, 0, err) < 0)
			return -1;
	}
	return fsync(dir) < 0 ? error_errno(err, ERROR_HOST, errno, "cannot write the directory \"%s\"", store->dir)
			      : 0;
}
