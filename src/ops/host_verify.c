/* host verify: one small check after the other, each with what it found and, where it is not well, the
 * cure.
 *
 * A check says what stands in the way of *some* instances. What every instance needs is "needed"; the
 * rest is "advised" and does not make the verdict. */
#include "ops/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/module.h"
#include "base/parse.h"
#include "base/text.h"
#include "host/kvm.h"
#include "host/machine.h"
#include "host/placement.h"
#include "host/user.h"
#include "host/userfault.h"
#include "vm/binary.h"
#include "vm/firmware.h"
#include "vm/host_check.h"
#include "vm/migration_tls.h"

#define INOTIFY_ENOUGH 1024

struct verdict {
	bool ok;
	char *detail, *cure; /* owned; cure NULL where all is well */
};

typedef void check_fn(struct context *context, struct verdict *ret);

static void good(struct verdict *v, char *detail)
{
	*v = (struct verdict){ .ok = true, .detail = detail };
}

static void bad(struct verdict *v, char *detail, const char *cure)
{
	*v = (struct verdict){ .detail = detail, .cure = xstrdup(cure) };
}

/* A failed call is the detail, its hint the cure. */
static void bad_error(struct verdict *v, struct error *err, const char *cure)
{
	bad(v, xstrdup(err->message), err->hint ? err->hint : cure);
	error_clear(err);
}

static int probe_default(struct context *context, char **ret_path, struct probe **ret, struct error *err)
{
	*ret_path = binary_default(context->settings);
	return binary_probe(*ret_path, context->settings, context_step(context, context->settings->timeouts.start), ret,
			    err);
}

static void check_qemu(struct context *context, struct verdict *v)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_probe_ struct probe *probe = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;

	if (probe_default(context, &path, &probe, &err) < 0)
		bad_error(v, &err,
			  "install the package qemu-system-x86, or name another binary as kvm_path in the settings");
	else
		good(v, xprintf("%s is QEMU %d.%d.%d", path, probe->major, probe->minor, probe->micro));
}

static void check_kvm(struct context *context, struct verdict *v)
{
	char *why = NULL;
	(void)context;

	if (kvm_usable(&why)) {
		free(why);
		good(v, xstrdup("/dev/kvm is usable"));
	} else {
		bad(v, why,
		    "switch virtualization on in the firmware and load kvm_intel or kvm_amd; without KVM guests are "
		    "emulated (slow)");
	}
}

static void check_device(const char *path, const char *cure, struct verdict *v)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		good(v, xprintf("%s can be opened", path));
	else
		bad(v, xprintf("cannot open %s: %s", path, strerror(errno)), cure);
}

static void check_tun(struct context *context, struct verdict *v)
{
	(void)context;
	check_device("/dev/net/tun",
		     "load the module tun, and run kvmctl as root; without it only NICs of mode \"user\" work", v);
}

static void check_vhost(struct context *context, struct verdict *v)
{
	(void)context;
	check_device("/dev/vhost-net",
		     "load the module vhost_net; without it the network of guests costs more CPU time", v);
}

/* The directory, or what of its path is there already. */
static int open_nearest(const char *path)
{
	_cleanup_free_ char *part = xstrdup(path);

	for (;;) {
		int fd = open(part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		char *slash = strrchr(part, '/');
		if (fd >= 0 || errno != ENOENT || !slash || slash == part)
			return fd;
		*slash = '\0';
	}
}

static void check_directory(const char *path, bool local, struct verdict *v)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int fd = open_nearest(path);
	const char *fs_name = NULL;
	bool network = false;

	if (fd < 0)
		bad(v, xprintf("cannot open %s: %s", path, strerror(errno)),
		    "make it a directory that this user may write");
	else if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
		bad(v, xprintf("%s cannot be written: %s", path, strerror(errno)),
		    "run kvmctl as root, or name another directory in the settings");
	else if (local && file_is_network_fs(fd, &network, &fs_name, &err) < 0)
		bad_error(v, &err, "name another directory in the settings");
	else if (network)
		bad(v, xprintf("%s is on a network file system (%s)", path, fs_name),
		    "name a local one as run_dir in the settings");
	else
		good(v, xprintf("%s can be written%s", path, local ? " and is local" : ""));
}

static void check_run_dir(struct context *context, struct verdict *v)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (settings_require_run_dir(context->settings, &err) < 0)
		bad(v, xstrdup(err.message), "log in with a session of your own, or name a run_dir in the settings");
	else
		check_directory(context->settings->run_dir, true, v);
}

static void check_state_dir(struct context *context, struct verdict *v)
{
	check_directory(context->settings->state_dir, false, v);
}

static void check_cache_dir(struct context *context, struct verdict *v)
{
	check_directory(context->settings->cache_dir, false, v);
}

static void check_spec_dir(struct context *context, struct verdict *v)
{
	_cleanup_close_ int fd = open(context->settings->spec_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		good(v, xprintf("%s can be read", context->settings->spec_dir));
	else
		bad(v, xprintf("cannot open %s: %s", context->settings->spec_dir, strerror(errno)),
		    "make it, and put NAME.json into it for each instance; or always use --spec");
}

static void check_uid_pool(struct context *context, struct verdict *v)
{
	const struct settings *settings = context->settings;

	if (settings->uid_first)
		good(v, xprintf("%u uids from %u to %u", settings->uid_last - settings->uid_first + 1,
				settings->uid_first, settings->uid_last));
	else if (geteuid() != 0)
		good(v, xstrdup("not needed: guests run as this user"));
	else
		bad(v, xstrdup("no uid pool: guests run as root"),
		    "put \"uid_pool\": \"610000-610999\" (uids that nobody has) into the settings");
}

static void check_kvm_group(struct context *context, struct verdict *v)
{
	(void)context;
	if (group_find("kvm") != (gid_t)-1)
		good(v, xstrdup("group kvm exists"));
	else
		bad(v, xstrdup("there is no group kvm"),
		    "groupadd --system kvm; guests under uids of the pool open /dev/kvm through it");
}

static void check_cgroup(struct context *context, struct verdict *v)
{
	struct placement placement = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;
	(void)context;

	if (placement_choose("kvmctl-verify", &placement, &err) < 0)
		bad_error(v, &err, "run kvmctl under systemd, or mount a cgroup hierarchy");
	else if (placement.kind == PLACEMENT_NONE)
		bad(v,
		    xprintf("guests stay in the caller's control group: %s",
			    placement.why ? placement.why : "no reason known"),
		    "run kvmctl under systemd, or mount a cgroup hierarchy that may be written");
	else
		good(v, xprintf("guests get a %s of their own", placement_kind_to_string(placement.kind)));
	placement_free(&placement);
}

static void check_companion(const char *file, const char *without, struct verdict *v)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	char *path = NULL;

	if (module_find(file, &path, &err) < 0)
		bad_error(v, &err, without);
	else
		good(v, path);
}

static void check_supervisor(struct context *context, struct verdict *v)
{
	(void)context;
	check_companion("kvmctl-supervisor", "install kvmctl completely", v);
}

/* Loading it also finds a missing libnl or libpng. */
static void check_module(const char *name, const char *symbol, const char *cure, struct verdict *v)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	const void *found;

	if (module_load(name, symbol, &found, &err) < 0)
		bad_error(v, &err, cure);
	else
		good(v, xprintf("kvmctl-%s.so loads", name));
}

static void check_link(struct context *context, struct verdict *v)
{
	(void)context;
	check_module("link", "link_module", "install libnl-3-200 and libnl-route-3-200", v);
}

static void check_png(struct context *context, struct verdict *v)
{
	(void)context;
	check_module("png", "png_module", "install libpng16-16; only screenshots of QEMU before 7.1 need it", v);
}

static void check_firmware(struct context *context, struct verdict *v)
{
	_cleanup_free_ char *code = NULL, *variables = NULL;
	(void)context;

	if (firmware_find(&code, &variables))
		good(v, xprintf("UEFI from %s", code));
	else
		bad(v, xstrdup("no UEFI firmware (OVMF) is installed"),
		    "install the package ovmf; only instances with firmware \"uefi\" need it");
}

static void check_hugepages(struct context *context, struct verdict *v)
{
	const char *mem_path = json_get_string(context->settings->defaults, "mem_path", "");
	struct machine_memory memory = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;

	if (machine_memory(&memory, &err) < 0)
		bad_error(v, &err, "look at /proc/meminfo");
	else if (!*mem_path)
		good(v, xstrdup("not asked for by the settings (mem_path)"));
	else if (access(mem_path, X_OK) < 0)
		bad(v, xprintf("mem_path \"%s\": %s", mem_path, strerror(errno)), "mount hugetlbfs there");
	else if (!memory.hugepages_total)
		bad(v, xstrdup("mem_path is set, but no huge page is preallocated"), "set vm.nr_hugepages");
	else
		good(v, xprintf("%lld huge pages, %lld free", (long long)memory.hugepages_total,
				(long long)memory.hugepages_free));
}

/* Each supervisor has one, and all belong to root. */
static void check_inotify(struct context *context, struct verdict *v)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *text = NULL;
	int64_t most;
	(void)context;

	if (file_read_at(AT_FDCWD, "/proc/sys/fs/inotify/max_user_instances", 64, &text, NULL, &err) == 0)
		text[strcspn(text, "\n")] = '\0';
	if (!text || parse_int(text, "max_user_instances", 0, INT64_MAX, &most, &err) < 0)
		bad_error(v, &err, "look at /proc/sys/fs/inotify");
	else if (most < INOTIFY_ENOUGH)
		bad(v,
		    xprintf("a user may have %lld inotify descriptors, and each instance needs one", (long long)most),
		    "set fs.inotify.max_user_instances to 8192 (sysctl.d); logs that cannot be watched are looked at "
		    "every ten seconds");
	else
		good(v, xprintf("%lld for each user", (long long)most));
}

/* A uid of the pool stands for all that QEMU may be. */
static void check_post_copy(struct context *context, struct verdict *v)
{
	uid_t uid = context->settings->uid_first ? context->settings->uid_first : geteuid();
	_cleanup_free_ char *path = NULL;
	_cleanup_probe_ struct probe *probe = NULL;
	_cleanup_error_ struct error ignored = ERROR_INIT;
	bool knows_device = probe_default(context, &path, &probe, &ignored) == 0 && probe_opens_userfaultfd(probe);
	const struct userfault_who who = { .uid = uid, .gid = uid, .group = group_find("kvm"), .device = knows_device };

	if (userfault_usable(&userfault_places, &who))
		good(v, xstrdup("QEMU may use userfaultfd(2)"));
	else
		bad(v, xstrdup("QEMU, which has no capabilities, may not use userfaultfd(2)"),
		    "sysctl vm.unprivileged_userfaultfd=1 (sysctl.d); only guests that come with --post-copy need it");
}

static void check_migration_tls(struct context *context, struct verdict *v)
{
	const struct settings *settings = context->settings;
	const char *const files[] = { settings->migration_ca, settings->migration_cert, settings->migration_key };

	if (!migration_tls_configured(settings)) {
		good(v, xstrdup("not asked for by the settings (migration_tls)"));
		return;
	}
	for (size_t i = 0; i < ELEMENTS(files); i++)
		if (access(files[i], R_OK) < 0) {
			bad(v, xprintf("\"%s\": %s", files[i], strerror(errno)),
			    "put it there, or set migration_tls.mode to \"off\": no instance starts without");
			return;
		}
	good(v, xstrdup("the certificates are there"));
}

static const struct check_row {
	const char *name;
	bool needed;
	check_fn *fn;
} checks[] = {
	{ "qemu", true, check_qemu },
	{ "kvm", false, check_kvm },
	{ "kvm-group", false, check_kvm_group },
	{ "tun", true, check_tun },
	{ "vhost-net", false, check_vhost },
	{ "run-dir", true, check_run_dir },
	{ "state-dir", true, check_state_dir },
	{ "cache-dir", false, check_cache_dir },
	{ "spec-dir", false, check_spec_dir },
	{ "uid-pool", false, check_uid_pool },
	{ "cgroup", false, check_cgroup },
	{ "supervisor", true, check_supervisor },
	{ "link-module", true, check_link },
	{ "png-module", false, check_png },
	{ "uefi", false, check_firmware },
	{ "hugepages", false, check_hugepages },
	{ "inotify", false, check_inotify },
	{ "post-copy", false, check_post_copy },
	{ "migration-tls", true, check_migration_tls },
};

int op_host_verify(struct context *context, struct json **ret, bool *ret_ok, struct error *err)
{
	struct json *document = json_new_object(), *list = json_new_array();
	bool all = true;
	(void)err;

	for (size_t i = 0; i < ELEMENTS(checks); i++) {
		struct verdict v = { 0 };
		struct json *entry = json_new_object();

		checks[i].fn(context, &v);
		all = all && (v.ok || !checks[i].needed);
		json_put_string(entry, "name", checks[i].name);
		json_put_bool(entry, "ok", v.ok);
		json_put_bool(entry, "needed", checks[i].needed);
		json_put_string(entry, "detail", v.detail);
		json_put_string(entry, "cure", v.cure);
		json_append(list, entry);
		free(v.detail);
		free(v.cure);
	}
	json_put(document, "checks", list);
	*ret = document;
	*ret_ok = all;
	return 0;
}
