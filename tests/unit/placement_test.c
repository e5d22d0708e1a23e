/* Placement: real cgroups where they can be made, systemd's scope through a busctl of our own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/text.h"
#include "host/placement.h"

static pid_t sleeper(void)
{
	pid_t pid = fork();

	assert_return_code(pid, errno);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static char *cgroups_of(pid_t pid)
{
	struct error err = ERROR_INIT;
	_cleanup_free_ char *path = xprintf("/proc/%d/cgroup", (int)pid);
	char *text = NULL;

	assert_int_equal(file_read_at(AT_FDCWD, path, 65536, &text, NULL, &err), 0);
	return text;
}

/* A cgroup of its own for this test process, or a skip. */
static struct placement chosen(void)
{
	struct error err = ERROR_INIT;
	_cleanup_free_ char *name = xprintf("test-%d.a", (int)getpid());
	struct placement placement;

	assert_int_equal(placement_choose(name, &placement, &err), 0);
	if (placement.kind == PLACEMENT_NONE) {
		assert_non_null(placement.why);
		print_message("skipped: %s\n", placement.why);
		skip();
	}
	if (placement.kind == PLACEMENT_SCOPE) {
		print_message("skipped: systemd places here\n");
		skip();
	}
	assert_non_null(strstr(placement.path, "/kvmctl/"));
	assert_true(ends_with(placement.path, name));
	assert_int_equal(access(placement.path, F_OK), -1); /* nothing is made yet */
	return placement;
}

static void a_cgroup_from_choice_to_removal(void **state)
{
	struct error err = ERROR_INIT;
	struct placement placement = chosen(), second;
	_cleanup_free_ char *before = cgroups_of(getpid()), *inside = NULL, *name = xprintf("test-%d.a", (int)getpid());
	pid_t pids[2] = { sleeper(), sleeper() };

	(void)state;
	assert_int_equal(placement_enter(&placement, pids, 2, deadline_in(5000), &err), 0);
	inside = cgroups_of(pids[1]);
	assert_non_null(strstr(inside, strstr(placement.path, "/kvmctl/")));
	/* We ourselves stay where we were. */
	_cleanup_free_ char *after = cgroups_of(getpid());
	assert_string_equal(before, after);

	/* The same name in another run directory. */
	assert_int_equal(placement_choose(name, &second, &err), 0);
	assert_true(ends_with(second.path, ".a~1"));
	placement_free(&second);

	end(pids[0]);
	assert_int_equal(placement_remove(&placement, &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_non_null(strstr(err.message, "still has processes"));
	end(pids[1]);
	assert_int_equal(placement_remove(&placement, &err), 0);
	assert_int_equal(access(placement.path, F_OK), -1);
	assert_int_equal(placement_remove(&placement, &err), 0);
	placement_free(&placement);
	error_clear(&err);
}

/* All hierarchies of v1 are entered and left. */
static void siblings_of_v1(void **state)
{
	struct error err = ERROR_INIT;
	struct placement placement = chosen();
	_cleanup_free_ char *other = NULL;
	pid_t pid;

	(void)state;
	if (placement.kind != PLACEMENT_CGROUP1 || access("/sys/fs/cgroup/pids", W_OK) < 0) {
		placement_free(&placement);
		skip();
	}
	pid = sleeper();
	other = xprintf("/sys/fs/cgroup/pids%s", strstr(placement.path, "/kvmctl/"));
	assert_int_equal(placement_enter(&placement, &pid, 1, deadline_in(5000), &err), 0);
	assert_return_code(access(other, F_OK), errno);
	end(pid);
	assert_int_equal(placement_remove(&placement, &err), 0);
	assert_int_equal(access(other, F_OK), -1);
	placement_free(&placement);
}

/* The supervisor tears down from within. */
static void who_removes_leaves_first(void **state)
{
	struct error err = ERROR_INIT;
	struct placement placement = chosen();
	int status = -1;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		pid_t self = getpid();

		if (placement_enter(&placement, &self, 1, deadline_in(5000), &err) < 0)
			_exit(1);
		_exit(placement_remove(&placement, &err) == 0 ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(access(placement.path, F_OK), -1);
	placement_free(&placement);
}

/* The code for v2, on a v2 hierarchy that lies elsewhere. */
static void a_cgroup_of_v2(void **state)
{
	struct error err = ERROR_INIT;
	struct placement placement = { .kind = PLACEMENT_CGROUP2 };
	pid_t pid;

	(void)state;
	if (access("/sys/fs/cgroup/unified/cgroup.procs", W_OK) < 0)
		skip();
	placement.path = xprintf("/sys/fs/cgroup/unified/kvmctl-test-%d/x", (int)getpid());
	pid = sleeper();
	assert_int_equal(placement_enter(&placement, &pid, 1, deadline_in(5000), &err), 0);
	_cleanup_free_ char *inside = cgroups_of(pid);
	assert_non_null(strstr(inside, strstr(placement.path, "/kvmctl-test-")));
	assert_int_equal(placement_remove(&placement, &err), -1);
	end(pid);
	assert_int_equal(placement_remove(&placement, &err), 0);
	placement_free(&placement);
	error_clear(&err);
}

static void what_cannot_be_entered(void **state)
{
	struct error err = ERROR_INIT;
	struct placement placement = { .kind = PLACEMENT_CGROUP2, .path = (char *)"/proc/kvmctl/x" };
	struct placement none = { .kind = PLACEMENT_NONE };
	pid_t pid = getpid();

	(void)state;
	assert_int_equal(placement_enter(&placement, &pid, 1, deadline_in(5000), &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_int_equal(placement_remove(&placement, &err), 0);
	assert_int_equal(placement_enter(&none, &pid, 1, deadline_in(5000), &err), 0);
	assert_int_equal(placement_remove(&none, &err), 0);
	assert_string_equal(placement_kind_to_string(PLACEMENT_CGROUP1), "cgroup1");
	assert_string_equal(placement_kind_to_string(PLACEMENT_SCOPE), "scope");
	error_clear(&err);
}

/* A busctl that is a script; its path. */
static char *fake_busctl(char dir[], const char *script)
{
	_cleanup_free_ char *text = xprintf("#!/bin/sh\nPATH=/usr/bin:/bin\n%s\n", script);
	struct error err = ERROR_INIT;
	char *path;

	assert_non_null(mkdtemp(dir));
	path = xprintf("%s/busctl", dir);
	assert_int_equal(file_write_at(AT_FDCWD, path, text, strlen(text), 0755, false, &err), 0);
	return path;
}

static void remove_fake(const char *dir, const char *path)
{
	_cleanup_free_ char *said = xprintf("%s/said", dir);

	unlink(path);
	unlink(said);
	assert_return_code(rmdir(dir), errno);
}

static void a_scope_that_systemd_refuses(void **state)
{
	struct error err = ERROR_INIT;
	char dir[] = "/tmp/kvmctl-busctl-XXXXXX";
	_cleanup_free_ char *busctl =
		fake_busctl(dir, "echo \"$*\" >\"${0%/*}/said\"; echo 'Call failed: Access denied' >&2; exit 1");
	_cleanup_free_ char *said = NULL, *path = xprintf("%s/said", dir);
	pid_t pids[2] = { 41, 42 };

	(void)state;
	assert_int_equal(placement_enter_scope(busctl, "kvmctl-web1.scope", pids, 2, deadline_in(5000), &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_non_null(strstr(err.message, "\"kvmctl-web1.scope\": exit status 1: Call failed: Access denied"));
	assert_int_equal(file_read_at(AT_FDCWD, path, 4096, &said, NULL, &err), 0);
	assert_string_equal(
		said,
		"--system call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager "
		"StartTransientUnit ssa(sv)a(sa(sv)) kvmctl-web1.scope fail 6 Description s virtual machine (kvmctl) "
		"Slice s kvmctl.slice Delegate b false CollectMode s inactive-or-failed "
		"Before as 1 kvmctl-guests.service PIDs au 2 41 42 0\n");
	remove_fake(dir, busctl);
	error_clear(&err);
}

static void a_systemd_that_hangs_or_does_nothing(void **state)
{
	struct error err = ERROR_INIT;
	char dir[] = "/tmp/kvmctl-busctl-XXXXXX", dir2[] = "/tmp/kvmctl-busctl-XXXXXX";
	_cleanup_free_ char *hangs = fake_busctl(dir, "sleep 100"), *idle = fake_busctl(dir2, "exit 0");
	pid_t pid = getpid();

	(void)state;
	assert_int_equal(placement_enter_scope(hangs, "kvmctl-x.scope", &pid, 1, deadline_in(200), &err), -1);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
	assert_int_equal(placement_enter_scope(idle, "kvmctl-x.scope", &pid, 1, deadline_in(300), &err), -1);
	assert_non_null(strstr(err.message, "did not move"));
	remove_fake(dir, hangs);
	remove_fake(dir2, idle);
	error_clear(&err);
}

/* The fake does what systemd does, a moment after its answer. */
static void a_scope_that_comes_late(void **state)
{
	struct error err = ERROR_INIT;
	char dir[] = "/tmp/kvmctl-busctl-XXXXXX";
	_cleanup_free_ char *unit = xprintf("kvmctl-test-%d.scope", (int)getpid());
	_cleanup_free_ char *group = xprintf("/sys/fs/cgroup/systemd/%s", unit);
	_cleanup_free_ char *script = xprintf(
		"mkdir %s\nfor a; do b=$c; c=$a; done\n(sleep 0.1; echo $b >%s/cgroup.procs) & exit 0", group, group);
	_cleanup_free_ char *busctl = NULL;
	pid_t pid;

	(void)state;
	if (access("/sys/fs/cgroup/systemd/cgroup.procs", W_OK) < 0 || access("/run/systemd/system", F_OK) == 0)
		skip();
	busctl = fake_busctl(dir, script);
	pid = sleeper();
	assert_int_equal(placement_enter_scope(busctl, unit, &pid, 1, deadline_in(5000), &err), 0);
	end(pid);
	for (int i = 0; i < 100 && rmdir(group) < 0; i++)
		poll(NULL, 0, 10);
	assert_int_equal(access(group, F_OK), -1);
	remove_fake(dir, busctl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cgroup_from_choice_to_removal),
		cmocka_unit_test(siblings_of_v1),
		cmocka_unit_test(who_removes_leaves_first),
		cmocka_unit_test(a_cgroup_of_v2),
		cmocka_unit_test(what_cannot_be_entered),
		cmocka_unit_test(a_scope_that_systemd_refuses),
		cmocka_unit_test(a_systemd_that_hangs_or_does_nothing),
		cmocka_unit_test(a_scope_that_comes_late),
	};

	/* valgrind 3.19 does not know the call, and nothing here works without it. */
	if (pidfd_open(getpid(), 0) < 0 && errno == ENOSYS) {
		puts("skipped: no pidfd_open here");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
