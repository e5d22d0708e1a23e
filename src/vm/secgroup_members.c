/* What a member is, and the groups that instances were given by hand. */
#include "vm/secgroup_members.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"
#include "vm/spec.h"

#define INSTANCES ".instances"
#define INSTANCE_MAX_BYTES (1024 * 1024)
#define NIC_MAX 1023

void secgroup_member_clear(struct secgroup_member *member)
{
	free(member->instance);
	*member = (struct secgroup_member){ 0 };
}

bool secgroup_address_parse(const char *text, struct secgroup_member *ret)
{
	*ret = (struct secgroup_member){ .is_address = true, .ipv6 = strchr(text, ':') };

	int family = ret->ipv6 ? AF_INET6 : AF_INET;

	return inet_pton(family, text, ret->bytes) == 1 &&
	       inet_ntop(family, ret->bytes, ret->address, sizeof(ret->address));
}

int secgroup_member_parse(const char *text, struct secgroup_member *ret, struct error *err)
{
	const char *slash = strchr(text, '/');
	_cleanup_free_ char *head = xstrndup(text, strcspn(text, "/"));
	struct secgroup_member address;
	int64_t nic = SECGROUP_ALL_NICS;

	if (secgroup_address_parse(head, &address)) {
		if (!slash) {
			*ret = address;
			return 0;
		}
		error_set(err, ERROR_USAGE, "\"%s\" is no member: one address is, a range of them is not", text);
		return error_hint(err, "a rule with a cidr lets ranges in");
	}
	if (instance_name_check(head, err) < 0)
		return -1;
	if (slash && parse_int(slash + 1, "the number of the NIC", 0, NIC_MAX, &nic, err) < 0) {
		err->kind = ERROR_USAGE;
		return error_prefix(err, "\"%s\" is no INSTANCE/NIC", text);
	}
	*ret = (struct secgroup_member){ .instance = take_ptr(head), .nic = nic };
	return 0;
}

/* --- the file of an instance --- */

static char *nic_word(int64_t nic)
{
	return nic == SECGROUP_ALL_NICS ? xstrdup("all") : xprintf("%" PRId64, nic);
}

static int read_lines(const struct secgroup_store *store, const char *instance, char ***ret, struct error *err)
{
	_cleanup_free_ char *path = xprintf("%s/" INSTANCES "/%s", store->dir, instance), *text = NULL;
	size_t length;

	*ret = NULL;
	if (!instance_name_valid(instance))
		return 0;
	if (file_read_at(AT_FDCWD, path, INSTANCE_MAX_BYTES, &text, &length, err) < 0) {
		if (err->errnum != ENOENT)
			return -1;
		error_clear(err);
		return 0;
	}
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; line && *line; line++)
		if (strchr(*line, ' '))
			strv_add(ret, *line);
	return 0;
}

/* Without lines there is no file. */
static int write_lines(const struct secgroup_store *store, const char *instance, char *const *lines, struct error *err)
{
	_cleanup_free_ char *path = xprintf("%s/" INSTANCES, store->dir), *text = strv_join(lines, "\n");
	_cleanup_free_ char *content = xprintf("%s\n", text);
	_cleanup_close_ int dir = -1;

	if (file_make_dirs(path, 0755, err) < 0)
		return -1;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s\"", path);
	if (lines)
		return file_write_at(dir, instance, content, strlen(content), 0644, true, err);
	if (file_remove_at(dir, instance, 0, err) < 0)
		return -1;
	return fsync(dir) < 0 ? error_errno(err, ERROR_HOST, errno, "cannot write \"%s\"", path) : 0;
}

int secgroup_instance_add(const struct secgroup_store *store, const char *group, const char *instance, int64_t nic,
			  bool *ret_changed, struct error *err)
{
	_cleanup_strv_ char **lines = NULL;
	_cleanup_free_ char *word = nic_word(nic), *line = xprintf("%s %s", word, group);

	if (read_lines(store, instance, &lines, err) < 0)
		return -1;
	*ret_changed = !strv_contains(lines, line);
	if (!*ret_changed)
		return 0;
	strv_add(&lines, line);
	return write_lines(store, instance, lines, err);
}

int secgroup_instance_remove(const struct secgroup_store *store, const char *group, const char *instance, int64_t nic,
			     bool *ret_changed, struct error *err)
{
	_cleanup_strv_ char **lines = NULL, **left = NULL;
	_cleanup_free_ char *word = nic_word(nic), *gone = xprintf("%s %s", word, group);

	if (read_lines(store, instance, &lines, err) < 0)
		return -1;
	for (char **line = lines; line && *line; line++) {
		bool mine = nic == SECGROUP_ALL_NICS ? streq(strchr(*line, ' ') + 1, group) : streq(*line, gone);

		if (!mine)
			strv_add(&left, *line);
	}
	*ret_changed = strv_length(left) < strv_length(lines);
	return *ret_changed ? write_lines(store, instance, left, err) : 0;
}

int secgroup_instance_groups(const struct secgroup_store *store, const char *instance, int64_t nic, char ***groups,
			     struct error *err)
{
	_cleanup_strv_ char **lines = NULL;
	_cleanup_free_ char *mine = nic_word(nic);

	if (read_lines(store, instance, &lines, err) < 0)
		return -1;
	for (char **line = lines; line && *line; line++) {
		_cleanup_free_ char *word = xstrndup(*line, strcspn(*line, " "));
		const char *group = strchr(*line, ' ') + 1;

		if ((streq(word, "all") || streq(word, mine)) && !strv_contains(*groups, group))
			strv_add(groups, group);
	}
	return 0;
}

/* --- all of them --- */

static int add_members_of(const struct secgroup_store *store, const char *group, const char *instance, char ***members,
			  struct error *err)
{
	_cleanup_strv_ char **lines = NULL;

	if (read_lines(store, instance, &lines, err) < 0)
		return -1;
	for (char **line = lines; line && *line; line++) {
		_cleanup_free_ char *word = xstrndup(*line, strcspn(*line, " "));

		if (!streq(strchr(*line, ' ') + 1, group))
			continue;
		if (streq(word, "all"))
			strv_add(members, instance);
		else
			strv_addf(members, "%s/%s", instance, word);
	}
	return 0;
}

int secgroup_instances(const struct secgroup_store *store, const char *group, char ***ret, struct error *err)
{
	_cleanup_free_ char *path = xprintf("%s/" INSTANCES, store->dir);
	_cleanup_closedir_ DIR *dir = opendir(path);
	_cleanup_strv_ char **members = NULL;

	if (!dir && errno != ENOENT)
		return error_errno(err, ERROR_HOST, errno, "cannot read \"%s\"", path);
	for (const struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir))
		if (add_members_of(store, group, entry->d_name, &members, err) < 0)
			return -1;
	strv_sort(members);
	*ret = take_ptr(members);
	return 0;
}
