/* Resources: the table of kinds, their records, and how each is taken down. */
#include "vm/resource.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/bandwidth.h"
#include "host/child.h"
#include "host/link.h"
#include "host/nic_script.h"
#include "host/ovs.h"
#include "host/placement.h"

static struct json *record(const char *kind)
{
	struct json *r = json_new_object();

	json_put_string(r, "kind", kind);
	return r;
}

struct json *resource_placement(const char *type, const char *path)
{
	struct json *r = record("placement");

	json_put_string(r, "type", type);
	json_put_string(r, "path", path);
	return r;
}

struct json *resource_ovs(const char *link, const char *bridge)
{
	struct json *r = record("ovs");

	json_put_string(r, "link", link);
	json_put_string(r, "bridge", bridge);
	return r;
}

struct json *resource_route(const char *link, const char *ip, const char *ip6, const char *gateway,
			    const char *gateway6, const char *table)
{
	struct json *r = record("route");

	json_put_string(r, "link", link);
	json_put_string(r, "ip", ip);
	json_put_string(r, "ip6", ip6);
	json_put_string(r, "gateway", gateway);
	json_put_string(r, "gateway6", gateway6);
	json_put_string(r, "table", table);
	return r;
}

struct json *resource_script(const char *script, char *const *env)
{
	struct json *r = record("script"), *list = json_new_array();

	for (; env && *env; env++)
		json_append_string(list, *env);
	json_put_string(r, "script", script);
	json_put(r, "env", list);
	return r;
}

struct json *resource_directory(const char *path)
{
	struct json *r = record("directory");

	json_put_string(r, "path", path);
	return r;
}

struct json *resource_socket(const char *path)
{
	struct json *r = record("socket");

	json_put_string(r, "path", path);
	return r;
}

struct json *resource_link(const char *path, const char *target)
{
	struct json *r = record("link");

	json_put_string(r, "path", path);
	json_put_string(r, "target", target);
	return r;
}

struct json *resource_hook(const char *path, const char *instance)
{
	struct json *r = record("hook");

	json_put_string(r, "path", path);
	json_put_string(r, "instance", instance);
	return r;
}

struct json *resource_bandwidth(const char *link)
{
	struct json *r = record(RESOURCE_BANDWIDTH);

	json_put_string(r, "link", link);
	return r;
}

struct json *resource_filter(const char *link)
{
	struct json *r = record("filter");

	json_put_string(r, "link", link);
	return r;
}

bool resource_is_filter(const struct json *r)
{
	return streq(json_get_string(r, "kind", ""), "filter");
}

static int down_filter(const struct json *r, struct deadline deadline, struct error *err)
{
	(void)deadline;
	return error_set(err, ERROR_UNKNOWN, "the filter of \"%s\" is taken down with the others of its instance",
			 json_get_string(r, "link", ""));
}

/* A kind of a newer version is none of ours: it stays PLACEMENT_NONE, and nothing is removed. */
static int down_placement(const struct json *r, struct deadline deadline, struct error *err)
{
	struct placement placement = { PLACEMENT_NONE, (char *)json_get_string(r, "path", ""), NULL };
	const char *type = json_get_string(r, "type", "");

	(void)deadline;
	for (int kind = 0; kind < PLACEMENT_KIND_MAX; kind++)
		if (streq(type, placement_kind_to_string((enum placement_kind)kind)))
			placement.kind = (enum placement_kind)kind;
	return placement_remove(&placement, err);
}

static int down_ovs(const struct json *r, struct deadline deadline, struct error *err)
{
	return ovs_detach(json_get_string(r, "link", ""), json_get_string(r, "bridge", ""), deadline, err);
}

static int down_route(const struct json *r, struct deadline deadline, struct error *err)
{
	const struct link_route route = {
		.ip = json_get_string(r, "ip", ""),
		.ip6 = json_get_string(r, "ip6", ""),
		.gateway = json_get_string(r, "gateway", ""),
		.gateway6 = json_get_string(r, "gateway6", ""),
		.table = json_get_string(r, "table", ""),
	};

	(void)deadline;
	return link_unroute(json_get_string(r, "link", ""), &route, err);
}

/* With the very environment of "up", which is why it is on record: the spec may have changed since. */
static int down_script(const struct json *r, struct deadline deadline, struct error *err)
{
	_cleanup_strv_ char **env = json_strings(json_get(r, "env"));

	return nic_script_run(json_get_string(r, "script", ""), "down", env, deadline, err);
}

/* Files only: nobody but QEMU has written here, and QEMU makes no directories. */
static int down_directory(const struct json *r, struct deadline deadline, struct error *err)
{
	const char *path = json_get_string(r, "path", "");
	DIR *dir = opendir(path);

	(void)deadline;
	if (!dir)
		return errno == ENOENT ? 0 : error_errno(err, ERROR_HOST, errno, "cannot read \"%s\"", path);
	for (struct dirent *entry; (entry = readdir(dir));)
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	return file_remove_at(AT_FDCWD, path, AT_REMOVEDIR, err);
}

/* Only a socket: whatever else has come to be there under that name is not ours. */
static int down_socket(const struct json *r, struct deadline deadline, struct error *err)
{
	const char *path = json_get_string(r, "path", "");
	struct stat st;

	(void)deadline;
	if (lstat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : error_errno(err, ERROR_HOST, errno, "cannot look at \"%s\"", path);
	return S_ISSOCK(st.st_mode) ? file_remove_at(AT_FDCWD, path, 0, err) : 0;
}

static int down_link(const struct json *r, struct deadline deadline, struct error *err)
{
	const char *path = json_get_string(r, "path", ""), *target = json_get_string(r, "target", "");
	char there[PATH_MAX];
	ssize_t length = readlink(path, there, sizeof(there));

	(void)deadline;
	if (length < 0 || (size_t)length != strlen(target) || memcmp(there, target, (size_t)length) != 0)
		return 0; /* gone, or somebody else's */
	return file_remove_at(AT_FDCWD, path, 0, err);
}

/* A hook is told; what it answers changes nothing, least of all does it keep an instance that is gone on record. */
static int down_hook(const struct json *r, struct deadline deadline, struct error *err)
{
	if (hook_run(json_get_string(r, "path", ""), "stopped", json_get_string(r, "instance", ""), deadline, err) < 0)
		log_warning("%s, ignoring", err->message);
	error_clear(err);
	return 0;
}

static int down_bandwidth(const struct json *r, struct deadline deadline, struct error *err)
{
	(void)deadline;
	return bandwidth_forget(json_get_string(r, "link", ""), err);
}

static const struct {
	const char *kind;
	const char *subject; /* the member that names it for people */
	int (*down)(const struct json *r, struct deadline deadline, struct error *err);
} kinds[] = {
	{ "placement", "path", down_placement },
	{ "ovs", "link", down_ovs },
	{ "route", "link", down_route },
	{ "script", "script", down_script },
	{ "directory", "path", down_directory },
	{ "hook", "path", down_hook },
	{ "socket", "path", down_socket },
	{ "link", "path", down_link },
	{ RESOURCE_BANDWIDTH, "link", down_bandwidth },
	{ "filter", "link", down_filter },
};

int resource_down(const struct json *r, struct deadline deadline, struct error *err)
{
	const char *kind = json_get_string(r, "kind", "");

	for (size_t i = 0; i < ELEMENTS(kinds); i++)
		if (streq(kind, kinds[i].kind))
			return kinds[i].down(r, deadline, err);
	return error_set(err, ERROR_UNKNOWN, "resource of an unknown kind \"%s\"", kind);
}

char *resource_text(const struct json *r)
{
	const char *kind = json_get_string(r, "kind", "?");

	for (size_t i = 0; i < ELEMENTS(kinds); i++)
		if (streq(kind, kinds[i].kind))
			return xprintf("%s %s", kind, json_get_string(r, kinds[i].subject, "?"));
	return xstrdup(kind);
}
