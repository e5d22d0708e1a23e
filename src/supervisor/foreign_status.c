/* After a new supervisor was attached, QEMU is a child of pid 1. Its end shows on the pidfd at the moment
 * when it becomes a zombie: until pid 1 has reaped it, its exit code stands in /proc/PID/stat (proc(5)),
 * and since Linux 6.15 the pidfd itself remembers (PIDFD_GET_INFO). */
#include "supervisor/foreign_status.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/text.h"

#define STAT_START 22
#define STAT_EXIT_CODE 52

/* struct pidfd_info of linux/pidfd.h, as of its first version; Debian 12's headers do not have it. */
struct exit_info {
	uint64_t mask, cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};
_Static_assert(sizeof(struct exit_info) == 64, "the size is part of the request's number");

#define EXIT_INFO_CODE (1ULL << 3)                      /* PIDFD_INFO_EXIT */
#define EXIT_INFO_GET _IOWR(0xFF, 11, struct exit_info) /* PIDFD_GET_INFO */

/* One field, up to the next blank; -1 when it is no number. */
static int64_t read_field(const char *at)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *field = xstrndup(at, strcspn(at, " \n"));
	int64_t value;

	return parse_int(field, "field", 0, INT64_MAX, &value, &ignored) < 0 ? -1 : value;
}

int foreign_status_from_stat(const char *line, uint64_t start)
{
	const char *at = strrchr(line, ')'); /* the name before it may hold anything */
	int64_t code = 0;

	if (!at || at[1] != ' ' || at[2] != 'Z')
		return -1;
	at += 2;
	for (int field = 3; at; field++) {
		if (field == STAT_START && read_field(at) != (int64_t)start)
			return -1;
		if (field == STAT_EXIT_CODE)
			code = read_field(at);
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return code > 0 && code <= 0xffff ? (int)code : -1;
}

int foreign_status(pid_t pid, uint64_t start, int pidfd)
{
	_cleanup_free_ char *path = xprintf("/proc/%d/stat", (int)pid), *line = NULL;
	_cleanup_error_ struct error ignored = ERROR_INIT;
	struct exit_info info = { .mask = EXIT_INFO_CODE };
	int status = -1;

	if (file_read_at(AT_FDCWD, path, 4096, &line, NULL, &ignored) == 0)
		status = foreign_status_from_stat(line, start);
	if (status < 0 && pidfd >= 0 && ioctl(pidfd, EXIT_INFO_GET, &info) == 0 && info.mask & EXIT_INFO_CODE)
		status = info.exit_code;
	return status;
}
