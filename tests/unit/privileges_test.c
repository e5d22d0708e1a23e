/* What a child may do, as /proc tells it after the exec, kind by kind; and for callers without rights. Needs root. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <grp.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "base/text.h"
#include "host/child.h"

#define REPORT                                                                                                    \
	"grep -E '^(Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs)' /proc/self/status | sed 's/[ " \
	"\\t]*$//'"

static int needs_root(void **state)
{
	(void)state;
	if (geteuid() != 0)
		print_message("skipped: needs root\n");
	return 0;
}

static char *status_of(const struct privileges *privileges)
{
	static char *const argv[] = { (char *)"sh", (char *)"-c", (char *)REPORT, NULL };
	static char *const env[] = { (char *)"PATH=/usr/bin:/bin", NULL };
	struct error err = ERROR_INIT;
	struct child child = CHILD_INIT;
	char *output = NULL;
	int status;

	child.path = "/bin/sh";
	child.argv = argv;
	child.env = env;
	child.privileges = privileges;
	if (child_run(&child, deadline_in(20000), &status, &output, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(status, 0);
	return output;
}

static void kept(void **state)
{
	struct privileges keep = { .kind = PRIVILEGES_KEEP };
	_cleanup_free_ char *described = status_of(&keep), *none = status_of(NULL);

	(void)state;
	assert_string_equal(described, none);
	assert_non_null(strstr(described, "NoNewPrivs:\t0"));
}

static void no_caps_is_a_powerless_root(void **state)
{
	struct privileges p = { .kind = PRIVILEGES_NO_CAPS };
	_cleanup_free_ char *text = NULL;

	(void)state;
	if (geteuid() != 0)
		skip();
	text = status_of(&p);
	assert_true(starts_with(text, "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:"));
	assert_true(ends_with(text, "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
				    "CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\n"));
}

static void dropped_has_its_groups_and_nothing_else(void **state)
{
	struct privileges p = {
		.kind = PRIVILEGES_DROPPED, .uid = 610123, .gid = 610124, .groups = { 104, 7 }, .n_groups = 2
	};
	_cleanup_free_ char *text = NULL, *alone = NULL;

	(void)state;
	if (geteuid() != 0)
		skip();
	text = status_of(&p);
	assert_string_equal(
		text, "Uid:\t610123\t610123\t610123\t610123\nGid:\t610124\t610124\t610124\t610124\nGroups:\t7 104\n"
		      "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
		      "CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\n");
	p.n_groups = 0;
	alone = status_of(&p);
	assert_non_null(strstr(alone, "Groups:\nCapInh"));
}

static void chrooter_has_three(void **state)
{
	struct privileges p = { .kind = PRIVILEGES_CHROOTER };
	_cleanup_free_ char *text = NULL;

	(void)state;
	if (geteuid() != 0)
		skip();
	text = status_of(&p);
	/* SETGID 6, SETUID 7, SYS_CHROOT 18. */
	assert_string_equal(text, "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\n"
				  "CapInh:\t0000000000000000\nCapPrm:\t00000000000400c0\nCapEff:\t00000000000400c0\n"
				  "CapBnd:\t00000000000400c0\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\n");
}

static void uid_0_is_refused(void **state)
{
	static char *const argv[] = { (char *)"true", NULL };
	struct privileges p = { .kind = PRIVILEGES_DROPPED };
	struct error err = ERROR_INIT;
	struct child child = CHILD_INIT;
	pid_t pid;

	(void)state;
	child.path = "/bin/true";
	child.argv = argv;
	child.privileges = &p;
	assert_int_equal(child_spawn(&child, &pid, NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_non_null(strstr(err.message, "uid 0"));
	error_clear(&err);
}

/* Runs `test` in a process that is nobody; its exit status is 0 when all it wants is so. */
static void as_nobody(int (*test)(void))
{
	int status;
	pid_t pid = fork();

	assert_return_code(pid, errno);
	if (pid == 0) {
		if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(65534, 65534, 65534) < 0 ||
				       setresuid(65534, 65534, 65534) < 0))
			_exit(99);
		_exit(test());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int nobody_without_caps(void)
{
	struct privileges p = { .kind = PRIVILEGES_NO_CAPS };
	_cleanup_free_ char *text = status_of(&p);

	/* The bounding set cannot be cut by us, and does not matter with no-new-privs. */
	return strstr(text, "CapPrm:\t0000000000000000") && strstr(text, "CapEff:\t0000000000000000") &&
			       strstr(text, "NoNewPrivs:\t1")
		       ? 0
		       : 1;
}

static int nobody_keeps(void)
{
	struct privileges p = { .kind = PRIVILEGES_KEEP };
	_cleanup_free_ char *text = status_of(&p);

	return strstr(text, "NoNewPrivs:\t0") ? 0 : 1;
}

static int nobody_cannot_drop(void)
{
	static char *const argv[] = { (char *)"true", NULL };
	struct privileges p = { .kind = PRIVILEGES_DROPPED, .uid = 610001, .gid = 610001 };
	struct error err = ERROR_INIT;
	struct child child = CHILD_INIT;
	pid_t pid;

	child.path = "/bin/true";
	child.argv = argv;
	child.privileges = &p;
	if (child_spawn(&child, &pid, NULL, &err) == 0)
		return 1;
	return err.errnum == EPERM && err.hint && strstr(err.hint, "root") ? 0 : 2;
}

static void unprivileged_callers(void **state)
{
	(void)state;
	as_nobody(nobody_without_caps);
	as_nobody(nobody_keeps);
	as_nobody(nobody_cannot_drop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept),
		cmocka_unit_test(no_caps_is_a_powerless_root),
		cmocka_unit_test(dropped_has_its_groups_and_nothing_else),
		cmocka_unit_test(chrooter_has_three),
		cmocka_unit_test(uid_0_is_refused),
		cmocka_unit_test(unprivileged_callers),
	};

	/* valgrind 3.19 does not know the call, and nothing here works without it. */
	if (pidfd_open(getpid(), 0) < 0 && errno == ENOSYS) {
		puts("skipped: no pidfd_open here");
		return 77;
	}
	return cmocka_run_group_tests(tests, needs_root, NULL);
}
