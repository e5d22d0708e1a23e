/* Kernel locks on files.
 *
 * flock(2) has no time-out of its own, and asking again every few milliseconds would be unfair to those
 * who wait properly. So the wait is one flock that an interval timer's SIGALRM breaks off at the
 * deadline: the handler does nothing, and without SA_RESTART the call returns EINTR. The timer repeats,
 * because the first signal may come just before the call. */
#include "base/lock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#define HOLDER_MAX 4096
#define ALARM_AGAIN_US 20000

struct alarm_state {
	struct sigaction action;
	sigset_t mask;
};

static void on_alarm(int sig)
{
	(void)sig;
}

static void alarm_begin(struct deadline d, struct alarm_state *before)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval timer = { .it_interval.tv_usec = ALARM_AGAIN_US };
	int left = deadline_left(d);
	sigset_t only_alarm;

	sigemptyset(&action.sa_mask);
	sigemptyset(&only_alarm);
	sigaddset(&only_alarm, SIGALRM);
	sigaction(SIGALRM, &action, &before->action);
	sigprocmask(SIG_UNBLOCK, &only_alarm, &before->mask);
	/* All zero would mean no timer. */
	timer.it_value.tv_sec = left / 1000;
	timer.it_value.tv_usec = (left % 1000) * 1000 + 1;
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void alarm_end(const struct alarm_state *before)
{
	struct itimerval off = { 0 };

	setitimer(ITIMER_REAL, &off, NULL);
	/* The handler last: an alarm that is still pending comes while ours is there. */
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
	sigaction(SIGALRM, &before->action, NULL);
}

/* flock until the deadline; -1 with errno, ETIMEDOUT when it is held all the time. */
static int flock_until(int fd, struct deadline d)
{
	bool forever = deadline_left(d) < 0;
	struct alarm_state before;
	int result, errnum;

	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return -1;
	if (deadline_left(d) == 0) {
		errno = ETIMEDOUT;
		return -1;
	}
	if (!forever)
		alarm_begin(d, &before);
	do {
		result = flock(fd, LOCK_EX);
		errnum = errno;
	} while (result < 0 && errnum == EINTR && !deadline_passed(d));
	if (!forever)
		alarm_end(&before);
	errno = errnum == EINTR ? ETIMEDOUT : errnum;
	return result;
}

/* Whether dirfd/name is still the file that fd has open: a wiped run directory leaves locks that nobody
 * else can see. */
static bool is_in_place(int fd, int dirfd, const char *name, off_t *ret_size)
{
	struct stat ours, there;

	if (fstat(fd, &ours) < 0 || fstatat(dirfd, name, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	*ret_size = ours.st_size;
	return ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* The text is for people: a full disk does not keep anyone from the lock. */
static void write_holder(int fd, const char *name, const char *holder, off_t old_size)
{
	_cleanup_free_ char *text = xprintf("%s\n", holder);
	size_t length = strlen(text);

	/* Written first, then cut: between the two there is always a holder to read. */
	if (pwrite(fd, text, length, 0) != (ssize_t)length ||
	    (old_size > (off_t)length && ftruncate(fd, (off_t)length) < 0))
		log_debug("lock \"%s\": cannot write who holds it: %s, ignoring", name, strerror(errno));
}

int lock_take(int dirfd, const char *name, const char *holder, struct deadline deadline, int *ret_fd, struct error *err)
{
	for (;;) {
		_cleanup_close_ int fd =
			openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0640);
		off_t size;

		if (fd < 0)
			return error_errno(err, ERROR_HOST, errno, "cannot open the lock \"%s\"", name);
		if (flock_until(fd, deadline) < 0) {
			_cleanup_free_ char *other = NULL;

			if (errno != ETIMEDOUT)
				return error_errno(err, ERROR_HOST, errno, "cannot take the lock \"%s\"", name);
			other = lock_holder(dirfd, name);
			error_set(err, ERROR_BUSY, "\"%s\" is busy: held by %s", name,
				  *other ? other : "an unknown process");
			return error_hint(err, "try again later, or wait longer (--wait SECONDS)");
		}
		if (is_in_place(fd, dirfd, name, &size)) {
			write_holder(fd, name, holder, size);
			*ret_fd = take_fd(&fd);
			return 0;
		}
	}
}

void lock_note(int fd, const char *holder)
{
	write_holder(fd, "", holder, INT64_MAX);
}

char *lock_holder(int dirfd, const char *name)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *text = NULL;

	if (file_read_at(dirfd, name, HOLDER_MAX, &text, NULL, &ignored) < 0)
		return xstrdup("");
	return text_trim(text);
}
