/* CPU pinning of real threads, and of a cpuset that allows less (cgroup v1, where it can be made). */
/* LDFLAGS: -Wl,--wrap=sched_setaffinity */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/text.h"
#include "host/affinity.h"

int __real_sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set);
int __wrap_sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set);

static int fail_set;

int __wrap_sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
	if (fail_set) {
		errno = fail_set;
		return -1;
	}
	return __real_sched_setaffinity(pid, size, set);
}

static cpu_set_t one(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return set;
}

static cpu_set_t allowed_here(void)
{
	struct error err = ERROR_INIT;
	cpu_set_t set;

	assert_int_equal(affinity_allowed(&set, &err), 0);
	assert_true(CPU_COUNT(&set) > 0);
	return set;
}

static int first_of(const cpu_set_t *set)
{
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, set))
			return cpu;
	}
	return -1;
}

static void *thread(void *arg)
{
	(void)arg;
	pause();
	return NULL;
}

/* Makes a thread every few milliseconds, for as long as it lives (64 at most). */
static void *breeder(void *arg)
{
	pthread_t t;

	(void)arg;
	for (int i = 0; i < 64; i++) {
		poll(NULL, 0, 3);
		pthread_create(&t, NULL, thread, NULL);
	}
	pause();
	return NULL;
}

static pid_t process_with_threads(int n, bool breeding)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_return_code(pipe(ready), errno);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0) {
		pthread_t t;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 0; i < n; i++)
			pthread_create(&t, NULL, breeding && i == 0 ? breeder : thread, NULL);
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* How many threads of pid have exactly this set, and how many there are. */
static void count(pid_t pid, const cpu_set_t *set, int *ret_with, int *ret_all)
{
	_cleanup_free_ char *path = xprintf("/proc/%d/task", (int)pid);
	DIR *dir = opendir(path);
	struct dirent *entry;

	assert_non_null(dir);
	*ret_with = *ret_all = 0;
	while ((entry = readdir(dir))) {
		struct error ignored = ERROR_INIT;
		cpu_set_t now;
		int64_t tid;

		if (parse_int(entry->d_name, "tid", 1, INT32_MAX, &tid, &ignored) == 0 &&
		    sched_getaffinity((pid_t)tid, sizeof(now), &now) == 0) {
			++*ret_all;
			*ret_with += CPU_EQUAL(&now, set);
		}
		error_clear(&ignored);
	}
	closedir(dir);
}

static void our_own_affinity_does_not_narrow_what_is_allowed(void **state)
{
	cpu_set_t all = allowed_here(), again, ours, set = one(first_of(&all));

	(void)state;
	assert_return_code(sched_getaffinity(0, sizeof(ours), &ours), errno);
	assert_return_code(sched_setaffinity(0, sizeof(set), &set), errno);
	again = allowed_here();
	assert_true(CPU_EQUAL(&again, &all));
	assert_return_code(sched_getaffinity(0, sizeof(again), &again), errno);
	assert_true(CPU_EQUAL(&again, &set)); /* given back */
	assert_return_code(sched_setaffinity(0, sizeof(ours), &ours), errno);
	fail_set = EPERM;
	again = allowed_here();
	fail_set = 0;
	assert_true(CPU_EQUAL(&again, &ours));
}

static void lists_are_held_against_the_host(void **state)
{
	struct error err = ERROR_INIT;
	cpu_set_t all = allowed_here(), set;
	struct cpulist list = { .all = true };

	(void)state;
	assert_int_equal(affinity_resolve(&list, &set, &err), 0);
	assert_true(CPU_EQUAL(&set, &all));
	list = (struct cpulist){ .set = one(first_of(&all)) };
	assert_int_equal(affinity_resolve(&list, &set, &err), 0);
	assert_true(CPU_EQUAL(&set, &list.set));
	CPU_SET(1023, &list.set);
	assert_int_equal(affinity_resolve(&list, &set, &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_non_null(strstr(err.message, "\"1023\" is not online"));
	assert_non_null(err.hint);
	error_clear(&err);
}

static void every_thread_but_the_excepted(void **state)
{
	struct error err = ERROR_INIT;
	cpu_set_t all = allowed_here(), set = one(first_of(&all)), now;
	pid_t pid = process_with_threads(6, false);
	int with, n;

	(void)state;
	if (CPU_COUNT(&all) < 2) {
		end(pid);
		skip();
	}
	assert_int_equal(affinity_set_process(pid, &set, &pid, 1, &err), 0);
	count(pid, &set, &with, &n);
	assert_int_equal(n, 7);
	assert_int_equal(with, 6);
	assert_int_equal(affinity_set_process(pid, &set, NULL, 0, &err), 0);
	count(pid, &set, &with, &n);
	assert_int_equal(with, 7);
	assert_int_equal(affinity_set_thread(pid, &all, &err), 0);
	assert_int_equal(affinity_get_thread(pid, &now, &err), 0);
	assert_true(CPU_EQUAL(&now, &all));
	end(pid);
}

/* A thread that is made while we go through the list inherits what its maker has: in the end all of them are pinned. */
static void threads_that_appear_meanwhile(void **state)
{
	struct error err = ERROR_INIT;
	cpu_set_t all = allowed_here(), set = one(first_of(&all));
	pid_t pid = process_with_threads(4, true);
	int with, n;

	(void)state;
	poll(NULL, 0, 30);
	assert_int_equal(affinity_set_process(pid, &set, NULL, 0, &err), 0);
	poll(NULL, 0, 100);
	count(pid, &set, &with, &n);
	assert_true(n > 5);
	assert_int_equal(with, n);
	end(pid);
}

static void errors_are_explained(void **state)
{
	struct error err = ERROR_INIT;
	cpu_set_t set = one(1000), now;
	pid_t pid = process_with_threads(1, false);

	(void)state;
	assert_int_equal(affinity_set_process(pid, &set, NULL, 0, &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_non_null(strstr(err.message, "\"1000\""));
	assert_non_null(strstr(err.message, "cpuset allows only"));
	assert_int_equal(err.errnum, EINVAL);
	fail_set = EPERM;
	assert_int_equal(affinity_set_process(pid, &set, NULL, 0, &err), -1);
	assert_int_equal(err.errnum, EPERM);
	fail_set = 0;
	end(pid);
	assert_int_equal(affinity_set_process(pid, &set, NULL, 0, &err), -1);
	assert_int_equal(affinity_get_thread(pid, &now, &err), -1);
	assert_int_equal(err.errnum, ESRCH);
	error_clear(&err);
}

static int put(const char *dir, const char *file, const char *text)
{
	_cleanup_free_ char *path = xprintf("%s/%s", dir, file);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -1 : file_write_all(fd, text, strlen(text));
}

/* A process in a cpuset of one CPU: another one is EINVAL, both together are quietly cut down to one. Both are said. */
static void a_cpuset_that_allows_less(void **state)
{
	struct error err = ERROR_INIT;
	cpu_set_t all = allowed_here(), set = one(0);
	_cleanup_free_ char *dir = xprintf("/sys/fs/cgroup/cpuset/kvmctl-test-%d", (int)getpid()), *text = NULL;
	pid_t pid;

	(void)state;
	if (CPU_COUNT(&all) < 2 || !CPU_ISSET(0, &all) || !CPU_ISSET(1, &all) || mkdir(dir, 0755) < 0) {
		print_message("skipped: no cpuset of cgroup v1 can be made here, or no CPUs 0 and 1\n");
		skip();
	}
	pid = process_with_threads(1, false);
	text = xprintf("%d", (int)pid);
	assert_return_code(put(dir, "cpuset.cpus", "1"), errno);
	assert_return_code(put(dir, "cpuset.mems", "0"), errno);
	assert_return_code(put(dir, "cgroup.procs", text), errno);
	assert_int_equal(affinity_set_process(pid, &set, NULL, 0, &err), -1);
	assert_non_null(strstr(err.message, "to CPU \"0\": its cpuset allows only \"1\""));
	CPU_SET(1, &set);
	assert_int_equal(affinity_set_process(pid, &set, NULL, 0, &err), -1);
	assert_non_null(strstr(err.message, "to CPU \"0-1\": its cpuset allows only \"1\""));
	end(pid);
	for (int i = 0; i < 100 && rmdir(dir) < 0; i++)
		poll(NULL, 0, 10);
	assert_int_equal(access(dir, F_OK), -1);
	error_clear(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_affinity_does_not_narrow_what_is_allowed),
		cmocka_unit_test(lists_are_held_against_the_host),
		cmocka_unit_test(every_thread_but_the_excepted),
		cmocka_unit_test(threads_that_appear_meanwhile),
		cmocka_unit_test(errors_are_explained),
		cmocka_unit_test(a_cpuset_that_allows_less),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
