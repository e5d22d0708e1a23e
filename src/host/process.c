/* Processes that are not ours alone.
 *
 * A pid alone says nothing: it may have been given to somebody else since it was written down. Start
 * time, boot id and pid namespace beside it make it unique; a pidfd that is opened first and verified
 * afterwards keeps it so while we signal and wait. Sources: proc(5) for /proc/PID/stat, pidfd_open(2),
 * pidfd_send_signal(2). */
#include "host/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>

#include "base/text.h"

/* Larger than any /proc/PID/stat: 52 numbers of at most 20 digits and a name of 64 bytes. */
#define STAT_MAX 2048

/* One open, one read, one close: list does this a thousand times. -1 with errno; the text is NUL-terminated. */
static ssize_t read_small(const char *path, char *buf, size_t size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -1;
	buf[n] = '\0';
	return n;
}

int process_here(struct process_id *ret, struct error *err)
{
	struct process_id here = { .pid = getpid() };
	struct process_stat self;
	struct stat ns;
	char boot[64];

	if (read_small("/proc/sys/kernel/random/boot_id", boot, sizeof(boot)) < 36)
		return error_errno(err, ERROR_UNKNOWN, errno, "cannot read \"/proc/sys/kernel/random/boot_id\"");
	memcpy(here.boot_id, boot, 36);
	if (stat("/proc/self/ns/pid", &ns) < 0)
		return error_errno(err, ERROR_UNKNOWN, errno, "cannot look at \"/proc/self/ns/pid\"");
	here.pid_ns = ns.st_ino;
	if (process_read_stat(here.pid, &self) < 0)
		return error_errno(err, ERROR_UNKNOWN, errno, "cannot read our own \"/proc/%d/stat\"", (int)here.pid);
	here.start = self.start;
	*ret = here;
	return 0;
}

/* The next blank-separated number; *at moves behind it. A minus sign counts as 0: nothing we want is negative. */
static uint64_t next_number(const char **at)
{
	const char *p = *at;
	uint64_t value = 0;
	bool negative = false;

	while (*p == ' ')
		p++;
	if (*p == '-') {
		negative = true;
		p++;
	}
	while (*p >= '0' && *p <= '9')
		value = value * 10 + (uint64_t)(*p++ - '0');
	*at = p;
	return negative ? 0 : value;
}

/* What stands behind "PID (COMM) ": fields 3 to 24 of proc(5). All of them must be there, also the ones
 * we do not use, so that a truncated text is seen. */
static int parse_fields(const char *p, struct process_stat *stat)
{
	uint64_t field[25] = { 0 };

	stat->state = *p;
	if (!*p || p[1] != ' ')
		return -1;
	p++;
	for (int i = 4; i <= 24; i++) {
		const char *before = p;

		field[i] = next_number(&p);
		if (p == before)
			return -1;
	}
	stat->ppid = (pid_t)field[4];
	stat->flags = field[9];
	stat->utime = field[14];
	stat->stime = field[15];
	stat->threads = field[20];
	stat->start = field[22];
	stat->rss_pages = field[24];
	return 0;
}

int process_read_stat(pid_t pid, struct process_stat *ret)
{
	struct process_stat stat = { 0 };
	char path[32], text[STAT_MAX];
	const char *open_bracket, *close_bracket;
	size_t length;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (read_small(path, text, sizeof(text)) < 0)
		return -1;
	/* The name may hold blanks and brackets: it ends at the last one. */
	open_bracket = strchr(text, '(');
	close_bracket = strrchr(text, ')');
	if (!open_bracket || !close_bracket || close_bracket < open_bracket || close_bracket[1] != ' ' ||
	    parse_fields(close_bracket + 2, &stat) < 0) {
		errno = EPROTO;
		return -1;
	}
	length = (size_t)(close_bracket - open_bracket - 1);
	if (length > sizeof(stat.comm) - 1)
		length = sizeof(stat.comm) - 1;
	memcpy(stat.comm, open_bracket + 1, length);
	*ret = stat;
	return 0;
}

/* A main thread that is a zombie while another of its threads still runs (stuck on dead storage, say) is
 * no ended process: its files are still open, and its pidfd is not readable yet. */
bool process_ended(const struct process_stat *stat)
{
	return stat->state == 'X' || (stat->state == 'Z' && stat->threads <= 1);
}

/* For a process that we have just made or been told of; what was written down is verified instead. */
int process_identify(pid_t pid, struct process_id *ret, struct error *err)
{
	struct process_id id;
	struct process_stat stat;

	if (process_here(&id, err) < 0)
		return -1;
	if (process_read_stat(pid, &stat) < 0) {
		if (errno == ENOENT || errno == ESRCH)
			return error_errno(err, ERROR_OTHER, ESRCH, "there is no process %d", (int)pid);
		return error_errno(err, ERROR_UNKNOWN, errno, "cannot read \"/proc/%d/stat\"", (int)pid);
	}
	if (process_ended(&stat))
		return error_errno(err, ERROR_OTHER, ESRCH, "process %d has ended", (int)pid);
	id.pid = pid;
	id.start = stat.start;
	*ret = id;
	return 0;
}

enum process_verdict process_verify(const struct process_id *id, const struct process_id *here,
				    struct process_stat *stat)
{
	struct process_stat now;

	/* Another boot has ended it, whatever the namespace was. */
	if (!streq(id->boot_id, here->boot_id))
		return PROCESS_GONE;
	if (id->pid_ns != here->pid_ns || id->pid <= 0)
		return PROCESS_UNKNOWN;
	if (process_read_stat(id->pid, &now) < 0)
		return errno == ENOENT || errno == ESRCH ? PROCESS_GONE : PROCESS_UNKNOWN;
	/* Another start time: the number was given to somebody else. */
	if (now.start != id->start || process_ended(&now))
		return PROCESS_GONE;
	if (stat)
		*stat = now;
	return PROCESS_ALIVE;
}

int process_open(const struct process_id *id, int *ret_pidfd, struct error *err)
{
	struct process_id here;
	_cleanup_close_ int fd = -1;
	enum process_verdict verdict;

	if (process_here(&here, err) < 0)
		return -1;
	/* Looked at before as well: a pid of another namespace must not be opened here at all. */
	verdict = process_verify(id, &here, NULL);
	if (verdict == PROCESS_ALIVE) {
		fd = pidfd_open(id->pid, 0);
		if (fd < 0 && errno != ESRCH)
			return error_errno(err, ERROR_UNKNOWN, errno, "cannot open process %d", (int)id->pid);
		/* Only now is it certain whose pidfd this is. */
		verdict = fd < 0 ? PROCESS_GONE : process_verify(id, &here, NULL);
	}
	if (verdict == PROCESS_UNKNOWN) {
		if (id->pid_ns != here.pid_ns)
			return error_set(err, ERROR_UNKNOWN, "process %d belongs to another pid namespace",
					 (int)id->pid);
		return error_set(err, ERROR_UNKNOWN, "process %d cannot be verified: \"/proc/%d/stat\" cannot be read",
				 (int)id->pid, (int)id->pid);
	}
	*ret_pidfd = verdict == PROCESS_ALIVE ? take_fd(&fd) : -1;
	return 0;
}

int process_signal(int pidfd, int signal, struct error *err)
{
	if (pidfd_send_signal(pidfd, signal, NULL, 0) < 0 && errno != ESRCH)
		return error_errno(err, ERROR_HOST, errno, "cannot send SIG%s", sigabbrev_np(signal));
	return 0;
}

int process_signal_group(pid_t pgid, int signal)
{
	/* 0 and 1 would mean our own group, and everybody. */
	if (pgid <= 1) {
		errno = EINVAL;
		return -1;
	}
	return kill(-pgid, signal);
}

/* Readable when the whole process has ended, whoever reaps it, and not before its last thread has. */
int process_wait(int pidfd, struct deadline deadline, struct error *err)
{
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };
	int n = deadline_poll(&poll_fd, 1, deadline);

	if (n < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot wait for a process");
	return n > 0;
}
