/* UNIX sockets under directories of any depth, with names of any length.
 *
 * sun_path holds 108 bytes (unix(7)), a run directory and a name of 200 characters are longer. The way
 * around: binding goes through "/proc/self/fd/DIRFD/SHORT" and a rename afterwards (rename(2) does not
 * care that it is a socket), connecting through "/proc/self/fd/N" of an O_PATH descriptor of the socket
 * itself. */
#include "host/socket.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/text.h"

#define TEMP_NAME_MAX 32
#define TEMP_PREFIX ".s-"
#define SWEPT_TRIES 5

static void temp_name(char name[TEMP_NAME_MAX])
{
	uint64_t random = 0;

	/* A name that is there already fails the bind: no harm if the kernel has no random bytes yet. */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint64_t)getpid();
	snprintf(name, TEMP_NAME_MAX, TEMP_PREFIX "%016llx", (unsigned long long)random);
}

/* Bound, with its mode, listening, renamed: who finds the name can connect. -1 with errno. */
static int bind_and_name(int fd, int dirfd, const char *temp, const char *name, mode_t mode, int backlog)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int saved;

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dirfd, temp);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	/* Nobody can connect before listen, so the umask's mode between bind and here does no harm. */
	if (fchmodat(dirfd, temp, mode, 0) == 0 && listen(fd, backlog) == 0 && renameat(dirfd, temp, dirfd, name) == 0)
		return 0;
	saved = errno;
	unlinkat(dirfd, temp, 0);
	errno = saved;
	return -1;
}

int socket_listen_at(int dirfd, const char *name, mode_t mode, int backlog, int *ret_fd, struct error *err)
{
	/* Again with a new socket (it can be bound only once) when socket_sweep_at took the name away. */
	for (int i = 0; i < SWEPT_TRIES; i++) {
		_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		char temp[TEMP_NAME_MAX];

		if (fd < 0)
			return error_errno(err, ERROR_HOST, errno, "cannot make a socket for \"%s\"", name);
		temp_name(temp);
		if (bind_and_name(fd, dirfd, temp, name, mode, backlog) == 0) {
			*ret_fd = take_fd(&fd);
			return 0;
		}
		if (errno != ENOENT)
			break;
	}
	return error_errno(err, ERROR_HOST, errno, "cannot make the socket \"%s\"", name);
}

/* A socket's temporary name ends in 16 hex digits (temp_name). */
static bool is_temporary(const char *file, const void *arg)
{
	(void)arg;
	return starts_with(file, TEMP_PREFIX) && strlen(file) == strlen(TEMP_PREFIX) + 16;
}

bool socket_sweep_at(int dirfd, bool remove)
{
	return file_sweep_if(dirfd, is_temporary, NULL, remove);
}

int socket_connect_at(int dirfd, const char *name, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int path_fd = openat(dirfd, name, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_close_ int fd = -1;

	if (path_fd < 0)
		return error_errno(err, ERROR_QEMU, errno, "cannot find the socket \"%s\"", name);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make a socket for \"%s\"", name);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", path_fd);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		/* A non-blocking connect to a UNIX socket says EAGAIN when the backlog is full. */
		if (errno == EAGAIN)
			return error_errno(err, ERROR_BUSY, errno, "the socket \"%s\" takes no more connections", name);
		return error_errno(err, ERROR_QEMU, errno, "cannot connect to the socket \"%s\"", name);
	}
	*ret_fd = take_fd(&fd);
	return 0;
}
