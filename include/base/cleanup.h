/* Variables that clean up after themselves, and the handing over of what they hold. */
#ifndef KVMCTL_BASE_CLEANUP_H
#define KVMCTL_BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <errno.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))

static inline void free_ptr(void *p)
{
	free(*(void **)p);
}

/* Closes *fd if it is one; errno stays. It is -1 afterwards: a second call must not close what has got
 * the number since. */
static inline void close_fd(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;
		close(*fd);
		errno = saved;
		*fd = -1;
	}
}

static inline void fclose_ptr(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void closedir_ptr(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Hands the fd over: the variable is -1 afterwards. */
static inline int take_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

/* Hands the pointer over: the variable is NULL afterwards. */
#define take_ptr(p)                         \
	({                                  \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})

#define _cleanup_free_ _cleanup_(free_ptr)
#define _cleanup_close_ _cleanup_(close_fd)
#define _cleanup_fclose_ _cleanup_(fclose_ptr)
#define _cleanup_closedir_ _cleanup_(closedir_ptr)

#define ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

#endif
