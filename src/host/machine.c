/* The host itself: memory from /proc/meminfo, CPUs and nodes from /sys, and its reset. */
#include "host/machine.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/reboot.h>
#include <linux/capability.h>
#include <sys/syscall.h>

#include "base/cpulist.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/text.h"

#define CPU_DIR "/sys/devices/system/cpu"
#define NODE_DIR "/sys/devices/system/node"

/* The decimal number that a text begins with, after blanks; the fallback when there is none or it does not fit. */
static int64_t leading_number(const char *text, int64_t fallback)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	int64_t value = fallback;

	text += strspn(text, " \t");
	_cleanup_free_ char *digits = xstrndup(text, strspn(text, "-0123456789"));
	return parse_int(digits, "number", INT64_MIN, INT64_MAX, &value, &ignored) < 0 ? fallback : value;
}

/* The number behind "KEY:" at the beginning of a line, or 0. */
static int64_t meminfo_value(const char *meminfo, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = meminfo; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == ':')
			return leading_number(line + length + 1, 0);
	}
	return 0;
}

int machine_memory_parse(const char *meminfo, struct machine_memory *ret, struct error *err)
{
	int64_t total = meminfo_value(meminfo, "MemTotal");

	if (total <= 0)
		return error_set(err, ERROR_HOST, "\"/proc/meminfo\" has no MemTotal");
	ret->total = total / 1024;
	ret->free = (meminfo_value(meminfo, "MemFree") + meminfo_value(meminfo, "Buffers") +
		     meminfo_value(meminfo, "Cached") + meminfo_value(meminfo, "SReclaimable")) /
		    1024;
	ret->available = meminfo_value(meminfo, "MemAvailable") / 1024;
	ret->hugepages_total = meminfo_value(meminfo, "HugePages_Total");
	ret->hugepages_free = meminfo_value(meminfo, "HugePages_Free");
	ret->hugepage_kib = meminfo_value(meminfo, "Hugepagesize");
	return 0;
}

int machine_memory(struct machine_memory *ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;

	if (file_read_at(AT_FDCWD, "/proc/meminfo", 64 * 1024, &text, NULL, err) < 0)
		return -1;
	return machine_memory_parse(text, ret, err);
}

/* A file of /sys as a trimmed text, or NULL. */
static char *read_sys(const char *path)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *text = NULL;

	if (file_read_at(AT_FDCWD, path, 64 * 1024, &text, NULL, &ignored) < 0)
		return NULL;
	return text_trim(text);
}

static int64_t cpu_topology(int cpu, const char *key, int64_t fallback)
{
	_cleanup_free_ char *path = xprintf(CPU_DIR "/cpu%d/topology/%s", cpu, key);
	_cleanup_free_ char *text = read_sys(path);

	return text ? leading_number(text, fallback) : fallback;
}

static int list_count(const char *path, int fallback)
{
	_cleanup_free_ char *text = read_sys(path);
	_cleanup_error_ struct error ignored = ERROR_INIT;
	struct cpulist list;

	if (is_empty(text) || cpulist_parse(text, &list, &ignored) < 0)
		return fallback;
	return CPU_COUNT(&list.set);
}

/* "model name" of the first CPU in /proc/cpuinfo. */
static char *cpu_model(void)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *text = NULL;

	if (file_read_at(AT_FDCWD, "/proc/cpuinfo", 4 * 1024 * 1024, &text, NULL, &ignored) < 0)
		return xstrdup("");
	const char *key = strstr(text, "model name");
	const char *colon = key ? strchr(key, ':') : NULL;
	if (!colon)
		return xstrdup("");
	_cleanup_free_ char *line = xstrndup(colon + 1, strcspn(colon + 1, "\n"));
	return text_trim(line);
}

/* Distinct packages among the online CPUs; 256 at most. */
static int count_sockets(const cpu_set_t *online)
{
	int64_t seen[256] = { 0 };
	int n = 0;

	for (int cpu = 0; cpu <= CPULIST_MAX_CPU; cpu++) {
		if (!CPU_ISSET(cpu, online))
			continue;
		int64_t package = cpu_topology(cpu, "physical_package_id", 0);
		int i = 0;
		while (i < n && seen[i] != package)
			i++;
		if (i == n && n < (int)ELEMENTS(seen))
			seen[n++] = package;
	}
	return n > 0 ? n : 1;
}

int machine_cpus(struct machine_cpus *ret, struct error *err)
{
	_cleanup_free_ char *online_text = read_sys(CPU_DIR "/online");
	struct cpulist online;
	int first = 0;

	if (is_empty(online_text))
		return error_set(err, ERROR_HOST, "cannot read \"%s\"", CPU_DIR "/online");
	if (cpulist_parse(online_text, &online, err) < 0)
		return error_prefix(err, CPU_DIR "/online");
	while (first < CPULIST_MAX_CPU && !CPU_ISSET(first, &online.set))
		first++;
	_cleanup_free_ char *siblings = xprintf(CPU_DIR "/cpu%d/topology/thread_siblings_list", first);
	ret->online = CPU_COUNT(&online.set);
	ret->sockets = count_sockets(&online.set);
	ret->nodes = list_count(NODE_DIR "/online", 1);
	ret->threads_per_core = list_count(siblings, 1);
	ret->cores_per_socket = ret->online / ret->sockets / ret->threads_per_core;
	if (ret->cores_per_socket < 1)
		ret->cores_per_socket = 1;
	ret->model = cpu_model();
	return 0;
}

void machine_cpus_free(struct machine_cpus *cpus)
{
	free(cpus->model);
	cpus->model = NULL;
}

/* CAP_SYS_BOOT in the effective set, without a library. */
static bool may_reboot(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & (1U << CAP_SYS_BOOT));
}

int machine_powercycle(int dry_run, struct error *err)
{
	if (!may_reboot()) {
		error_errno(err, ERROR_HOST, EPERM, "cannot reset this host");
		return error_hint(err, "this needs the capability CAP_SYS_BOOT: run as root");
	}
	if (dry_run)
		return 0;
	/* What is in the page cache is all that an immediate reset can save. */
	sync();
	if (reboot(RB_AUTOBOOT) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot reset this host");
	return 0;
}
