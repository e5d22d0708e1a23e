/* filter/.kernel: what this kernel can filter, remembered from the last time that it was asked. */
#include "vm/filter_kernel.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "host/nft.h"
#include "host/process.h"

#define FILE_NAME ".kernel"
#define MAX_BYTES 4096
#define MAX_DEPTH 2

#define MEMBER(m)                                     \
	{                                             \
#m, offsetof(struct filter_kernel, m) \
	}
static const struct {
	const char *key;
	size_t offset;
} members[] = {
	MEMBER(bridge),  MEMBER(bridge_ct),   MEMBER(bridge_reject),
	MEMBER(inet_ct), MEMBER(inet_reject), MEMBER(connlimit),
};

static bool *member(struct filter_kernel *kernel, size_t i)
{
	return (bool *)((char *)kernel + members[i].offset);
}

/* Everything that could change the answers. Module packages come with the kernel's release. */
static int identity(char **ret, struct error *err)
{
	_cleanup_free_ char *library = NULL;
	struct process_id here;
	struct utsname kernel;
	struct stat ns = { 0 };

	if (process_here(&here, err) < 0 || nft_identity(&library, err) < 0)
		return -1;
	if (uname(&kernel) < 0 || stat("/proc/self/ns/net", &ns) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot tell which kernel and network namespace this is");
	*ret = xprintf("boot=%s net=%ju kernel=%s %s nft=%s", here.boot_id, (uintmax_t)ns.st_ino, kernel.release,
		       kernel.version, library);
	return 0;
}

static bool recall(int dir, const char *identity, struct filter_kernel *ret)
{
	_cleanup_error_ struct error none = ERROR_INIT;
	_cleanup_json_ struct json *known = NULL;
	_cleanup_free_ char *text = NULL;
	size_t length;

	if (file_read_at(dir, FILE_NAME, MAX_BYTES, &text, &length, &none) < 0 ||
	    json_parse(text, length, MAX_BYTES, MAX_DEPTH, FILE_NAME, &known, &none) < 0 ||
	    !streq(json_get_string(known, "identity", ""), identity))
		return false;
	for (size_t i = 0; i < ELEMENTS(members); i++) {
		if (json_type_of(json_get(known, members[i].key)) != JSON_BOOL)
			return false;
		*member(ret, i) = json_get_bool(known, members[i].key, false);
	}
	return true;
}

static void remember(int dir, const char *identity, struct filter_kernel *kernel)
{
	_cleanup_error_ struct error failure = ERROR_INIT;
	_cleanup_json_ struct json *known = json_new_object();
	_cleanup_free_ char *text = NULL;

	json_put_string(known, "identity", identity);
	for (size_t i = 0; i < ELEMENTS(members); i++)
		json_put_bool(known, members[i].key, *member(kernel, i));
	text = json_to_text(known);
	if (file_write_at(dir, FILE_NAME, text, strlen(text), 0640, false, &failure) < 0)
		log_debug("%s, ignoring", failure.message);
}

int filter_kernel_known(struct rundir *rundir, uint32_t mark_mask, bool fresh, struct filter_kernel *ret,
			struct error *err)
{
	_cleanup_free_ char *name = NULL;
	struct filter_kernel kernel = { 0 };
	int dir = rundir_part(rundir, RUNDIR_FILTER);

	if (filter_mark_check(mark_mask, err) < 0 || identity(&name, err) < 0)
		return -1;
	if (fresh || dir < 0 || !recall(dir, name, &kernel)) {
		if (filter_kernel_probe(mark_mask, &kernel, err) < 0)
			return -1;
		if (dir >= 0)
			remember(dir, name, &kernel);
	}
	kernel.mark_mask = mark_mask;
	/* Its module may be loaded at any time. */
	kernel.bridge_netfilter = filter_kernel_has_bridge_netfilter();
	*ret = kernel;
	return 0;
}
