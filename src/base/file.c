/* Files: whole reads with a bound, whole writes that are there or not, directories. */
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/deadline.h"
#include "base/text.h"

/* How long a FIFO or a slow pipe that was opened by name may keep us. */
#define READ_PATIENCE_MS 5000
/* More than any password: a file that is something else is not read into memory. */
#define SECRET_MAX 4096
/* file_sweep_at may meet a file that is just being written: its writer begins anew. */
#define SWEPT_TRIES 5

/* read(2) that waits for a non-blocking fd, until the deadline. */
static ssize_t read_waiting(int fd, void *buffer, size_t size, struct deadline d)
{
	for (;;) {
		struct pollfd waiting = { .fd = fd, .events = POLLIN };
		ssize_t n = read(fd, buffer, size);

		if (n >= 0 || (errno != EINTR && errno != EAGAIN))
			return n;
		if (errno == EINTR)
			continue;
		switch (deadline_poll(&waiting, 1, d)) {
		case -1:
			return -1;
		case 0:
			errno = ETIMEDOUT;
			return -1;
		default:
			break;
		}
	}
}

static int read_all(int fd, const char *name, size_t max, struct deadline d, char **ret, size_t *ret_length,
		    struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0, room = 0;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot read \"%s\"", name);
	/* The size is only a hint: /proc says 0. */
	room = S_ISREG(st.st_mode) && st.st_size > 0 && (uintmax_t)st.st_size < max ? (size_t)st.st_size + 1 : 4096;
	for (;;) {
		ssize_t n;

		/* One byte over the bound is enough to know. */
		room = room > max ? max + 1 : room;
		text = xrealloc(text, room + 1, 1);
		n = read_waiting(fd, text + length, room - length, d);
		if (n < 0)
			return error_errno(err, ERROR_HOST, errno, "cannot read \"%s\"", name);
		if (n == 0)
			break;
		length += (size_t)n;
		if (length > max) {
			error_set(err, ERROR_HOST, "\"%s\" is larger than %zu bytes", name, max);
			err->errnum = EFBIG;
			return -1;
		}
		if (length == room)
			room *= 2;
		else if (S_ISREG(st.st_mode) && (off_t)length == st.st_size)
			break; /* a regular file, whole: no need to ask for its end */
	}
	text[length] = '\0';
	*ret = take_ptr(text);
	if (ret_length)
		*ret_length = length;
	return 0;
}

int file_read_at(int dirfd, const char *path, size_t max, char **ret, size_t *ret_length, struct error *err)
{
	/* Non-blocking: the opening of a FIFO without a writer would wait for ever. */
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s\"", path);
	return read_all(fd, path, max, deadline_in(READ_PATIENCE_MS), ret, ret_length, err);
}

int file_read_fd(int fd, const char *name, size_t max, char **ret, size_t *ret_length, struct error *err)
{
	return read_all(fd, name, max, DEADLINE_NEVER, ret, ret_length, err);
}

int file_read_secret(const char *path, char **ret, struct error *err)
{
	char *text;
	size_t length;
	int got = streq(path, "-") ? file_read_fd(STDIN_FILENO, "standard input", SECRET_MAX, &text, &length, err)
				   : file_read_at(AT_FDCWD, path, SECRET_MAX, &text, &length, err);

	if (got < 0)
		return -1;
	*ret = xstrndup(text, strcspn(text, "\r\n"));
	explicit_bzero(text, length);
	free(text);
	return 0;
}

int file_write_all(int fd, const void *data, size_t length)
{
	const char *p = data;

	while (length) {
		ssize_t n = write(fd, p, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		length -= (size_t)n;
	}
	return 0;
}

/* A name beside `name` that nobody has: ".NAME.tmp-XXXXXX", in the same directory. */
static char *temporary_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	unsigned char random[6];
	char suffix[7] = "";

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		abort(); /* never for so few bytes, once the host has booted */
	for (size_t i = 0; i < sizeof(random); i++)
		suffix[i] = letters[random[i] % (sizeof(letters) - 1)];
	return xprintf("%.*s.%s.tmp-%s", (int)(base - name), name, base, suffix);
}

static int sync_directory_of(int dirfd, const char *name)
{
	const char *slash = strrchr(name, '/');
	_cleanup_free_ char *directory = slash ? xstrndup(name, (size_t)(slash - name) + 1) : xstrdup(".");
	_cleanup_close_ int fd = openat(dirfd, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -1 : fsync(fd);
}

/* The new content under its temporary name, complete and on the disk; -1 with errno. */
static int write_temporary(int dirfd, const char *temporary, const char *text, size_t length, mode_t mode, bool durable)
{
	_cleanup_close_ int fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	/* The caller's umask has no say in it. */
	if (fd < 0 || fchmod(fd, mode) < 0 || file_write_all(fd, text, length) < 0)
		return -1;
	return durable ? fsync(fd) : 0;
}

/* "/run/kvmctl/conf/web1.runtime", for people. Owned by the caller. */
static char *whole_name(int dirfd, const char *name)
{
	char link[32], directory[4096];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
	ssize_t length = name[0] == '/' || dirfd < 0 ? -1 : readlink(link, directory, sizeof(directory));
	return length < 0 ? xstrdup(name) : xprintf("%.*s/%s", (int)length, directory, name);
}

/* 0, or -1 with errno; *ret_swept: the temporary file was taken away under our hands. */
static int write_and_rename(int dirfd, const char *name, const char *text, size_t length, mode_t mode, bool durable,
			    bool *ret_swept)
{
	_cleanup_free_ char *temporary = temporary_name(name);
	int saved;

	*ret_swept = false;
	if (write_temporary(dirfd, temporary, text, length, mode, durable) == 0) {
		if (renameat(dirfd, temporary, dirfd, name) == 0)
			return 0;
		*ret_swept = errno == ENOENT;
	}
	saved = errno;
	unlinkat(dirfd, temporary, 0);
	errno = saved;
	return -1;
}

int file_write_at(int dirfd, const char *name, const char *text, size_t length, mode_t mode, bool durable,
		  struct error *err)
{
	bool swept = true;
	int result = -1;

	for (int i = 0; i < SWEPT_TRIES && result < 0 && swept; i++)
		result = write_and_rename(dirfd, name, text, length, mode, durable, &swept);
	if (result < 0) {
		int errnum = errno;
		_cleanup_free_ char *whole = whole_name(dirfd, name);

		return error_errno(err, ERROR_HOST, errnum, "cannot write \"%s\"", whole);
	}
	/* The content is complete in its place by now; what is not certain is whether it outlives a power cut. */
	if (durable && sync_directory_of(dirfd, name) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot sync the directory of \"%s\"", name);
	return 0;
}

int file_write_after(int dirfd, const char *name, const char *text, size_t length, mode_t mode,
		     int (*then)(void *arg, struct error *err), void *arg, struct error *err)
{
	_cleanup_free_ char *temporary = temporary_name(name), *whole = whole_name(dirfd, name);

	if (write_temporary(dirfd, temporary, text, length, mode, true) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot write \"%s\"", whole);
		unlinkat(dirfd, temporary, 0);
		return -1;
	}
	if (then && then(arg, err) < 0) {
		unlinkat(dirfd, temporary, 0);
		return -1;
	}
	/* Swept away meanwhile: what was called is done, so the content is written once more. */
	if (renameat(dirfd, temporary, dirfd, name) < 0)
		return file_write_at(dirfd, name, text, length, mode, true, err);
	if (sync_directory_of(dirfd, name) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot sync the directory of \"%s\"", whole);
	return 0;
}

/* ".NAME.tmp-XXXXXX" of temporary_name. */
static bool is_temporary(const char *file, const void *arg)
{
	const char *mark = file[0] == '.' ? strstr(file, ".tmp-") : NULL, *name = arg;

	if (!mark || strlen(mark) != strlen(".tmp-") + 6)
		return false;
	return !name || (strlen(name) == (size_t)(mark - file - 1) && strncmp(file + 1, name, strlen(name)) == 0);
}

bool file_sweep_if(int dirfd, bool (*is_ours)(const char *file, const void *arg), const void *arg, bool remove)
{
	int fd = dirfd < 0 ? -1 : openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	bool found = false;

	if (!dir) {
		close_fd(&fd);
		return false;
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (!is_ours(entry->d_name, arg))
			continue;
		found = true;
		if (remove)
			unlinkat(fd, entry->d_name, 0);
	}
	return found;
}

bool file_sweep_at(int dirfd, const char *name, bool remove)
{
	return file_sweep_if(dirfd, is_temporary, name, remove);
}

int file_close_others(int from, const int *keep, size_t n, bool at_exec)
{
	unsigned int low = (unsigned int)from, flags = at_exec ? CLOSE_RANGE_CLOEXEC : 0;

	for (;;) {
		unsigned int next = ~0U; /* no descriptor has this number: the last range is closed with it */

		for (size_t i = 0; i < n; i++)
			if (keep[i] >= 0 && (unsigned int)keep[i] >= low && (unsigned int)keep[i] < next)
				next = (unsigned int)keep[i];
		if (next > low && close_range(low, next == ~0U ? next : next - 1, (int)flags) < 0)
			return -1;
		if (next == ~0U)
			return 0;
		low = next + 1;
	}
}

int file_make_dirs(const char *path, mode_t mode, struct error *err)
{
	_cleanup_free_ char *part = xstrdup(path);
	struct stat st;

	for (char *p = part; *p;) {
		char end;

		p += strspn(p, "/");
		p += strcspn(p, "/");
		end = *p;
		*p = '\0';
		/* mkdir of what is there may fail with EROFS or EACCES before EEXIST: so look. */
		if (mkdir(part, mode) == 0) {
			if (chmod(part, mode) < 0)
				return error_errno(err, ERROR_HOST, errno, "cannot set the mode of \"%s\"", part);
		} else {
			int errnum = errno;

			if (stat(part, &st) < 0)
				return error_errno(err, ERROR_HOST, errnum, "cannot make the directory \"%s\"", part);
			if (!S_ISDIR(st.st_mode))
				return error_errno(err, ERROR_HOST, ENOTDIR, "cannot make the directory \"%s\"", part);
		}
		*p = end;
	}
	return 0;
}

int file_remove_at(int dirfd, const char *path, int flags, struct error *err)
{
	if (unlinkat(dirfd, path, flags) < 0 && errno != ENOENT)
		return error_errno(err, ERROR_HOST, errno, "cannot remove \"%s\"", path);
	return 0;
}

int file_is_network_fs(int fd, bool *ret, const char **ret_name, struct error *err)
{
	/* linux/magic.h has some; the rest stand in the sources of their file systems (fs/NAME/super.c of the kernel,
	 * statfs(2)). */
	static const struct {
		uint32_t magic;
		const char *name;
	} known[] = {
		{ NFS_SUPER_MAGIC, "NFS" },   { SMB_SUPER_MAGIC, "SMB" }, { CIFS_SUPER_MAGIC, "CIFS" },
		{ SMB2_SUPER_MAGIC, "SMB" },  { V9FS_MAGIC, "9p" },       { FUSE_SUPER_MAGIC, "FUSE" },
		{ CEPH_SUPER_MAGIC, "Ceph" }, { 0x01161970, "GFS2" },     { OCFS2_SUPER_MAGIC, "OCFS2" },
		{ 0x0bd00bd0, "Lustre" },     { AFS_SUPER_MAGIC, "AFS" }, { AFS_FS_MAGIC, "AFS" },
		{ CODA_SUPER_MAGIC, "Coda" }, { NCP_SUPER_MAGIC, "NCP" }, { 0x47504653, "GPFS" },
		{ 0x19830326, "BeeGFS" },     { 0x20030528, "OrangeFS" }, { 0xaad7aaea, "PanFS" },
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot tell the type of the file system");
	*ret = false;
	for (size_t i = 0; i < ELEMENTS(known); i++) {
		if ((uint32_t)fs.f_type == known[i].magic) {
			*ret = true;
			*ret_name = known[i].name;
		}
	}
	return 0;
}
