/* exit/NAME: written and read back, damaged ones, and one that a newer kvmctl wrote. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "vm/exit_record.h"

struct place {
	char path[64];
	int fd;
};

static int setup(void **state)
{
	struct place *place = xcalloc(1, sizeof(*place));

	snprintf(place->path, sizeof(place->path), "/tmp/kvmctl-exit-XXXXXX");
	if (!mkdtemp(place->path))
		return -1;
	place->fd = open(place->path, O_DIRECTORY | O_CLOEXEC);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;
	int r;

	unlinkat(place->fd, "web1", 0);
	close(place->fd);
	r = rmdir(place->path);
	free(place);
	return r;
}

static void test_reasons(void **state)
{
	enum exit_reason reason;

	(void)state;
	for (int i = 0; i < EXIT_REASON_MAX; i++) {
		assert_int_equal(exit_reason_from_string(exit_reason_to_string((enum exit_reason)i), &reason), 0);
		assert_int_equal(reason, i);
	}
	assert_int_equal(exit_reason_from_string("bored", &reason), -1);
}

static void test_round_trip(void **state)
{
	struct place *place = *state;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_(exit_record_free) struct exit_record back = { 0 };
	char by[] = "supervisor", detail[] = "it \"fell\" over", words[] = "line 1\nline 2";
	const struct exit_record record = {
		.reason = EXIT_CRASHED,
		.pid = 4711,
		.start = 99,
		.status = -1,
		.signal = 11,
		.ended_ms = 1700000000123,
		.by = by,
		.detail = detail,
		.words = words,
		.restart_at_ms = 1700000004123,
		.restarts = 2,
	};

	assert_int_equal(exit_record_write(place->fd, "web1", &record, &err), 0);
	assert_int_equal(exit_record_read(place->fd, "web1", &back, &err), 1);
	assert_int_equal(back.reason, EXIT_CRASHED);
	assert_int_equal(back.pid, 4711);
	assert_int_equal(back.start, 99);
	assert_int_equal(back.status, -1);
	assert_int_equal(back.signal, 11);
	assert_true(back.ended_ms == record.ended_ms);
	assert_true(back.restart_at_ms == record.restart_at_ms);
	assert_int_equal(back.restarts, 2);
	assert_string_equal(back.by, by);
	assert_string_equal(back.detail, detail);
	assert_string_equal(back.words, words);
}

static void test_none(void **state)
{
	struct place *place = *state;
	_cleanup_error_ struct error err = ERROR_INIT;
	struct exit_record back;

	assert_int_equal(exit_record_read(place->fd, "web1", &back, &err), 0);
	assert_int_equal(exit_record_read(-1, "web1", &back, &err), 0);
}

static void write_text(struct place *place, const char *text)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	assert_int_equal(file_write_at(place->fd, "web1", text, strlen(text), 0640, false, &err), 0);
}

static void test_damaged(void **state)
{
	static const char *const bad[] = { "", "{", "[]", "{}", "{\"reason\": 7}", "{\"reason\": \"guest\"} x" };
	struct place *place = *state;

	for (size_t i = 0; i < ELEMENTS(bad); i++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		struct exit_record back;

		write_text(place, bad[i]);
		assert_int_equal(exit_record_read(place->fd, "web1", &back, &err), -1);
		assert_int_equal(err.kind, ERROR_UNKNOWN);
		assert_non_null(strstr(err.message, "web1"));
	}
}

static void test_newer(void **state)
{
	struct place *place = *state;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_(exit_record_free) struct exit_record back = { 0 };

	write_text(place, "{\"reason\": \"abducted\", \"pid\": 5, \"moon\": true}");
	assert_int_equal(exit_record_read(place->fd, "web1", &back, &err), 1);
	assert_int_equal(back.reason, EXIT_UNKNOWN);
	assert_int_equal(back.pid, 5);
	assert_null(back.by);
}

/* What the last end said of another host is not replaced by a start that failed; anything else is, and by anything else. */
static void test_a_failed_start_hides_nothing(void **state)
{
	struct place *place = *state;
	static const struct {
		enum exit_reason before, then, after;
	} cases[] = {
		{ EXIT_MIGRATED, EXIT_START_FAILED, EXIT_MIGRATED },
		{ EXIT_INCOMING_FAILED, EXIT_START_FAILED, EXIT_INCOMING_FAILED },
		{ EXIT_GUEST, EXIT_START_FAILED, EXIT_START_FAILED },
		{ EXIT_MIGRATED, EXIT_INCOMING_FAILED, EXIT_INCOMING_FAILED },
		{ EXIT_INCOMING_FAILED, EXIT_ACPI, EXIT_ACPI },
	};

	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_(exit_record_free) struct exit_record back = { 0 };
		struct exit_record before = { .reason = cases[i].before }, then = { .reason = cases[i].then };

		assert_int_equal(exit_record_write(place->fd, "web1", &before, &err), 0);
		assert_int_equal(exit_record_write(place->fd, "web1", &then, &err), 0);
		assert_int_equal(exit_record_read(place->fd, "web1", &back, &err), 1);
		assert_int_equal(back.reason, cases[i].after);
	}
}

/* Its words are kept all the same, those of the last one only. */
static void test_a_failed_start_is_told(void **state)
{
	struct place *place = *state;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_(exit_record_free) struct exit_record back = { 0 };
	char where[] = "the guest runs on host \"b\"", one[] = "no disk", two[] = "no bridge",
	     said[] = "qemu: no bridge";
	struct exit_record moved = { .reason = EXIT_MIGRATED, .detail = where };
	struct exit_record first = { .reason = EXIT_START_FAILED, .detail = one },
			   second = { .reason = EXIT_START_FAILED, .detail = two, .words = said };

	assert_int_equal(exit_record_write(place->fd, "web1", &moved, &err), 0);
	assert_int_equal(exit_record_write(place->fd, "web1", &first, &err), 0);
	assert_int_equal(exit_record_write(place->fd, "web1", &second, &err), 0);
	assert_int_equal(exit_record_read(place->fd, "web1", &back, &err), 1);
	assert_string_equal(back.detail, "the guest runs on host \"b\"; a start since then failed: no bridge");
	assert_string_equal(back.words, said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons),
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_newer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_failed_start_hides_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_failed_start_is_told, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
