/* The run directory: made and opened, refused on network file systems, names and locks in it. */
/* LDFLAGS: -Wl,--wrap=fstatfs */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/strv.h"
#include "base/text.h"
#include "scratch.h"
#include "vm/rundir.h"

static long pretended; /* 0: the truth */

int __real_fstatfs(int fd, struct statfs *fs);
int __wrap_fstatfs(int fd, struct statfs *fs);
int __wrap_fstatfs(int fd, struct statfs *fs)
{
	int result = __real_fstatfs(fd, fs);

	if (pretended)
		fs->f_type = pretended;
	return result;
}

static void network_file_systems_are_refused_by_name(void **state)
{
	static const struct {
		long magic;
		const char *name;
	} cases[] = { { NFS_SUPER_MAGIC, "(NFS)" },
		      { FUSE_SUPER_MAGIC, "(FUSE)" },
		      { V9FS_MAGIC, "(9p)" },
		      { CEPH_SUPER_MAGIC, "(Ceph)" } };
	_cleanup_free_ char *path = scratch_path(*state, "run");

	for (size_t i = 0; i < ELEMENTS(cases); i++)
		for (int create = 0; create <= 1; create++) {
			_cleanup_error_ struct error err = ERROR_INIT;
			struct rundir rundir = RUNDIR_INIT;

			assert_true(mkdir(path, 0750) == 0 || errno == EEXIST);
			pretended = cases[i].magic;
			assert_int_equal(rundir_open(path, create, &rundir, &err), -1);
			pretended = 0;
			assert_int_equal(err.kind, ERROR_HOST);
			assert_non_null(strstr(err.message, path));
			assert_non_null(strstr(err.message, cases[i].name));
			assert_non_null(strstr(err.hint, "--run-dir"));
			/* Nothing was made in it. */
			assert_int_equal(rmdir(path), 0);
		}
}

static void a_directory_that_is_not_there_is_empty_or_made(void **state)
{
	_cleanup_free_ char *path = scratch_path(*state, "deep/er/run");
	_cleanup_error_ struct error err = ERROR_INIT;
	struct rundir rundir = RUNDIR_INIT;
	_cleanup_strv_ char **names = NULL;
	struct stat st;

	assert_int_equal(rundir_open(path, false, &rundir, &err), 0);
	assert_int_equal(rundir_part(&rundir, RUNDIR_PID), -1);
	assert_int_equal(rundir_names(&rundir, &names, &err), 0);
	assert_int_equal(strv_length(names), 0);
	rundir_close(&rundir);
	assert_int_equal(rundir_open(path, true, &rundir, &err), 0);
	assert_int_equal(rundir_part(&rundir, RUNDIR_SAVED), -1);
	rundir_set_saved(&rundir, path);
	assert_int_equal(rundir_part(&rundir, RUNDIR_SAVED), -1);
	assert_int_equal(rundir_make_saved(&rundir, &err), 0);
	for (int part = 0; part < RUNDIR_PART_MAX; part++) {
		assert_true(rundir_part(&rundir, (enum rundir_part)part) >= 0);
		assert_int_equal(fstat(rundir_part(&rundir, (enum rundir_part)part), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0750);
	}
	rundir_close(&rundir);
}

static void a_busy_lock_names_its_holder(void **state)
{
	_cleanup_free_ char *path = scratch_path(*state, "run");
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int lock = -1, second = -1, other = -1;
	struct rundir rundir = RUNDIR_INIT;

	assert_int_equal(rundir_open(path, true, &rundir, &err), 0);
	assert_int_equal(rundir_lock(&rundir, "web1", "reboot", deadline_in(0), &lock, &err), 0);
	assert_int_equal(rundir_lock(&rundir, "web2", "start", deadline_in(0), &other, &err), 0);
	assert_int_equal(rundir_lock(&rundir, "web1", "stop", deadline_in(0), &second, &err), -1);
	assert_int_equal(err.kind, ERROR_BUSY);
	_cleanup_free_ char *pid = xprintf("pid %d, reboot", (int)getpid());
	assert_non_null(strstr(err.message, "\"web1\""));
	assert_non_null(strstr(err.message, pid));
	assert_non_null(strstr(err.hint, "--wait"));
	rundir_close(&rundir);
}

/* The host was rebooted: the run directory is gone, what is saved is not. */
static void saved_ones_outlive_the_run_directory(void **state)
{
	_cleanup_free_ char *path = scratch_path(*state, "run"), *kept = scratch_path(*state, "state");
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_rundir_ struct rundir rundir = RUNDIR_INIT;
	_cleanup_strv_ char **names = NULL;

	assert_int_equal(rundir_open(path, false, &rundir, &err), 0);
	rundir_set_saved(&rundir, kept);
	assert_int_equal(rundir_make_saved(&rundir, &err), 0);
	assert_int_equal(symlinkat("/memory", rundir_part(&rundir, RUNDIR_SAVED), "web1"), 0);
	assert_int_equal(rundir_names(&rundir, &names, &err), 0);
	assert_int_equal(strv_length(names), 1);
	assert_string_equal(names[0], "web1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(network_file_systems_are_refused_by_name, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(a_directory_that_is_not_there_is_empty_or_made, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(saved_ones_outlive_the_run_directory, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_busy_lock_names_its_holder, scratch_setup, scratch_teardown),
	};

	umask(0027);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
