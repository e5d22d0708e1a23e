/* The OOM killer leaves a line: "Out of memory: Killed process 123 (qemu-system-x86) ...", or "Memory
 * cgroup out of memory: Killed process ...". Asked only after a SIGKILL of unknown origin and only where
 * the cgroup has no counter. */
#include "supervisor/kernel_log.h"

#include <fcntl.h>
#include <time.h>

#include "base/parse.h"
#include "base/text.h"

#define RECORD_MAX 8192 /* CONSOLE_EXT_LOG_MAX of the kernel: a shorter read is refused */
#define RECORDS_MAX 100000
#define RECENT_US (60 * 1000000LL)

bool kernel_log_is_oom(const char *record, pid_t pid, int64_t since_us)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *killed = xprintf("Killed process %d (", (int)pid), *stamp = NULL;
	const char *at = strchr(record, ','), *text = strchr(record, ';');
	int64_t when;

	at = at ? strchr(at + 1, ',') : NULL;
	if (!at || !text || at > text)
		return false;
	stamp = xstrndup(at + 1, strcspn(at + 1, ",;"));
	return parse_int(stamp, "time", 0, INT64_MAX, &when, &ignored) == 0 && when >= since_us && strstr(text, killed);
}

/* The kernel's log is stamped with the time that stands still in suspend. */
static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

bool kernel_log_oom(pid_t pid)
{
	_cleanup_close_ int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	_cleanup_free_ char *record = xcalloc(1, RECORD_MAX + 1);
	int64_t since = now_us() - RECENT_US;

	for (int i = 0; fd >= 0 && i < RECORDS_MAX; i++) {
		ssize_t n = read(fd, record, RECORD_MAX);

		if (n < 0 &&
		    (errno == EPIPE || errno == EINTR)) /* EPIPE: overwritten while we read; the next one is there */
			continue;
		if (n <= 0)
			return false;
		record[n] = '\0';
		if (kernel_log_is_oom(record, pid, since))
			return true;
	}
	return false;
}
