/* The uids of a /proc/PID/status: a process chooses its own name, so the text is not only the kernel's. What is read is written and
 * read again as the same; a line that is not there is not found. */
#include <string.h>

#include "base/text.h"
#include "host/uid_pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xstrndup((const char *)data, size), *back = NULL;
	uid_t uids[4], again[4];

	if (uid_pool_status_uids(text, uids) < 0)
		return 0;
	if (!strstr(text, "\nUid:"))
		abort();
	back = xprintf("Name:\tx\nUid:\t%u\t%u\t%u\t%u\n", uids[0], uids[1], uids[2], uids[3]);
	if (uid_pool_status_uids(back, again) < 0 || memcmp(uids, again, sizeof(uids)) != 0)
		abort();
	return 0;
}
