/* Where a guest lives among the control groups: the choice, and who does what it comes to (placement_scope.c, placement_cgroup.c). */
#include "host/placement.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "host/placement_cgroup.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define BUSCTL "/usr/bin/busctl"
/* As many instances of one name (in as many run directories) as anybody will have. */
#define SAME_NAME_MAX 100

static const char *const KIND_NAMES[PLACEMENT_KIND_MAX] = { "none", "scope", "cgroup2", "cgroup1" };
/* The hierarchies of v1 through which a group is limited or killed; memory first, since it counts OOM kills. */
static const char *const V1_HIERARCHIES[] = { "memory", "pids", "systemd", "unified" };

const char *placement_kind_to_string(enum placement_kind kind)
{
	return kind < PLACEMENT_KIND_MAX ? KIND_NAMES[kind] : "none";
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A cgroup in which we may make groups and move processes. access(2) also knows of a read-only mount. */
static bool is_usable(const char *dir)
{
	_cleanup_free_ char *procs = xprintf("%s/cgroup.procs", dir);

	return access(dir, W_OK) == 0 && access(procs, W_OK) == 0;
}

/* BASE/kvmctl/NAME, or with a number when it is in use. Owned by the caller. */
static char *free_directory(const char *base, const char *name)
{
	char *path = xprintf("%s/kvmctl/%s", base, name);

	for (int i = 1; i < SAME_NAME_MAX && cgroup_has_others(path); i++) {
		free(path);
		path = xprintf("%s/kvmctl/%s~%d", base, name, i);
	}
	return path;
}

/* A unit's name may have letters, digits and ":_.\\-" (systemd.unit(5)), all that an instance's name has: nothing is left to escape but
 * what does not belong into a name. '-' stays as it is: only in a slice's name it means a level. Owned by the caller. */
static char *unit_name(const char *name, int number)
{
	_cleanup_free_ char *escaped = xcalloc(strlen(name) * 4 + 1, 1);
	char *out = escaped;

	for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
		if ((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || strchr(":_.-", *c)) {
			*out++ = (char)*c;
		} else {
			static const char HEX[] = "0123456789abcdef";

			*out++ = '\\';
			*out++ = 'x';
			*out++ = HEX[*c >> 4];
			*out++ = HEX[*c & 15];
		}
	}
	return number ? xprintf("kvmctl-%s:%d.scope", escaped, number) : xprintf("kvmctl-%s.scope", escaped);
}

/* As free_directory, for a unit; both layouts of systemd are looked at. Owned by the caller. */
static char *free_unit(const char *name)
{
	for (int i = 0;; i++) {
		char *unit = unit_name(name, i);
		_cleanup_free_ char *v2 = xprintf(CGROUP_ROOT "/kvmctl.slice/%s", unit);
		_cleanup_free_ char *v1 = xprintf(CGROUP_ROOT "/systemd/kvmctl.slice/%s", unit);

		if (i == SAME_NAME_MAX || (!is_directory(v2) && !is_directory(v1)))
			return unit;
		free(unit);
	}
}

/* Each choose_ function: true and the placement filled when it works here. */
static bool choose_scope(const char *name, struct placement *placement)
{
	if (!is_directory("/run/systemd/system") || geteuid() != 0 || access(BUSCTL, X_OK) < 0)
		return false;
	*placement = (struct placement){ .kind = PLACEMENT_SCOPE, .path = free_unit(name) };
	return true;
}

/* Our own cgroup in the unified hierarchy ("0::/PATH"), or NULL. Owned by the caller. */
static char *own_cgroup2(void)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *text = NULL;
	char *hit;

	if (file_read_at(AT_FDCWD, "/proc/self/cgroup", 65536, &text, NULL, &ignored) < 0)
		return NULL;
	hit = starts_with(text, "0::/") ? text : strstr(text, "\n0::/");
	if (!hit)
		return NULL;
	hit = strstr(hit, "::") + 2;
	return xprintf(CGROUP_ROOT "%.*s", (int)strcspn(hit, "\n"), hit);
}

static bool choose_cgroup2(const char *name, struct placement *placement)
{
	_cleanup_free_ char *own = NULL;
	const char *base = CGROUP_ROOT;
	struct statfs fs;

	if (statfs(CGROUP_ROOT, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
		return false;
	if (!is_usable(base)) {
		own = own_cgroup2();
		if (!own || !is_usable(own))
			return false;
		base = own;
	}
	*placement = (struct placement){ .kind = PLACEMENT_CGROUP2, .path = free_directory(base, name) };
	return true;
}

static bool choose_cgroup1(const char *name, struct placement *placement)
{
	for (size_t i = 0; i < ELEMENTS(V1_HIERARCHIES); i++) {
		_cleanup_free_ char *base = xprintf(CGROUP_ROOT "/%s", V1_HIERARCHIES[i]);

		if (is_usable(base)) {
			*placement = (struct placement){ .kind = PLACEMENT_CGROUP1, .path = free_directory(base, name) };
			return true;
		}
	}
	return false;
}

int placement_choose(const char *name, struct placement *ret, struct error *err)
{
	struct placement placement = { .kind = PLACEMENT_NONE };

	(void)err;   /* nowhere is an answer, too */
	if (!choose_scope(name, &placement) && !choose_cgroup2(name, &placement) && !choose_cgroup1(name, &placement))
		placement.why = xstrdup(is_directory(CGROUP_ROOT) ?
						"no cgroup below " CGROUP_ROOT " can be written to" :
						"there is no " CGROUP_ROOT);
	*ret = placement;
	return 0;
}

/* The same group in another hierarchy of v1: the path component after the root is exchanged. NULL when there is no such hierarchy, or
 * path is no such path, or it is that hierarchy itself. Owned by the caller. */
static char *sibling(const char *path, const char *hierarchy)
{
	_cleanup_free_ char *base = xprintf(CGROUP_ROOT "/%s", hierarchy);
	const char *rest;

	if (!starts_with(path, CGROUP_ROOT "/") || !is_directory(base))
		return NULL;
	rest = strchr(path + strlen(CGROUP_ROOT "/"), '/');
	if (!rest || (strlen(base) == (size_t)(rest - path) && starts_with(path, base)))
		return NULL;
	return xprintf("%s%s", base, rest);
}

/* The first hierarchy must work, it is the recorded one; the others are as good as can be had. */
static int enter_cgroup1(const char *path, const pid_t *pids, size_t n, struct error *err)
{
	if (cgroup_enter(path, pids, n, err) < 0)
		return -1;
	for (size_t i = 0; i < ELEMENTS(V1_HIERARCHIES); i++) {
		_cleanup_error_ struct error ignored = ERROR_INIT;
		_cleanup_free_ char *other = sibling(path, V1_HIERARCHIES[i]);

		if (other && cgroup_enter(other, pids, n, &ignored) < 0)
			log_debug("%s, ignoring", ignored.message);
	}
	return 0;
}

int placement_enter(const struct placement *placement, const pid_t *pids, size_t n, struct deadline deadline, struct error *err)
{
	switch (placement->kind) {
	case PLACEMENT_SCOPE:
		return placement_enter_scope(BUSCTL, placement->path, pids, n, deadline, err);
	case PLACEMENT_CGROUP2:
		return cgroup_enter(placement->path, pids, n, err);
	case PLACEMENT_CGROUP1:
		return enter_cgroup1(placement->path, pids, n, err);
	case PLACEMENT_NONE:
	case PLACEMENT_KIND_MAX:
		break;
	}
	return 0;
}

/* All hierarchies are tried, whatever the first came to. */
static int remove_cgroup1(const char *path, struct error *err)
{
	int result = cgroup_remove(path, err);

	for (size_t i = 0; i < ELEMENTS(V1_HIERARCHIES); i++) {
		_cleanup_error_ struct error failure = ERROR_INIT;
		_cleanup_free_ char *other = sibling(path, V1_HIERARCHIES[i]);

		if (other && cgroup_remove(other, &failure) < 0 && result == 0)
			result = error_move(err, &failure);
	}
	return result;
}

int placement_remove(const struct placement *placement, struct error *err)
{
	switch (placement->kind) {
	case PLACEMENT_CGROUP2:
		return cgroup_remove(placement->path, err);
	case PLACEMENT_CGROUP1:
		return remove_cgroup1(placement->path, err);
	case PLACEMENT_SCOPE:   /* CollectMode: it goes with its last process */
	case PLACEMENT_NONE:
	case PLACEMENT_KIND_MAX:
		break;
	}
	return 0;
}

void placement_free(struct placement *placement)
{
	free(placement->path);
	free(placement->why);
	*placement = (struct placement){ .kind = PLACEMENT_NONE };
}
