/* Reading a document that a person or a program hands over: a bounded read that cannot hang.
 *
 * The reader polls before each read and never asks for more than one byte over the limit: a file of 1 GB,
 * /dev/zero, a FIFO that nobody writes and a terminal that nobody types at all come to an end. */
#include "ops/act_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/text.h"

static int too_large(const char *what, size_t max, struct error *err)
{
	error_set(err, ERROR_SPEC, "%s is larger than %zu bytes", what, max);
	err->errnum = EFBIG;
	return -1;
}

/* One read of what is there now. 1: more may come, 0: the end, -1 error. */
static int read_some(int fd, const char *what, struct deadline deadline, char *buffer, size_t room, size_t *length,
		     struct error *err)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int ready = deadline_poll(&p, 1, deadline);
	if (ready < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot wait for %s", what);
	if (ready == 0)
		return error_set(err, ERROR_TIMEOUT, "%s did not arrive in time", what);
	ssize_t n = read(fd, buffer, room);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (n < 0)
		return error_errno(err, ERROR_SPEC, errno, "cannot read %s", what);
	*length += (size_t)n;
	return n > 0;
}

int input_read(int fd, const char *what, size_t max, struct deadline deadline, char **ret, size_t *ret_length,
	       struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0, size = 0;
	int more = 1;

	while (more) {
		if (length > max)
			return too_large(what, max, err);
		if (!text || size < length + 2) {
			/* Doubling, but never more than the limit and one byte, and a NUL. */
			size = size ? size * 2 : 16384;
			if (size > max + 2)
				size = max + 2;
			text = xrealloc(text, size, 1);
		}
		more = read_some(fd, what, deadline, text + length, size - length - 1, &length, err);
		if (more < 0)
			return -1;
	}
	text[length] = '\0';
	*ret = take_ptr(text);
	*ret_length = length;
	return 0;
}

/* O_NONBLOCK: opening a FIFO without a writer must not wait; the poll before the read does that, with its deadline. */
int input_open(const char *path, const char *what, size_t max, int *ret_fd, struct error *err)
{
	struct stat st;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_errno(err, ERROR_SPEC, errno, "cannot open %s", what);
	if (fstat(fd, &st) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot look at %s", what);
	if (S_ISDIR(st.st_mode))
		return error_set(err, ERROR_SPEC, "%s is a directory", what);
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > max)
		return too_large(what, max, err);
	*ret_fd = take_fd(&fd);
	return 0;
}
