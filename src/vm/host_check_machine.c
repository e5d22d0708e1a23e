/* Host checks of the binary, what is booted, CPUs, memory, identity, hooks. */
#include "vm/host_check_internal.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "base/cpulist.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/affinity.h"
#include "host/user.h"
#include "qemu/uri.h"
#include "vm/firmware.h"

void host_check_binary(struct check *check)
{
	const struct hvparams *hv = &check->spec->hv;
	_cleanup_strv_ char **wanted = strv_split(hv->migration_caps, ':');

	check_executable(check, "hvparams.kvm_path", hv->kvm_path);
	if (!check->probe)
		return;
	for (char **cap = wanted; cap && *cap; cap++)
		if (**cap && !strv_contains(check->probe->migration_caps, *cap)) {
			_cleanup_free_ char *known = strv_join(check->probe->migration_caps, " ");
			problems_add(&check->problems, "hvparams.migration_caps",
				     "QEMU %d.%d (\"%s\") has no migration capability \"%s\", but: %s",
				     check->probe->major, check->probe->minor, hv->kvm_path, *cap, known);
		}
}

/* An image to boot from or to read: a file, a block device, a URI. What is behind a URI cannot be looked
 * at from here; that QEMU can speak to it, can. */
static void check_image(struct check *check, const char *path, const char *image)
{
	if (is_empty(image))
		return;
	if (uri_is(image))
		check_uri(check, path, image);
	else
		check_medium(check, path, image);
}

void host_check_boot(struct check *check)
{
	const struct hvparams *hv = &check->spec->hv;

	if (!is_empty(hv->kernel_path))
		check_readable(check, "hvparams.kernel_path", hv->kernel_path);
	if (!is_empty(hv->kernel_path) && !is_empty(hv->initrd_path))
		check_readable(check, "hvparams.initrd_path", hv->initrd_path);
	check_image(check, "hvparams.floppy_image_path", hv->floppy_image_path);
	check_image(check, "hvparams.cdrom_image_path", hv->cdrom_image_path);
	check_image(check, "hvparams.cdrom2_image_path", hv->cdrom2_image_path);

	_cleanup_free_ char *code = NULL, *vars = NULL;
	if (streq(hv->firmware, "uefi") && !firmware_find(&code, &vars))
		problems_add(&check->problems, "hvparams.firmware",
			     "no UEFI firmware is installed here: install the package ovmf, or use \"bios\"");
}

static void check_cpu_mask(struct check *check)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ struct cpulist *lists = NULL;
	size_t n = 0;
	cpu_set_t set;

	if (cpumask_parse(check->spec->hv.cpu_mask, &lists, &n, &err) < 0) {
		problems_add_error(&check->problems, "hvparams.cpu_mask", &err);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (affinity_resolve(&lists[i], &set, &err) < 0) {
			if (n > 1)
				error_prefix(&err, "vCPU %zu", i);
			problems_add_error(&check->problems, "hvparams.cpu_mask", &err);
		}
}

/* A counter of one page size, or -1. */
static int64_t hugepages(long page_size, const char *what)
{
	_cleanup_free_ char *path = xprintf("/sys/kernel/mm/hugepages/hugepages-%ldkB/%s", page_size / 1024, what);
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *text = NULL, *number = NULL;
	int64_t value = -1;

	if (file_read_at(AT_FDCWD, path, 64, &text, NULL, &ignored) < 0)
		return -1;
	number = text_trim(text);
	return parse_int(number, what, 0, INT64_MAX, &value, &ignored) < 0 ? -1 : value;
}

/* Pages that a new mapping can have: free ones that nobody has reserved, and those the kernel may still make. */
static int64_t hugepages_available(long page_size)
{
	int64_t free_pages = hugepages(page_size, "free_hugepages"), reserved = hugepages(page_size, "resv_hugepages");
	int64_t overcommit = hugepages(page_size, "nr_overcommit_hugepages"),
		surplus = hugepages(page_size, "surplus_hugepages");

	if (free_pages < 0 || reserved < 0)
		return -1;
	return free_pages - reserved + (overcommit > surplus ? overcommit - surplus : 0);
}

static void check_mem_path(struct check *check)
{
	const char *mem_path = check->spec->hv.mem_path, *path = "hvparams.mem_path";
	struct statfs fs;

	if (is_empty(mem_path))
		return;
	if (statfs(mem_path, &fs) < 0) {
		problems_add(&check->problems, path, "\"%s\": %s", mem_path, strerror(errno));
		return;
	}
	if ((unsigned long)fs.f_type != HUGETLBFS_MAGIC) {
		problems_add(&check->problems, path, "\"%s\" is not on hugetlbfs (mount -t hugetlbfs none \"%s\")",
			     mem_path, mem_path);
		return;
	}
	int64_t page = fs.f_bsize, needed = (check->spec->maxmem * 1024 * 1024 + page - 1) / page;
	int64_t available = hugepages_available((long)page);
	/* A mount with a size of its own has less to give. */
	if (fs.f_blocks > 0 && (int64_t)fs.f_bavail < available)
		available = (int64_t)fs.f_bavail;
	if (available >= 0 && available < needed)
		problems_add(&check->problems, path,
			     "%lld MiB need %lld pages of %lld KiB on \"%s\", which has %lld (sysctl vm.nr_hugepages)",
			     (long long)check->spec->maxmem, (long long)needed, (long long)page / 1024, mem_path,
			     (long long)available);
}

void host_check_cpu_and_memory(struct check *check)
{
	check_cpu_mask(check);
	check_mem_path(check);
}

void host_check_identity(struct check *check)
{
	const struct hvparams *hv = &check->spec->hv;
	_cleanup_error_ struct error err = ERROR_INIT;
	uid_t uid;
	gid_t gid;

	if (streq(hv->security_model, "user") && user_find(hv->security_domain, &uid, &gid, &err) < 0)
		problems_add_error(&check->problems, "hvparams.security_domain", &err);
}

void host_check_hooks(struct check *check)
{
	for (struct json_iter it = json_iter(check->spec->hooks); json_next(&it);) {
		const char *hook = json_string(it.value, "");
		_cleanup_free_ char *path = xprintf("hooks.%s", it.key);

		if (!is_empty(hook))
			check_executable(check, path, hook);
	}
}
