/* Sealed memory copies of small files, for a QEMU that may not read the original (certificates, secrets,
 * firmware).
 *
 * What is handed out is a second, read-only opening: QEMU looks for a descriptor of the access mode it
 * wants, and asks for reading. */
#include "host/memfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"

int memfile_from(const char *name, const void *data, size_t length, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	_cleanup_close_ int reading = -1;
	char path[32];

	if (fd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make the memory file \"%s\"", name);
	if (file_write_all(fd, data, length) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot fill the memory file \"%s\"", name);
	/* memfd_create gives 0777; who holds the descriptor may read it, nobody may do more. */
	if (fchmod(fd, 0444) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot seal the memory file \"%s\"", name);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reading = open(path, O_RDONLY | O_CLOEXEC);
	if (reading < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open the memory file \"%s\" for reading", name);
	*ret_fd = take_fd(&reading);
	return 0;
}

int memfile_copy(const char *path, size_t max, int *ret_fd, struct error *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	_cleanup_free_ char *short_name = xstrndup(name, 200); /* memfd_create(2) takes at most 249 bytes */
	char *text = NULL;
	size_t length = 0;
	int result;

	if (file_read_at(AT_FDCWD, path, max, &text, &length, err) < 0)
		return -1;
	result = memfile_from(short_name, text, length, ret_fd, err);
	explicit_bzero(text, length); /* it may be a secret */
	free(text);
	return result;
}
