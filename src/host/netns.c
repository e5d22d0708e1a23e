/* A network namespace for a while. */
#include "host/netns.h"

#include <fcntl.h>
#include <sched.h>

#include "base/cleanup.h"

int netns_enter_new(int *ret_back, struct error *err)
{
	_cleanup_close_ int back = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (back < 0 || unshare(CLONE_NEWNET) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make a network namespace");
	*ret_back = take_fd(&back);
	return 0;
}

int netns_leave(int *back, struct error *err)
{
	if (setns(*back, CLONE_NEWNET) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot go back into the network namespace");
	close_fd(back);
	return 0;
}
