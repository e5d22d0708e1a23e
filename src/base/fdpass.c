/* Descriptors over a UNIX socket. */
#include "base/fdpass.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

ssize_t fdpass_send(int socket, const void *data, size_t length, const int *fds, size_t n_fds, int flags)
{
	if (n_fds == 0)
		return send(socket, data, length, flags | MSG_NOSIGNAL);
	if (n_fds > FDPASS_MAX) {
		errno = EINVAL;
		return -1;
	}

	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * FDPASS_MAX)];
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = length };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = control.space,
				  .msg_controllen = CMSG_SPACE(sizeof(int) * n_fds) };

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
	memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * n_fds);
	return sendmsg(socket, &message, flags | MSG_NOSIGNAL);
}

ssize_t fdpass_receive(int socket, void *data, size_t size, int *ret_fd, int flags)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space)
	};
	ssize_t length = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header = length < 0 ? NULL : CMSG_FIRSTHDR(&message);

	*ret_fd = -1;
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(header), sizeof(int));
	return length;
}
