/* What a progress bar looks like, and the words for a migration. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/text.h"
#include "cli/progress.h"

#define MIB (1024 * 1024LL)

static void bar(int width, int percent, const char *text, const char *wanted)
{
	_cleanup_free_ char *line = progress_bar_text(width, percent, text);

	assert_string_equal(line, wanted);
	assert_true(strlen(line) < (size_t)(width > 0 ? width : 1));
}

static void bars(void **state)
{
	(void)state;
	bar(30, 0, "memory", "[>         ]   0%  memory");
	bar(30, 50, "memory", "[=====>    ]  50%  memory");
	bar(30, 100, "memory, and more", "[==========] 100%  memory");
	bar(30, 100, "memory and disks", "[==========] 100%  memory an");
	bar(30, -1, "memory", "[>         ]   -   memory");
	bar(5, 50, "memory", "memo");
	bar(0, 50, "memory", "");
}

static void words(void **state)
{
	struct outgoing_progress o = { .migration = { .state = MIGRATION_ACTIVE,
						      .ram_total = 512 * MIB,
						      .ram_remaining = 384 * MIB,
						      .expected_downtime = 30,
						      .passes = 1 } };
	int percent;
	_cleanup_free_ char *first = progress_outgoing_text(&o, &percent), *second = NULL, *third = NULL,
			    *fourth = NULL;

	(void)state;
	assert_int_equal(percent, 25);
	assert_non_null(strstr(first, "memory 128 of 512 MiB"));
	assert_non_null(strstr(first, "downtime 30 ms"));
	o.disk_total = 512 * MIB;
	o.disk_done = 512 * MIB;
	o.migration.passes = 3;
	o.migration.throttle = 20;
	second = progress_outgoing_text(&o, &percent);
	assert_int_equal(percent, 62);
	assert_non_null(strstr(second, "disks 512 of 512 MiB"));
	assert_non_null(strstr(second, "pass 3"));
	assert_non_null(strstr(second, "slowed by 20%"));
	o = (struct outgoing_progress){ .migration = {
						.state = MIGRATION_SETUP, .ram_total = -1, .ram_remaining = -1 } };
	third = progress_outgoing_text(&o, &percent);
	assert_string_equal(third, "setup");
	assert_int_equal(percent, -1);
	o = (struct outgoing_progress){ .migration = MIGRATION_PROGRESS_NONE, .disk_total = 64 * MIB };
	fourth = progress_outgoing_text(&o, &percent);
	assert_string_equal(fourth, "disks 0 of 64 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(bars), cmocka_unit_test(words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
