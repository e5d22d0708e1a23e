/* The directory of security groups: definitions. Members are in secgroup_members.c. */
#include "vm/secgroup_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/strv.h"
#include "base/text.h"
#include "vm/secgroup_members.h"

#define SUFFIX ".json"

void secgroup_store_open(const char *dir, struct secgroup_store *ret)
{
	*ret = (struct secgroup_store){ .dir = xstrdup(dir) };
}

void secgroup_store_close(struct secgroup_store *store)
{
	free(store->dir);
	*store = (struct secgroup_store){ 0 };
}

static int open_dir(const struct secgroup_store *store, int *ret, struct error *err)
{
	int fd = open(store->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open the directory of security groups \"%s\"",
				   store->dir);
	*ret = fd;
	return 0;
}

int secgroup_store_lock(const struct secgroup_store *store, const char *verb, struct deadline deadline, int *ret_fd,
			struct error *err)
{
	_cleanup_close_ int dir = -1;
	_cleanup_free_ char *holder = xprintf("pid %d, %s", (int)getpid(), verb);

	if (file_make_dirs(store->dir, 0755, err) < 0 || open_dir(store, &dir, err) < 0)
		return -1;
	if (lock_take(dir, ".lock", holder, deadline, ret_fd, err) < 0)
		return error_prefix(err, "the security groups in \"%s\"", store->dir);
	return 0;
}

int secgroup_store_list(const struct secgroup_store *store, char ***ret, struct error *err)
{
	_cleanup_closedir_ DIR *dir = opendir(store->dir);
	_cleanup_strv_ char **names = NULL;

	if (!dir && errno != ENOENT)
		return error_errno(err, ERROR_HOST, errno, "cannot read the directory of security groups \"%s\"",
				   store->dir);
	for (const struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
		_cleanup_error_ struct error ignored = ERROR_INIT;

		if (!ends_with(entry->d_name, SUFFIX))
			continue;
		_cleanup_free_ char *name = xstrndup(entry->d_name, strlen(entry->d_name) - strlen(SUFFIX));
		if (secgroup_name_is_valid(name, &ignored))
			strv_take(&names, take_ptr(name));
	}
	strv_sort(names);
	*ret = take_ptr(names);
	return 0;
}

static int no_such_group(const struct secgroup_store *store, const char *name, struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	_cleanup_error_ struct error ignored = ERROR_INIT;
	const char *nearest = NULL;

	if (secgroup_store_list(store, &names, &ignored) == 0)
		nearest = text_nearest(name, (const char *const *)names, strv_length(names));
	error_set(err, ERROR_NO_INSTANCE, "there is no security group \"%s\" in \"%s\"", name, store->dir);
	if (nearest)
		return error_hint(err, "did you mean \"%s\"?", nearest);
	return error_hint(err, "kvmctl secgroup list shows those that there are");
}

int secgroup_store_read(const struct secgroup_store *store, const char *name, struct secgroup **ret, struct error *err)
{
	_cleanup_free_ char *path = xprintf("%s/%s" SUFFIX, store->dir, name), *text = NULL;
	_cleanup_free_ char *what = xprintf("security group \"%s\"", path);
	_cleanup_secgroup_ struct secgroup *group = NULL;
	size_t length;

	if (!secgroup_name_is_valid(name, err))
		return -1;
	if (file_read_at(AT_FDCWD, path, SECGROUP_MAX_BYTES, &text, &length, err) < 0) {
		if (err->errnum != ENOENT)
			return -1;
		error_clear(err);
		return no_such_group(store, name, err);
	}
	if (secgroup_parse(text, length, what, &group, err) < 0)
		return -1;
	if (!streq(group->name, name)) {
		error_set(err, ERROR_SPEC, "%s: its name is \"%s\"", what, group->name);
		return error_hint(err, "the name of the file is that of the group");
	}
	*ret = take_ptr(group);
	return 0;
}

int secgroup_store_write(const struct secgroup_store *store, const struct secgroup *group, struct error *err)
{
	_cleanup_json_ struct json *json = secgroup_to_json(group);
	_cleanup_free_ char *text = json_to_pretty(json);
	_cleanup_free_ char *file = xprintf("%s" SUFFIX, group->name), *lines = xprintf("%s\n", text);
	_cleanup_close_ int dir = -1;

	if (file_make_dirs(store->dir, 0755, err) < 0 || open_dir(store, &dir, err) < 0)
		return -1;
	if (file_write_at(dir, file, lines, strlen(lines), 0644, true, err) < 0)
		return error_prefix(err, "the security group \"%s\" cannot be written", group->name);
	return 0;
}

int secgroup_store_remove(const struct secgroup_store *store, const char *name, struct error *err)
{
	_cleanup_free_ char *path = xprintf("%s/%s" SUFFIX, store->dir, name);
	_cleanup_free_ char *file = xprintf("%s" SUFFIX, name), *members = xprintf("%s.members", name);
	_cleanup_close_ int dir = -1;

	if (!secgroup_name_is_valid(name, err))
		return -1;
	if (access(path, F_OK) < 0)
		return no_such_group(store, name, err);
	/* Members without a group would be those of the next one of that name. */
	if (open_dir(store, &dir, err) < 0 || file_remove_at(dir, members, 0, err) < 0 ||
	    file_remove_at(dir, file, 0, err) < 0)
		return -1;
	return fsync(dir) < 0 ? error_errno(err, ERROR_HOST, errno, "cannot write the directory \"%s\"", store->dir)
			      : 0;
}

int secgroup_store_users(const struct secgroup_store *store, const char *name, char ***ret, struct error *err)
{
	_cleanup_strv_ char **names = NULL, **users = NULL;

	if (secgroup_store_list(store, &names, err) < 0)
		return -1;
	for (char **other = names; other && *other; other++) {
		_cleanup_error_ struct error ignored = ERROR_INIT;
		_cleanup_secgroup_ struct secgroup *group = NULL;
		_cleanup_strv_ char **references = NULL;

		if (streq(*other, name) || secgroup_store_read(store, *other, &group, &ignored) < 0)
			continue;
		references = secgroup_references(group);
		if (strv_contains(references, name))
			strv_add(&users, *other);
	}
	*ret = take_ptr(users);
	return 0;
}
