/* Probing a binary: the real one's stand-in, what only looks like one, and the cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "base/strv.h"
#include "fake_qemu.h"
#include "vm/binary.h"

static int probe(const struct fake_qemu *fake, int64_t ms, struct probe **ret, struct error *err)
{
	_cleanup_free_ char *cache = xprintf("%s/cache", fake->dir);
	struct settings settings = { .cache_dir = cache };

	return binary_probe(fake->path, &settings, deadline_in(ms), ret, err);
}

/* How many times the binary was started: its records whose name begins so. */
static int started(const struct fake_qemu *fake, const char *kind)
{
	DIR *dir = opendir(fake->dir);
	int n = 0;

	for (struct dirent *entry; (entry = readdir(dir));)
		n += starts_with(entry->d_name, kind);
	closedir(dir);
	return n;
}

/* The one entry of the cache. */
static char *entry_path(const struct fake_qemu *fake)
{
	_cleanup_free_ char *cache = xprintf("%s/cache", fake->dir);
	DIR *dir = opendir(cache);
	char *path = NULL;

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (ends_with(entry->d_name, ".json")) {
			assert_null(path);
			path = xprintf("%s/%s", cache, entry->d_name);
		}
	}
	closedir(dir);
	assert_non_null(path);
	return path;
}

static void asked_once(void **state)
{
	_cleanup_fake_qemu_ struct fake_qemu fake = fake_qemu_make("");
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	for (int i = 0; i < 3; i++) {
		_cleanup_probe_ struct probe *found = NULL;

		if (probe(&fake, 5000, &found, &err) < 0)
			fail_msg("%s", err.message);
		assert_int_equal(found->major, 7);
		assert_true(found->can.json_netdev);
		assert_true(found->can.runas);
		assert_string_equal(probe_machine(found, "pc")->name, "pc-i440fx-7.2");
	}
	assert_int_equal(started(&fake, "probe-"), 1);
	assert_int_equal(started(&fake, "help-"), 1);
	assert_int_equal(started(&fake, "run-"), 0);
}

/* What the probe gives to a QEMU: a built environment, no descriptors but the monitor. */
static void asked_in_clean_surroundings(void **state)
{
	_cleanup_fake_qemu_ struct fake_qemu fake = fake_qemu_make("");
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_probe_ struct probe *found = NULL;
	_cleanup_json_ struct json *record = NULL;
	_cleanup_free_ char *text = NULL;
	DIR *dir;
	size_t length;

	(void)state;
	assert_int_equal(probe(&fake, 5000, &found, &err), 0);
	dir = opendir(fake.dir);
	for (struct dirent *entry; (entry = readdir(dir));)
		if (starts_with(entry->d_name, "probe-"))
			assert_int_equal(file_read_at(dirfd(dir), entry->d_name, 1 << 20, &text, &length, &err), 0);
	closedir(dir);
	assert_int_equal(json_parse(text, length, 1 << 20, 16, "record", &record, &err), 0);
	assert_int_equal(json_length(json_get(record, "env")), 0);
	assert_int_equal(json_length(json_get(record, "fds")), 4);
	assert_non_null(json_find(record, "fds.3"));
	assert_string_equal(json_get_string(record, "cwd", ""), "/");
}

static void another_identity_asks_again(void **state)
{
	_cleanup_fake_qemu_ struct fake_qemu fake = fake_qemu_make("");
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *copy = xprintf("%s/copy", fake.dir);
	_cleanup_free_ char *binary = NULL;
	_cleanup_probe_ struct probe *first = NULL;
	_cleanup_probe_ struct probe *second = NULL;
	size_t length;

	(void)state;
	assert_int_equal(probe(&fake, 5000, &first, &err), 0);
	/* An upgrade: another file under the same name. */
	assert_int_equal(file_read_at(AT_FDCWD, fake.path, 64 << 20, &binary, &length, &err), 0);
	assert_int_equal(file_write_at(AT_FDCWD, copy, binary, length, 0755, false, &err), 0);
	assert_int_equal(rename(copy, fake.path), 0);
	assert_int_equal(probe(&fake, 5000, &second, &err), 0);
	assert_int_equal(started(&fake, "probe-"), 2);
}

static void a_damaged_entry_is_asked_again(void **state)
{
	static const char *const damages[] = { "", "{", "[]", "{\"format\":1}", "\xff\xfe" };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(damages); i++) {
		_cleanup_fake_qemu_ struct fake_qemu fake = fake_qemu_make("");
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_probe_ struct probe *first = NULL;
		_cleanup_probe_ struct probe *second = NULL;
		_cleanup_probe_ struct probe *third = NULL;

		assert_int_equal(probe(&fake, 5000, &first, &err), 0);
		_cleanup_free_ char *entry = entry_path(&fake);
		assert_int_equal(file_write_at(AT_FDCWD, entry, damages[i], strlen(damages[i]), 0644, false, &err), 0);
		assert_int_equal(probe(&fake, 5000, &second, &err), 0);
		assert_int_equal(started(&fake, "probe-"), 2);
		assert_int_equal(probe(&fake, 5000, &third, &err), 0);
		assert_int_equal(started(&fake, "probe-"), 2);
	}
}

/* A cache that cannot be written costs time, nothing else. */
static void no_cache(void **state)
{
	_cleanup_fake_qemu_ struct fake_qemu fake = fake_qemu_make("");
	_cleanup_free_ char *cache = xprintf("%s/cache", fake.dir);
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_probe_ struct probe *found = NULL;

	(void)state;
	assert_int_equal(file_write_at(AT_FDCWD, cache, "x", 1, 0644, false, &err), 0);
	assert_int_equal(probe(&fake, 5000, &found, &err), 0);
}

/* Ten at once: all get the answer, and the cache is whole afterwards. */
static void ten_at_once(void **state)
{
	_cleanup_fake_qemu_ struct fake_qemu fake = fake_qemu_make("");
	_cleanup_error_ struct error err = ERROR_INIT;
	pid_t pids[10];

	(void)state;
	for (size_t i = 0; i < ELEMENTS(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct probe *found = NULL;

			_exit(probe(&fake, 20000, &found, &err) == 0 && found->can.sandbox ? 0 : 1);
		}
	}
	for (size_t i = 0; i < ELEMENTS(pids); i++) {
		int status = -1;

		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(started(&fake, "probe-"), 1);
}

static void what_is_no_qemu(void **state)
{
	static const struct {
		const char *conf;
		enum error_kind kind;
		const char *words;
	} cases[] = {
		{ "\"die\": \"start\", \"text\": \"libfoo.so: not there\\n\", \"status\": 127", ERROR_QEMU,
		  "(exit status 127): libfoo.so: not there" },
		{ "\"die\": \"start\", \"signal\": 11", ERROR_QEMU, "killed by signal 11 (SEGV)" },
		{ "\"die\": \"greeting\", \"text\": \"oops\"", ERROR_QEMU,
		  "ended before it answered (exit status 1): oops" },
		{ "\"die\": \"query-machines\"", ERROR_QEMU, "ended before it answered" },
		{ "\"silent\": true", ERROR_TIMEOUT, "did not greet within" },
		{ "\"greeting\": \"220 mail.example.com ESMTP\\r\\n\"", ERROR_QEMU, "220 mail.example.com ESMTP" },
		{ "\"long_line\": 100000000", ERROR_QEMU, "a line of more than" },
		{ "\"replies\": {\"query-version\": {\"raw\": \"nonsense\\n\"}}", ERROR_QEMU, "not JSON" },
		{ "\"replies\": {\"query-version\": {\"return\": {}}}", ERROR_QEMU, "no version" },
		{ "\"replies\": {\"query-machines\": {\"return\": []}}", ERROR_QEMU, "\"query-machines\" is missing" },
		{ "\"replies\": {\"query-machines\": {\"error\": {}}}", ERROR_QEMU, "\"query-machines\" is missing" },
		{ "\"replies\": {\"query-machines\": {\"none\": true}}", ERROR_TIMEOUT,
		  "did not answer \"query-machines\"" },
		{ "\"replies\": {\"query-machines\": {\"return\": [], \"twice\": true}}", ERROR_QEMU, "a reply to" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_free_ char *conf = xprintf("\"in_probe\": true, %s", cases[i].conf);
		_cleanup_fake_qemu_ struct fake_qemu fake = fake_qemu_make(conf);
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_probe_ struct probe *found = NULL;
		bool late = cases[i].kind == ERROR_TIMEOUT;

		if (probe(&fake, late ? 500 : 5000, &found, &err) == 0)
			fail_msg("%s: accepted", conf);
		if (err.kind != cases[i].kind || !strstr(err.message, cases[i].words))
			fail_msg("%s: %s", conf, err.message);
		assert_non_null(strstr(err.message, fake.path));
		/* Nothing of it is left: not even a zombie. */
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		assert_int_equal(errno, ECHILD);
	}
}

static void what_is_no_program(void **state)
{
	static const struct {
		const char *path, *words;
	} cases[] = {
		{ "/nonexistent/qemu", "No such file" },
		{ "/etc/passwd", "is not an executable file" },
		{ "/tmp", "is not an executable file" },
		{ "/dev/null", "is not an executable file" },
		{ "/bin/true", "ended before it answered (exit status 0)" },
	};
	_cleanup_fake_qemu_ struct fake_qemu fake = fake_qemu_make("");

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		struct fake_qemu other = { fake.dir, (char *)(uintptr_t)cases[i].path };
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_probe_ struct probe *found = NULL;

		assert_int_equal(probe(&other, 5000, &found, &err), -1);
		assert_int_equal(err.kind, i < 4 ? ERROR_HOST : ERROR_QEMU);
		if (!strstr(err.message, cases[i].words))
			fail_msg("%s", err.message);
	}
}

/* The recorded answers of the other versions, through the whole way. */
static void each_version(void **state)
{
	static const char *const versions[] = { "5.2", "10.0" };
	char cwd[PATH_MAX];

	(void)state;
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	for (size_t i = 0; i < ELEMENTS(versions); i++) {
		_cleanup_free_ char *conf =
			xprintf("\"fixture\": \"%s/tests/fixtures/qemu/qemu-%s.json\"", cwd, versions[i]);
		_cleanup_fake_qemu_ struct fake_qemu fake = fake_qemu_make(conf);
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_probe_ struct probe *found = NULL;

		if (probe(&fake, 5000, &found, &err) < 0)
			fail_msg("%s", err.message);
		_cleanup_free_ char *version = xprintf("%d.%d", found->major, found->minor);
		assert_string_equal(version, versions[i]);
		assert_int_equal(found->can.run_with_chroot, i == 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asked_once),
		cmocka_unit_test(asked_in_clean_surroundings),
		cmocka_unit_test(another_identity_asks_again),
		cmocka_unit_test(a_damaged_entry_is_asked_again),
		cmocka_unit_test(no_cache),
		cmocka_unit_test(ten_at_once),
		cmocka_unit_test(what_is_no_qemu),
		cmocka_unit_test(what_is_no_program),
		cmocka_unit_test(each_version),
	};

	/* Valgrind does not know the call, and a child cannot be watched without it. */
	_cleanup_close_ int pidfd = pidfd_open(getpid(), 0);
	if (pidfd < 0) {
		puts("no pidfd_open here");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
