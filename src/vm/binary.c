/* One QEMU binary, asked once. Asking is binary_ask.c, remembering binary_cache.c; here is the order of both. */
#include "vm/binary.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/text.h"
#include "binary_parts.h"
#include "vm/params.h"

/* A binary that has not answered by then never will, and the rest of the caller's time is not for it. */
#define ASK_MS 10000
/* How long somebody else's asking is waited for: then it is asked twice. */
#define LOCK_MS 3000

char *binary_default(const struct settings *settings)
{
	_cleanup_(hvparams_free) struct hvparams hv = { 0 };
	_cleanup_problems_ struct problems ignored = { 0 }; /* settings with problems are not loaded at all */

	hvparams_init(&hv);
	if (settings->defaults)
		hvparams_read(&hv, settings->defaults, "defaults", false, &ignored);
	return xstrdup(hv.kvm_path);
}

/* When many starts miss the cache at once, one asks and the others wait for what it learns. -1: no lock,
 * which only costs time. */
static int lock_cache(const char *cache_dir, struct deadline deadline)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_close_ int dirfd = -1;
	int lock = -1;

	if (file_make_dirs(cache_dir, 0755, &ignored) < 0)
		return -1;
	dirfd = open(cache_dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (dirfd < 0)
		return -1;
	if (lock_take(dirfd, "probe.lock", "asking a QEMU binary", deadline_earlier(deadline, deadline_in(LOCK_MS)),
		      &lock, &ignored) < 0)
		log_debug("%s, ignoring", ignored.message);
	return lock;
}

int binary_probe(const char *path, const struct settings *settings, struct deadline deadline, struct probe **ret,
		 struct error *err)
{
	_cleanup_free_ char *identity = NULL;
	_cleanup_free_ char *name = binary_cache_name(path);
	_cleanup_probe_ struct probe *probe = NULL;

	if (binary_identity(path, &identity, err) < 0)
		return -1;
	probe = binary_cache_read(settings->cache_dir, name, identity);
	if (!probe) {
		_cleanup_close_ int lock = lock_cache(settings->cache_dir, deadline);

		if (lock >= 0)
			probe = binary_cache_read(settings->cache_dir, name, identity);
		if (!probe) {
			log_verbose("asking \"%s\" what it can do", path);
			if (binary_ask(path, deadline_earlier(deadline, deadline_in(ASK_MS)), &probe, err) < 0)
				return -1;
			binary_cache_write(settings->cache_dir, name, identity, probe);
		}
	}
	*ret = take_ptr(probe);
	return 0;
}
