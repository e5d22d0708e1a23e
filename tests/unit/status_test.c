/* pid/NAME: written and read back, what makes no sense, and changes by several writers at once. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "base/text.h"
#include "vm/status.h"

#define LINE2 "start=77 boot=b pidns=4 phase=running paused=no vcpus=2\n"

static const struct status full = {
	.qemu = { .pid = 4711,
		  .start = 123456,
		  .boot_id = "0f1b9cf2-8f2d-4a50-9a5e-0d0a6f7f9b11",
		  .pid_ns = 4026531836 },
	.phase = PHASE_STOPPING,
	.paused = true,
	.reason = "io-error",
	.vcpus = 4,
	.memory = 512,
	.maxmem = 1024,
	.supervisor = 4712,
	.supervisor_start = 123457,
	.since_ms = 1700000000123,
	.net_ns = 4026531840,
};

static void test_phases(void **state)
{
	enum phase phase;

	(void)state;
	for (int i = 0; i < PHASE_MAX; i++) {
		assert_int_equal(phase_from_string(phase_to_string((enum phase)i), &phase), 0);
		assert_int_equal(phase, i);
	}
	assert_int_equal(phase_from_string("dancing", &phase), -1);
}

static void test_round_trip(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *text = status_to_text(&full), *again = NULL;
	struct status back;

	(void)state;
	assert_true(strlen(text) < STATUS_MAX_BYTES);
	assert_true(starts_with(text, "4711\n"));
	assert_int_equal(status_from_text(text, "web1", &back, &err), 0);
	assert_int_equal(back.qemu.pid, full.qemu.pid);
	assert_int_equal(back.qemu.start, full.qemu.start);
	assert_string_equal(back.qemu.boot_id, full.qemu.boot_id);
	assert_int_equal(back.phase, full.phase);
	assert_true(back.paused);
	assert_string_equal(back.reason, "io-error");
	assert_int_equal(back.memory, 512);
	assert_int_equal(back.supervisor, 4712);
	assert_true(back.since_ms == full.since_ms);
	again = status_to_text(&back);
	assert_string_equal(text, again);
}

/* Two lines and one word each, whatever a reason says. */
static void test_words_stay_words(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct status odd = full, back;
	_cleanup_free_ char *text = NULL;

	(void)state;
	snprintf(odd.reason, sizeof(odd.reason), "two words\nphase=saved");
	text = status_to_text(&odd);
	assert_int_equal(status_from_text(text, "web1", &back, &err), 0);
	assert_string_equal(back.reason, "two_words_phase=saved");
	assert_int_equal(back.phase, PHASE_STOPPING);
}

static void test_unknown_words_are_skipped(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct status back;

	(void)state;
	assert_int_equal(status_from_text("1\nnew=thing " LINE2, "web1", &back, &err), 0);
	assert_int_equal(back.vcpus, 2);
	assert_string_equal(back.reason, "");
}

static void test_nonsense(void **state)
{
	static const char *const bad[] = {
		"",
		"12",
		"12\n",
		"12\nstart=77",
		"x\n" LINE2,
		"-1\n" LINE2,
		"99999999999\n" LINE2,
		"12\nstart=7x boot=b pidns=4 phase=running paused=no\n",
		"12\nstart=77 pidns=4 phase=dancing paused=no\n",
		"12\nstart=77 pidns=4 phase=running\n",
		"12\nstart=77 pidns=4 phase=running paused=perhaps\n",
		"12\nword start=77 pidns=4 phase=running paused=no\n",
		"12\nstart=77 pidns=4 phase=running paused=no boot=0123456789012345678901234567890123456789\n",
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(bad); i++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		struct status back = { .vcpus = 99 };

		assert_int_equal(status_from_text(bad[i], "web1", &back, &err), -1);
		assert_int_equal(err.kind, ERROR_UNKNOWN);
		assert_non_null(strstr(err.message, "\"web1\""));
		assert_int_equal(back.vcpus, 99);
	}
}

struct place {
	char path[64];
	int pid, lock;
};

static int setup(void **state)
{
	struct place *place = xcalloc(1, sizeof(*place));
	int top;

	snprintf(place->path, sizeof(place->path), "/tmp/kvmctl-status-XXXXXX");
	if (!mkdtemp(place->path))
		return -1;
	top = open(place->path, O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(top, "pid", 0700) != 0 || mkdirat(top, "lock", 0700) != 0)
		return -1;
	place->pid = openat(top, "pid", O_DIRECTORY | O_CLOEXEC);
	place->lock = openat(top, "lock", O_DIRECTORY | O_CLOEXEC);
	close(top);
	*state = place;
	return 0;
}

/* Fails when something that is not known here was left behind. */
static int teardown(void **state)
{
	struct place *place = *state;
	char path[128];
	int r;

	unlinkat(place->pid, "web1", 0);
	unlinkat(place->lock, ".web1.status", 0);
	close(place->pid);
	close(place->lock);
	snprintf(path, sizeof(path), "%s/pid", place->path);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/lock", place->path);
	rmdir(path);
	r = rmdir(place->path);
	free(place);
	return r;
}

static void one_more_vcpu(struct status *status, void *arg)
{
	(void)arg;
	status->vcpus++;
}

static void one_more_mib(struct status *status, void *arg)
{
	(void)arg;
	status->memory++;
}

static void test_nothing_there(void **state)
{
	struct place *place = *state;
	_cleanup_error_ struct error err = ERROR_INIT;
	struct status back;

	assert_int_equal(status_read(place->pid, "web1", &back, &err), 0);
	assert_int_equal(status_read(-1, "web1", &back, &err), 0);
	assert_int_equal(status_update(place->pid, place->lock, "web1", one_more_vcpu, NULL, &err), 0);
	assert_int_equal(status_read(place->pid, "web1", &back, &err), 0);
}

/* Two processes change different words: neither loses the other's change. */
static void test_two_writers(void **state)
{
	struct place *place = *state;
	_cleanup_error_ struct error err = ERROR_INIT;
	struct status back;
	int status;
	pid_t pid;

	assert_int_equal(status_write(place->pid, "web1", &full, &err), 0);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 50; i++)
			if (status_update(place->pid, place->lock, "web1", one_more_mib, NULL, &err) != 1)
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < 50; i++)
		assert_int_equal(status_update(place->pid, place->lock, "web1", one_more_vcpu, NULL, &err), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(status_read(place->pid, "web1", &back, &err), 1);
	assert_int_equal(back.vcpus, full.vcpus + 50);
	assert_int_equal(back.memory, full.memory + 50);
	assert_string_equal(back.reason, full.reason);
}

static void test_unreadable(void **state)
{
	struct place *place = *state;
	_cleanup_error_ struct error err = ERROR_INIT;
	struct status back;
	int fd = openat(place->pid, "web1", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, "12\n", 3), 3);
	close(fd);
	assert_int_equal(status_read(place->pid, "web1", &back, &err), -1);
	assert_int_equal(err.kind, ERROR_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_phases),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_words_stay_words),
		cmocka_unit_test(test_unknown_words_are_skipped),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test_setup_teardown(test_nothing_there, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_writers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
