/* Walking the masked schema from a command's name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strv.h"
#include "fixture.h"
#include "qemu/qmp.h"
#include "qemu/qmp_schema.h"

static struct qmp_schema *schema_of(const struct json *answers)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct qmp_schema *schema = NULL;

	assert_int_equal(qmp_schema_new(json_find(answers, "query-qmp-schema.return"), &schema, &err), 0);
	return schema;
}

static const struct {
	const char *path;
	bool has[FIXTURE_VERSIONS];
} paths[] = {
	{ "query-status", { true, true, true } },
	{ "query-cpus", { true, false, false } },
	{ "RESUME", { false, false, false } }, /* an event, no command */
	{ "migrate uri", { true, true, true } },
	{ "migrate channels", { false, false, true } },
	{ "migrate channels addr transport=socket", { false, false, true } },
	{ "screendump format=png", { false, true, true } },
	{ "screendump format=gif", { false, false, false } },
	{ "blockdev-add driver=file aio=io_uring", { true, true, true } },
	{ "blockdev-add driver=file aio=telepathy", { false, false, false } },
	{ "blockdev-add driver=qcow2 file driver=file filename", { true, true, true } },
	{ "blockdev-add driver=nbd server type=unix path", { true, true, true } },
	{ "blockdev-add driver=nbd server type=unix host", { false, false, false } },
	{ "display-update type=vnc addresses type=fd str", { false, true, true } },
	{ "send-key keys type=qcode", { true, true, true } },
	{ "query-status nothing", { false, false, false } },
	{ "", { false, false, false } },
};

static void walks(void **state)
{
	(void)state;
	for (size_t v = 0; v < FIXTURE_VERSIONS; v++) {
		_cleanup_json_ struct json *answers = fixture_answers(fixture_versions[v]);
		_cleanup_qmp_schema_ struct qmp_schema *schema = schema_of(answers);

		for (size_t i = 0; i < ELEMENTS(paths); i++)
			if (qmp_schema_has(schema, paths[i].path) != paths[i].has[v])
				fail_msg("%s: \"%s\" is not %d", fixture_versions[v], paths[i].path, paths[i].has[v]);
		assert_int_equal(qmp_schema_has_feature(schema, "device_add", "json-cli"), v > 0);
	}
}

static void no_schema(void **state)
{
	_cleanup_json_ struct json *empty = json_new_array();
	_cleanup_qmp_schema_ struct qmp_schema *schema = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(qmp_schema_new(NULL, &schema, &err), -1);
	assert_int_equal(qmp_schema_new(empty, &schema, &err), -1);
	json_append(empty, json_new_int(1));
	assert_int_equal(qmp_schema_new(empty, &schema, &err), -1);
	assert_int_equal(err.kind, ERROR_QEMU);
}

/* Each command that kvmctl sends is one that some QEMU knows: a row with a slip in its name would count the default deadline. */
static void each_row_is_a_command(void **state)
{
	size_t n;
	const struct qmp_command *rows = qmp_commands(&n);
	_cleanup_json_ struct json *answers = fixture_answers("10.0");
	_cleanup_qmp_schema_ struct qmp_schema *schema = schema_of(answers);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		if (!qmp_schema_has(schema, rows[i].name))
			fail_msg("\"%s\" is no command", rows[i].name);
		assert_in_range(rows[i].deadline_ms, 1, 60000);
		assert_ptr_equal(qmp_command(rows[i].name), &rows[i]);
	}
	assert_null(qmp_command("no-such-command"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks),
		cmocka_unit_test(no_schema),
		cmocka_unit_test(each_row_is_a_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
