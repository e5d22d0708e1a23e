/* Tables, durations and sizes as people see them, and that the rows of commands and keys are well-formed. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/document.h"
#include "cli/output.h"
#include "cli/table.h"

static char *printed(const struct table *table, bool colour)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	table_print(table, out, colour);
	fclose(out);
	return text;
}

static const struct table_column columns[] = { { "NAME", false }, { "STATE", false }, { "PID", true } };

static void test_aligned(void **state)
{
	_cleanup_table_ struct table table = { .columns = columns, .n_columns = 3, .coloured = 1 };
	(void)state;

	table_add(&table, STYLE_GOOD, (const char *[]){ "web1", "running", "1" });
	table_add(&table, STYLE_PLAIN, (const char *[]){ "größe", NULL, "12345" });
	_cleanup_free_ char *text = printed(&table, false);
	assert_string_equal(text, "NAME   STATE      PID\n"
				  "web1   running      1\n"
				  "größe  -        12345\n");
	_cleanup_free_ char *coloured = printed(&table, true);
	assert_non_null(strstr(coloured, "\033[32mrunning\033[0m  "));
}

/* What a guest or a spec says must not steer the terminal. */
static void test_escape_sequences_are_made_printable(void **state)
{
	_cleanup_table_ struct table table = { .columns = columns, .n_columns = 3 };
	(void)state;

	table_add(&table, STYLE_PLAIN, (const char *[]){ "\033[2Jx", "a\nb", "" });
	_cleanup_free_ char *text = printed(&table, false);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "\\x1b[2Jx"));
}

static void test_durations(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
		{ 0, "00:00:00" },        { 59, "00:00:59" },          { 3661, "01:01:01" }, { 86399, "23:59:59" },
		{ 86400, "1d 00:00:00" }, { 1000000, "11d 13:46:40" }, { -1, "-" }
	};
	(void)state;

	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_free_ char *text = text_of_seconds(cases[i].seconds);
		assert_string_equal(text, cases[i].text);
	}
}

static void test_sizes(void **state)
{
	static const struct {
		int64_t mib;
		const char *text;
	} cases[] = { { 0, "0 MiB" },       { 512, "512 MiB" },  { 1024, "1 GiB" },    { 1536, "1.5 GiB" },
		      { 1025, "1025 MiB" }, { 16384, "16 GiB" }, { 24105, "23.5 GiB" } };
	(void)state;

	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_free_ char *text = text_of_mib(cases[i].mib);
		assert_string_equal(text, cases[i].text);
	}
}

/* What is null or missing has no line; a heading without lines is not there; tables stand under their heading. */
static void test_document(void **state)
{
	static const char source[] =
		"{\"name\": \"web1\", \"pid\": null, \"vcpus\": 2, \"cpu_time\": 62.75, \"memory\": 512,"
		"\"nics\": [{\"index\": 0, \"mac\": \"aa:00:00:00:00:01\", \"tap\": \"tap7\"}],"
		"\"last_exit\": {\"reason\": \"acpi\", \"words\": \"one\\ntwo\\u001b\"}}";
	_cleanup_json_ struct json *values = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *text = NULL;
	size_t length;
	(void)state;

	assert_int_equal(json_parse(source, strlen(source), 4096, 8, "test", &values, &err), 0);
	FILE *out = open_memstream(&text, &length);
	document_print(DOCUMENT_INFO, values, out, false);
	fclose(out);
	assert_non_null(strstr(text, "Instance\n  name               web1\n"));
	assert_null(strstr(text, "pid"));
	assert_non_null(strstr(text, "\nCPU and memory\n  vCPUs              2\n  CPU time           00:01:02\n"));
	assert_non_null(strstr(text, "    NIC  MAC                MODE  LINK  TAP   IP  CABLE  IN KIB/S  OUT KIB/S\n"
				     "      0  aa:00:00:00:00:01  -     -     tap7  -   -      -         -\n"));
	assert_null(strstr(text, "On the host"));
	assert_non_null(strstr(text, "\nLast exit\n  reason             acpi\n"
				     "  last words         one\n                     two\\x1b\n"));
}

static void test_command_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < command_n_rows; i++) {
		const struct command *c = &command_rows[i];
		assert_ptr_equal(command_find(c->name), c);
		assert_non_null(c->run);
		assert_true(*c->doc && c->doc[strlen(c->doc) - 1] != '.');
		assert_true(c->max < 0 || c->min <= c->max);
		assert_int_equal(*c->arguments != '\0', c->max != 0);
		/* What opens the run directory needs the settings that say where it is. */
		assert_true(!(c->needs & (NEEDS_RUNDIR | NEEDS_LOCK | NEEDS_SPEC)) || (c->needs & NEEDS_SETTINGS));
		for (const struct option_row *row = c->options; row->name; row++)
			for (const struct option_row *global = global_options; global->name; global++)
				assert_string_not_equal(row->name, global->name);
	}
}

static void test_key_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < key_n_rows; i++)
		for (size_t j = 0; j < i; j++)
			assert_false(*key_rows[i].key && key_rows[i].document == key_rows[j].document &&
				     streq(key_rows[i].key, key_rows[j].key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aligned),   cmocka_unit_test(test_escape_sequences_are_made_printable),
		cmocka_unit_test(test_durations), cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_document),  cmocka_unit_test(test_command_rows),
		cmocka_unit_test(test_key_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
