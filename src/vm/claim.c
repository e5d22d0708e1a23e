/* Claims: links claim/WHAT -> NAME. */
#include "vm/claim.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/text.h"
#include "qemu/uri.h"
#include "vm/instance.h"

#define TAKE_ATTEMPTS 3

static void add(struct claim **claims, size_t *n, char *key, char *what)
{
	grow_array(*claims, *n);
	(*claims)[(*n)++] = (struct claim){ key, what };
}

/* A disk is the same one under whatever path: a block device by its number, a file by its inode, a URI by its text. */
static char *disk_key(const char *path)
{
	struct stat st;

	if (uri_is(path) || stat(path, &st) < 0)
		return xprintf("disk-uri-%016" PRIx64, text_hash(path, strlen(path)));
	if (S_ISBLK(st.st_mode))
		return xprintf("disk-%u:%u", major(st.st_rdev), minor(st.st_rdev));
	return xprintf("disk-%u:%u-%ju", major(st.st_dev), minor(st.st_dev), (uintmax_t)st.st_ino);
}

void claims_of(const struct spec *spec, struct claim **ret, size_t *ret_n)
{
	const struct hvparams *hv = &spec->hv;
	struct claim *claims = NULL;
	size_t n = 0;
	bool viewer = !is_empty(hv->spice_bind) || (!is_empty(hv->vnc_bind_address) && hv->vnc_bind_address[0] != '/');

	add(&claims, &n, xprintf("uuid-%s", spec->uuid), xprintf("uuid %s", spec->uuid));
	for (size_t i = 0; i < spec->n_nics; i++)
		add(&claims, &n, xprintf("mac-%s", spec->nics[i].mac), xprintf("MAC address %s", spec->nics[i].mac));
	if (viewer && spec->network_port > 0)
		add(&claims, &n, xprintf("port-%" PRId64, spec->network_port),
		    xprintf("network_port %" PRId64, spec->network_port));
	for (size_t i = 0; i < spec->n_disks; i++)
		if (!spec->disks[i].read_only && spec->disks[i].shared != DISK_SHARED_TRUE)
			add(&claims, &n, disk_key(spec->disks[i].path),
			    xprintf("writable disk \"%s\"", spec->disks[i].path));
	*ret = claims;
	*ret_n = n;
}

void claims_free(struct claim *claims, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(claims[i].key);
		free(claims[i].what);
	}
	free(claims);
}

/* The name that has the claim, or NULL. */
static char *owner_of(int dir, const char *key)
{
	char name[INSTANCE_NAME_MAX + 1];
	ssize_t length = readlinkat(dir, key, name, sizeof(name) - 1);

	return length < 0 ? NULL : xstrndup(name, (size_t)length);
}

/* An instance that is gone for certain cannot hold anything. */
static bool owner_gone(struct rundir *rundir, const char *owner, const struct process_id *here)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_instance_ struct instance instance = { 0 };

	if (instance_look(rundir, owner, here, &instance, &err) < 0)
		return false;
	return instance.state == INSTANCE_STOPPED || instance.state == INSTANCE_STALE;
}

static void release_one(int dir, const char *key, const char *name)
{
	_cleanup_free_ char *owner = owner_of(dir, key);

	if (owner && streq(owner, name))
		unlinkat(dir, key, 0);
}

/* What an owner left that is gone is free for the next. Only with the owner's own lock in hand: one that
 * is just being started has no status line yet and would look gone, and two that take over at once would
 * both have it. True when it is free now. */
static bool drop_abandoned(struct rundir *rundir, int dir, const char *key, const char *owner,
			   const struct process_id *here)
{
	_cleanup_error_ struct error busy = ERROR_INIT;
	_cleanup_close_ int lock = -1;

	if (!instance_name_valid(owner) || rundir_lock(rundir, owner, "claims", deadline_in(0), &lock, &busy) < 0 ||
	    !owner_gone(rundir, owner, here))
		return false;
	release_one(dir, key, owner);
	return true;
}

/* 1: it is NAME's now; 0: *ret_owner has it; -1. */
static int take_one(struct rundir *rundir, int dir, const char *key, const char *name, const struct process_id *here,
		    char **ret_owner, struct error *err)
{
	for (int attempt = 0; attempt < TAKE_ATTEMPTS; attempt++) {
		if (symlinkat(name, dir, key) == 0)
			return 1;
		if (errno != EEXIST)
			return error_errno(err, ERROR_HOST, errno, "cannot make \"%s/claim/%s\"", rundir->path, key);
		_cleanup_free_ char *owner = owner_of(dir, key);
		if (!owner)
			continue; /* given back just now */
		if (streq(owner, name))
			return 1;
		if (!drop_abandoned(rundir, dir, key, owner, here)) {
			*ret_owner = take_ptr(owner);
			return 0;
		}
	}
	return error_set(err, ERROR_BUSY, "\"%s/claim/%s\" changes hands all the time", rundir->path, key);
}

static void release_all(int dir, const struct claim *claims, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		release_one(dir, claims[i].key, name);
}

int claims_take(struct rundir *rundir, const struct claim *claims, size_t n, const char *name,
		const struct process_id *here, struct error *err)
{
	_cleanup_problems_ struct problems conflicts = { 0 };
	int dir = rundir_part(rundir, RUNDIR_CLAIM);

	if (dir < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s/claim\"", rundir->path);
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *owner = NULL;
		int taken = take_one(rundir, dir, claims[i].key, name, here, &owner, err);

		if (taken < 0) {
			release_all(dir, claims, i, name);
			return -1;
		}
		if (!taken)
			problems_add(&conflicts, "", "%s is in use by instance \"%s\"", claims[i].what, owner);
	}
	if (conflicts.n == 0)
		return 0;
	release_all(dir, claims, n, name);
	_cleanup_free_ char *what = xprintf("instance \"%s\"", name);
	problems_to_error(&conflicts, ERROR_STATE, what, err);
	return error_hint(err, "stop the other instance, or change the spec (a disk that several may write says "
			       "\"shared\": true)");
}

void claims_check(struct rundir *rundir, const struct claim *claims, size_t n, const char *name,
		  const struct process_id *here, struct problems *problems)
{
	int dir = rundir_part(rundir, RUNDIR_CLAIM);

	for (size_t i = 0; dir >= 0 && i < n; i++) {
		_cleanup_free_ char *owner = owner_of(dir, claims[i].key);

		if (owner && !streq(owner, name) && instance_name_valid(owner) && !owner_gone(rundir, owner, here))
			problems_add(problems, "", "%s is in use by instance \"%s\" of this host", claims[i].what,
				     owner);
	}
}

void claims_release(struct rundir *rundir, char *const *keys, const char *name)
{
	int dir = rundir_part(rundir, RUNDIR_CLAIM);

	for (; dir >= 0 && keys && *keys; keys++)
		release_one(dir, *keys, name);
}

void claims_sweep(struct rundir *rundir, const char *name)
{
	_cleanup_closedir_ DIR *dir = rundir_read(rundir, RUNDIR_CLAIM);

	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));)
		release_one(dirfd(dir), entry->d_name, name);
}

bool claims_exist(struct rundir *rundir, const char *name)
{
	_cleanup_closedir_ DIR *dir = rundir_read(rundir, RUNDIR_CLAIM);
	bool found = false;

	if (!dir)
		return false;
	for (struct dirent *entry; !found && (entry = readdir(dir));) {
		_cleanup_free_ char *owner = owner_of(dirfd(dir), entry->d_name);

		found = owner && streq(owner, name);
	}
	return found;
}

void claims_names(struct rundir *rundir, struct rundir_names *names)
{
	_cleanup_closedir_ DIR *dir = rundir_read(rundir, RUNDIR_CLAIM);

	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));) {
		_cleanup_free_ char *owner = owner_of(dirfd(dir), entry->d_name);

		if (!owner || !instance_name_valid(owner))
			continue;
		grow_array(names->list, names->n);
		names->list[names->n++] = take_ptr(owner);
	}
}
