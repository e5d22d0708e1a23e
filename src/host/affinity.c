/* CPU pinning, verified.
 *
 * sched_setaffinity(2) acts on one thread, so a process is pinned thread by thread, pass after pass,
 * until a whole pass finds every thread as it should be: a thread that was made by a not yet pinned one
 * between two looks is caught by the next pass. The kernel quietly cuts a set down to what the cpuset
 * allows, hence the look afterwards. */
#include "host/affinity.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/text.h"
#include "host/process.h"

/* A process that makes threads faster than this is not one that can be pinned. */
#define PASSES_MAX 100
/* include/linux/sched.h: kernel workers that show up among a process's threads (io_uring's) refuse to be moved. */
#define PF_NO_SETAFFINITY 0x04000000

int affinity_allowed(cpu_set_t *ret, struct error *err)
{
	cpu_set_t ours, all, allowed;

	/* The kernel knows best what online and cpuset come to: ask for every CPU and look what was
	 * granted, then go back. */
	memset(&all, 0xff, sizeof(all));
	if (sched_getaffinity(0, sizeof(ours), &ours) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot read our own CPU affinity");
	if (sched_setaffinity(0, sizeof(all), &all) < 0) {
		*ret = ours; /* forbidden (a seccomp filter, say): then ours is all there is for us */
		return 0;
	}
	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		allowed = ours;
	if (sched_setaffinity(0, sizeof(ours), &ours) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot restore our own CPU affinity");
	*ret = allowed;
	return 0;
}

/* The CPUs of a file in list format; false when there is none to read. */
static bool read_cpus(const char *path, cpu_set_t *ret)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *text = NULL, *trimmed = NULL;
	struct cpulist list;

	if (file_read_at(AT_FDCWD, path, 4096, &text, NULL, &ignored) < 0)
		return false;
	trimmed = text_trim(text);
	if (cpulist_parse(trimmed, &list, &ignored) < 0 || list.all)
		return false;
	*ret = list.set;
	return true;
}

/* Takes the CPUs of `other` out of the set: what is left is what was asked for and is not there. */
static void without(cpu_set_t *set, const cpu_set_t *other)
{
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, other))
			CPU_CLR(cpu, set);
	}
}

int affinity_resolve(const struct cpulist *list, cpu_set_t *ret, struct error *err)
{
	cpu_set_t allowed, online, refused = list->set, offline = list->set;
	_cleanup_free_ char *refused_text = NULL, *allowed_text = NULL;

	if (affinity_allowed(&allowed, err) < 0)
		return -1;
	if (list->all) {
		*ret = allowed;
		return 0;
	}
	without(&refused, &allowed);
	if (CPU_COUNT(&refused) == 0) {
		*ret = list->set;
		return 0;
	}
	allowed_text = cpuset_to_text(&allowed);
	if (read_cpus("/sys/devices/system/cpu/online", &online)) {
		without(&offline, &online);
		if (CPU_COUNT(&offline) > 0) {
			refused_text = cpuset_to_text(&offline);
			error_set(err, ERROR_HOST, "CPU \"%s\" is not online on this host", refused_text);
			return error_hint(err, "these can be used: %s", allowed_text);
		}
	}
	refused_text = cpuset_to_text(&refused);
	error_set(err, ERROR_HOST, "CPU \"%s\" is not allowed by the cpuset that kvmctl runs in", refused_text);
	return error_hint(err, "these can be used: %s", allowed_text);
}

/* The cgroup path of pid in the hierarchy of `controller` ("" is the unified one), or NULL. Owned by the caller. */
static char *cgroup_of(pid_t pid, const char *controller)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *path = xprintf("/proc/%d/cgroup", (int)pid);
	_cleanup_free_ char *text = NULL, *key = xprintf(":%s:", controller);
	char *hit, *end;

	if (file_read_at(AT_FDCWD, path, 65536, &text, NULL, &ignored) < 0)
		return NULL;
	hit = strstr(text, key);
	if (!hit)
		return NULL;
	hit += strlen(key);
	end = strchr(hit, '\n');
	return xstrndup(hit, end ? (size_t)(end - hit) : strlen(hit));
}

/* What the cpuset of a thread allows: its own words of cgroup v2, of v1, else the affinity it has now. */
static char *allowed_text_of(pid_t tid)
{
	_cleanup_free_ char *v2 = cgroup_of(tid, ""), *v1 = cgroup_of(tid, "cpuset");
	_cleanup_free_ char *v2_path = xprintf("/sys/fs/cgroup%s/cpuset.cpus.effective", v2 ? v2 : "");
	_cleanup_free_ char *v1_path = xprintf("/sys/fs/cgroup/cpuset%s/cpuset.effective_cpus", v1 ? v1 : "");
	cpu_set_t set;

	if (v1 && read_cpus(v1_path, &set))
		return cpuset_to_text(&set);
	if (v2 && read_cpus(v2_path, &set))
		return cpuset_to_text(&set);
	if (sched_getaffinity(tid, sizeof(set), &set) == 0)
		return cpuset_to_text(&set);
	return xstrdup("(unknown)");
}

/* errnum 0: the kernel took the set, but cut it down. */
static int explain(pid_t tid, const cpu_set_t *set, int errnum, struct error *err)
{
	_cleanup_free_ char *wanted = cpuset_to_text(set);
	_cleanup_free_ char *allowed = NULL;

	if (errnum && errnum != EINVAL)
		return error_errno(err, ERROR_HOST, errnum, "cannot pin thread %d to CPU \"%s\"", (int)tid, wanted);
	allowed = allowed_text_of(tid);
	error_set(err, ERROR_HOST, "cannot pin thread %d to CPU \"%s\": its cpuset allows only \"%s\"", (int)tid,
		  wanted, allowed);
	err->errnum = errnum;
	return error_hint(err, "choose CPUs of \"%s\", or change the cpuset", allowed);
}

/* 1 changed, 0 it was so already (or is gone, or cannot be moved by anybody), -1 error. */
static int pin(pid_t tid, const cpu_set_t *set, struct error *err)
{
	struct process_stat stat;
	cpu_set_t now;
	int errnum;

	if (sched_getaffinity(tid, sizeof(now), &now) == 0 && CPU_EQUAL(&now, set))
		return 0;
	if (sched_setaffinity(tid, sizeof(*set), set) < 0) {
		errnum = errno;
		/* It has ended, or it is a worker of the kernel's: nobody's business. */
		if (errnum == ESRCH || (process_read_stat(tid, &stat) == 0 && (stat.flags & PF_NO_SETAFFINITY)))
			return 0;
		return explain(tid, set, errnum, err);
	}
	if (sched_getaffinity(tid, sizeof(now), &now) == 0 && !CPU_EQUAL(&now, set))
		return explain(tid, set, 0, err);
	return 1;
}

static bool is_in(pid_t tid, const pid_t *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i] == tid)
			return true;
	}
	return false;
}

/* The number of threads that were changed, or -1. */
static int one_pass(const char *task_dir, const cpu_set_t *set, const pid_t *except, size_t n_except, struct error *err)
{
	_cleanup_closedir_ DIR *dir = opendir(task_dir);
	struct dirent *entry;
	int changed = 0, result = 0;

	if (!dir)
		return error_errno(err, ERROR_HOST, errno, "cannot read \"%s\"", task_dir);
	while (result >= 0 && (entry = readdir(dir))) {
		int64_t tid;
		_cleanup_error_ struct error ignored = ERROR_INIT;

		if (parse_int(entry->d_name, "tid", 1, INT32_MAX, &tid, &ignored) < 0 ||
		    is_in((pid_t)tid, except, n_except))
			continue;
		result = pin((pid_t)tid, set, err);
		changed += result > 0;
	}
	return result < 0 ? -1 : changed;
}

int affinity_set_process(pid_t pid, const cpu_set_t *set, const pid_t *except, size_t n_except, struct error *err)
{
	_cleanup_free_ char *task_dir = xprintf("/proc/%d/task", (int)pid);

	for (int pass = 0; pass < PASSES_MAX; pass++) {
		int changed = one_pass(task_dir, set, except, n_except, err);

		if (changed <= 0)
			return changed;
	}
	return error_set(err, ERROR_HOST, "process %d makes threads faster than they can be pinned", (int)pid);
}

/* Unlike the pass over a process, a thread that is gone or cannot be moved is an error here: it was named. */
int affinity_set_thread(pid_t tid, const cpu_set_t *set, struct error *err)
{
	cpu_set_t now;

	if (pin(tid, set, err) < 0)
		return -1;
	if (affinity_get_thread(tid, &now, err) < 0)
		return -1;
	return CPU_EQUAL(&now, set) ? 0 : explain(tid, set, 0, err);
}

int affinity_get_thread(pid_t tid, cpu_set_t *ret, struct error *err)
{
	cpu_set_t set;

	if (sched_getaffinity(tid, sizeof(set), &set) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot read the CPU affinity of thread %d", (int)tid);
	*ret = set;
	return 0;
}
