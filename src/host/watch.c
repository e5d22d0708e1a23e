/* inotify, as far as we need it: something has changed, look again.
 *
 * A user may have 128 inotify descriptors (fs.inotify.max_user_instances), and each supervisor has one.
 * Where none is left a timer takes its place: what was a change is then "it is time to look again". */
#include "host/watch.h"

#include <sys/inotify.h>
#include <sys/timerfd.h>

#define LOOK_AGAIN_MS 200

static int timer_open(void)
{
	struct timespec often = { .tv_nsec = LOOK_AGAIN_MS * 1000000L };
	struct itimerspec in = { often, often };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0)
		timerfd_settime(fd, 0, &in, NULL);
	return fd;
}

int watch_open(int *ret_fd, struct error *err)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0 && errno == EMFILE)
		fd = timer_open();
	if (fd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot watch files (inotify)");
	*ret_fd = fd;
	return 0;
}

int watch_add(int fd, const char *path, uint32_t mask, struct error *err)
{
	/* EINVAL: it is the timer. */
	if (inotify_add_watch(fd, path, mask) < 0 && errno != EINVAL)
		return error_errno(err, ERROR_HOST, errno, "cannot watch \"%s\"", path);
	return 0;
}

void watch_drain(int fd)
{
	char events[4096];

	while (read(fd, events, sizeof(events)) > 0)
		;
}

int watch_wait(int fd, struct deadline deadline, struct error *err)
{
	struct pollfd pfd = { fd, POLLIN, 0 };
	int got = deadline_poll(&pfd, 1, deadline);

	if (got < 0)
		return error_errno(err, ERROR_OTHER, errno, "cannot wait for a change");
	if (got > 0)
		watch_drain(fd);
	return got > 0;
}
