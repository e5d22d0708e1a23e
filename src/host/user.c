/* Users and groups by name, through the C library (so that LDAP and the like work as well). */
#include "host/user.h"

#include <grp.h>
#include <pwd.h>

#include "base/text.h"

/* The C library's buffer starts small and doubles: a group of thousands of members has a long line. */
#define BUFFER_FIRST 1024
#define BUFFER_MAX (1024 * 1024)

int user_find(const char *name, uid_t *ret_uid, gid_t *ret_gid, struct error *err)
{
	struct passwd entry, *found = NULL;
	int failed = ERANGE;

	for (size_t size = BUFFER_FIRST; failed == ERANGE && size <= BUFFER_MAX; size *= 2) {
		_cleanup_free_ char *buffer = xcalloc(1, size);

		failed = getpwnam_r(name, &entry, buffer, size, &found);
	}
	/* getpwnam_r(3) lists several numbers that mean no more than "not found". */
	if (!found && failed && failed != ENOENT && failed != ESRCH && failed != EBADF && failed != EPERM)
		return error_errno(err, ERROR_HOST, failed, "cannot look up the user \"%s\"", name);
	if (!found) {
		error_set(err, ERROR_HOST, "there is no user \"%s\"", name);
		return error_hint(err, "make it with: useradd --system --no-create-home %s", name);
	}
	*ret_uid = entry.pw_uid;
	*ret_gid = entry.pw_gid;
	return 0;
}

gid_t group_find(const char *name)
{
	struct group entry, *found = NULL;
	int failed = ERANGE;

	for (size_t size = BUFFER_FIRST; failed == ERANGE && size <= BUFFER_MAX; size *= 2) {
		_cleanup_free_ char *buffer = xcalloc(1, size);

		failed = getgrnam_r(name, &entry, buffer, size, &found);
	}
	return found ? entry.gr_gid : (gid_t)-1;
}

/* Also when the name service is down: then it is the number. */
char *user_name(uid_t uid)
{
	struct passwd entry, *found = NULL;
	int failed = ERANGE;

	for (size_t size = BUFFER_FIRST; failed == ERANGE && size <= BUFFER_MAX; size *= 2) {
		_cleanup_free_ char *buffer = xcalloc(1, size);

		failed = getpwuid_r(uid, &entry, buffer, size, &found);
		if (found)
			return xstrdup(entry.pw_name);
	}
	return xprintf("%u", (unsigned)uid);
}
