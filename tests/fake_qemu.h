/* For unit tests: a copy of the fake QEMU in a directory of its own, with a conf. */
#ifndef KVMCTL_TESTS_FAKE_QEMU_H
#define KVMCTL_TESTS_FAKE_QEMU_H

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

struct fake_qemu {
	char *dir;  /* the binary, its conf, records */
	char *path; /* of the binary */
};

/* build/tests/unit/X_test -> build/tests/fake-qemu */
static inline char *fake_qemu_program(void)
{
	char exe[PATH_MAX] = "";
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash = n > 0 ? strrchr(exe, '/') : NULL;

	if (!slash)
		abort();
	*slash = '\0';
	return xprintf("%s/../fake-qemu", exe);
}

/* conf: JSON without its braces ("\"die\": \"start\""), "" for none. The records go into the directory. */
static inline struct fake_qemu fake_qemu_make(const char *conf)
{
	_cleanup_free_ char *program = fake_qemu_program();
	_cleanup_free_ char *pattern = xprintf("%s/kvmctl-fake-XXXXXX", getenv("TMP") ? getenv("TMP") : "/tmp");
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int dirfd = -1;
	_cleanup_error_ struct error err = ERROR_INIT;
	struct fake_qemu fake;

	fake.dir = xstrdup(mkdtemp(pattern));
	fake.path = xprintf("%s/qemu", fake.dir);
	dirfd = open(fake.dir, O_DIRECTORY | O_CLOEXEC);
	text = xprintf("{\"record\": \"%s\"%s%s}\n", fake.dir, *conf ? ", " : "", conf);
	if (dirfd < 0 || file_write_at(dirfd, "fake-qemu.conf", text, strlen(text), 0644, false, &err) < 0)
		abort();
	/* No hard link: it would change the identity of the one that another test has just probed. */
	_cleanup_free_ char *binary = NULL;
	size_t length;
	if (file_read_at(AT_FDCWD, program, 64 << 20, &binary, &length, &err) < 0 ||
	    file_write_at(dirfd, "qemu", binary, length, 0755, false, &err) < 0)
		abort();
	return fake;
}

static inline int fake_qemu_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static inline void fake_qemu_remove(struct fake_qemu *fake)
{
	if (fake->dir)
		nftw(fake->dir, fake_qemu_remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(fake->dir);
	free(fake->path);
}
#define _cleanup_fake_qemu_ _cleanup_(fake_qemu_remove)

#endif
