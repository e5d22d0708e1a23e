/* Where a guest lives among the control groups: the choice, and who does what it comes to
 * (placement_scope.c, placement_cgroup.c). */
#include "host/placement.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/file.h"
#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/placement_cgroup.h"

#define BUSCTL "/usr/bin/busctl"
/* As many instances of one name (in as many run directories) as anybody will have. */
#define SAME_NAME_MAX 100

static const char *const KIND_NAMES[PLACEMENT_KIND_MAX] = { "none", "scope", "cgroup2", "cgroup1" };

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

/* A unit's name may have letters, digits and ":_.\\-" (systemd.unit(5)), all that an instance's name has:
 * nothing is left to escape but what does not belong into a name. '-' stays as it is: only in a slice's
 * name it means a level. Owned by the caller. */
static char *unit_name(const char *name, int number)
{
	_cleanup_free_ char *escaped = xcalloc(strlen(name) * 4 + 1, 1);
	char *out = escaped;

	for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
		if ((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		    strchr(":_.-", *c)) {
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
	for (size_t i = 0; i < CGROUP1_HIERARCHIES; i++) {
		_cleanup_free_ char *base = xprintf(CGROUP_ROOT "/%s", cgroup1_hierarchies[i]);

		if (is_usable(base)) {
			*placement =
				(struct placement){ .kind = PLACEMENT_CGROUP1, .path = free_directory(base, name) };
			return true;
		}
	}
	return false;
}

int placement_choose(const char *name, struct placement *ret, struct error *err)
{
	struct placement placement = { .kind = PLACEMENT_NONE };

	(void)err; /* nowhere is an answer, too */
	if (!choose_scope(name, &placement) && !choose_cgroup2(name, &placement) && !choose_cgroup1(name, &placement))
		placement.why = xstrdup(is_directory(CGROUP_ROOT) ? "no cgroup below " CGROUP_ROOT " can be written to"
								  : "there is no " CGROUP_ROOT);
	*ret = placement;
	return 0;
}

/* The first hierarchy must work, it is the recorded one; the others are as good as can be had. */
static int enter_cgroup1(const char *path, const pid_t *pids, size_t n, struct error *err)
{
	if (cgroup_enter(path, pids, n, err) < 0)
		return -1;
	for (size_t i = 0; i < CGROUP1_HIERARCHIES; i++) {
		_cleanup_error_ struct error ignored = ERROR_INIT;
		_cleanup_free_ char *other = cgroup1_sibling(path, cgroup1_hierarchies[i]);

		if (other && cgroup_enter(other, pids, n, &ignored) < 0)
			log_debug("%s, ignoring", ignored.message);
	}
	return 0;
}

int placement_enter(const struct placement *placement, const pid_t *pids, size_t n, struct deadline deadline,
		    struct error *err)
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

int placement_remove(const struct placement *placement, struct error *err)
{
	switch (placement->kind) {
	case PLACEMENT_CGROUP2:
	case PLACEMENT_CGROUP1:
		return placement_remove_cgroup(placement->path, err);
	case PLACEMENT_SCOPE: /* CollectMode: it goes with its last process */
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

/* True for ".../kvmctl/NAME" and ".../kvmctl/NAME~...". */
static bool is_group_of(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	size_t length = strlen(name), parent = slash ? (size_t)(slash - path) : 0;

	return parent >= strlen("/kvmctl") && starts_with(slash - strlen("/kvmctl"), "/kvmctl/") &&
	       starts_with(slash + 1, name) && (slash[1 + length] == '\0' || slash[1 + length] == '~');
}

/* The path in the hierarchy with that controller of the text of a /proc/PID/cgroup
 * ("4:memory:/kvmctl/web1", "1:name=systemd:/", "0::/": cgroups(7)), or NULL. Owned by the caller. */
static char *path_in(const char *text, const char *hierarchy)
{
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	const char *wanted = streq(hierarchy, "unified")   ? ""
			     : streq(hierarchy, "systemd") ? "name=systemd"
							   : hierarchy;

	for (char **line = lines; line && *line; line++) {
		const char *controllers = strchr(*line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;

		if (path && (size_t)(path - controllers - 1) == strlen(wanted) && starts_with(controllers + 1, wanted))
			return xstrdup(path + 1);
	}
	return NULL;
}

void placement_of(pid_t pid, const char *name, struct placement *ret)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *file = xprintf("/proc/%d/cgroup", (int)pid), *text = NULL, *unified = NULL;
	struct statfs fs;

	*ret = (struct placement){ .kind = PLACEMENT_NONE };
	if (file_read_at(AT_FDCWD, file, 65536, &text, NULL, &ignored) < 0)
		return;
	unified = path_in(text, "unified");
	if (statfs(CGROUP_ROOT, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
		if (unified && is_group_of(unified, name))
			*ret = (struct placement){ .kind = PLACEMENT_CGROUP2,
						   .path = xprintf(CGROUP_ROOT "%s", unified) };
		return;
	}
	for (size_t i = 0; i < CGROUP1_HIERARCHIES; i++) {
		_cleanup_free_ char *path = path_in(text, cgroup1_hierarchies[i]);

		if (path && is_group_of(path, name)) {
			*ret = (struct placement){ .kind = PLACEMENT_CGROUP1,
						   .path = xprintf(CGROUP_ROOT "/%s%s", cgroup1_hierarchies[i], path) };
			return;
		}
	}
}
