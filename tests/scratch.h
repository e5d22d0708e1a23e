/* For unit tests: a private directory with files in it, gone at the end. */
#ifndef KVMCTL_TESTS_SCRATCH_H
#define KVMCTL_TESTS_SCRATCH_H

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"

struct scratch {
	char dir[64];
};

static inline int scratch_setup(void **state)
{
	struct scratch *scratch = xcalloc(1, sizeof(*scratch));

	snprintf(scratch->dir, sizeof(scratch->dir), "/tmp/kvmctl-unit-XXXXXX");
	*state = scratch;
	return mkdtemp(scratch->dir) ? 0 : -1;
}

static inline int scratch_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int scratch_teardown(void **state)
{
	struct scratch *scratch = *state;

	nftw(scratch->dir, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
	free(scratch);
	return 0;
}

/* The path of a name in the directory. Owned by the caller. */
static inline char *scratch_path(const struct scratch *scratch, const char *name)
{
	return xprintf("%s/%s", scratch->dir, name);
}

/* A file of this content; its path, owned by the caller. */
static inline char *scratch_file(const struct scratch *scratch, const char *name, const void *data, size_t size,
				 mode_t mode)
{
	char *path = scratch_path(scratch, name);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0 || file_write_all(fd, data, size) < 0 || fchmod(fd, mode) < 0)
		abort();
	return path;
}

static inline char *scratch_script(const struct scratch *scratch, const char *name, const char *text)
{
	return scratch_file(scratch, name, text, strlen(text), 0755);
}

#endif
