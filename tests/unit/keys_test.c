/* Chords of keys, and that the table holds exactly the keys that QEMU has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strv.h"
#include "fixture.h"
#include "qemu/keys.h"
#include "qemu/qmp_schema.h"

/* The chord's qcodes, with blanks between. */
static char *chord(const char *text)
{
	_cleanup_json_ struct json *keys = NULL;
	_cleanup_strv_ char **codes = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;

	if (keys_chord(text, &keys, &err) < 0)
		fail_msg("%s: %s", text, err.message);
	for (size_t i = 0; i < json_length(keys); i++) {
		assert_string_equal(json_get_string(json_at(keys, i), "type", ""), "qcode");
		strv_add(&codes, json_get_string(json_at(keys, i), "data", ""));
	}
	return strv_join(codes, " ");
}

static void chords(void **state)
{
	static const char *const cases[][2] = {
		{ "ctrl-alt-delete", "ctrl alt delete" },
		{ "ctrl+alt+f1", "ctrl alt f1" },
		{ "Ctrl-Alt-Del", "ctrl alt delete" },
		{ "a", "a" },
		{ "Return", "ret" },
		{ "alt-sysrq-b", "alt sysrq b" },
		{ "ctrl--", "ctrl minus" },
		{ "-", "minus" },
		{ "ctrl-+", "ctrl kp_add" },
		{ "+", "kp_add" },
		{ "shift-meta_l-1", "shift meta_l 1" },
		{ "ctrl-[", "ctrl bracket_left" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_free_ char *codes = chord(cases[i][0]);
		assert_string_equal(codes, cases[i][1]);
	}
}

static void refused(void **state)
{
	static const struct {
		const char *text, *words, *hint;
	} cases[] = {
		{ "", "a key is missing", NULL },
		{ "ctrl-", "a key is missing", NULL },
		{ "ctrl-alt-delet", "no key \"delet\"", "\"delete\"" },
		{ "cntrl-c", "no key \"cntrl\"", "\"ctrl\"" },
		{ "qqqqqqqqqqqqq", "no key", "ctrl-alt-delete" },
		{ "ctrl-control", "twice", NULL },
		{ "-+-", "twice", NULL },
		{ "a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q", "more than 16", NULL },
		{ "ctrl-\033[1m", "no key \"\\x1b[1m\"", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_json_ struct json *keys = NULL;
		_cleanup_error_ struct error err = ERROR_INIT;

		assert_int_equal(keys_chord(cases[i].text, &keys, &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
		if (!strstr(err.message, cases[i].words) || (cases[i].hint && !strstr(err.hint, cases[i].hint)))
			fail_msg("%s: %s (%s)", cases[i].text, err.message, err.hint ? err.hint : "");
	}
}

static void the_table_is_qemus(void **state)
{
	_cleanup_json_ struct json *answers = fixture_answers("10.0");
	_cleanup_qmp_schema_ struct qmp_schema *schema = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_strv_ char **codes = NULL;
	size_t n;
	const char *const *names = keys_names(&n);

	(void)state;
	assert_int_equal(qmp_schema_new(json_find(answers, "query-qmp-schema.return"), &schema, &err), 0);
	qmp_schema_values(schema, "send-key keys type=qcode data", &codes);
	assert_in_range(strv_length(codes), 150, 300);

	/* Each of QEMU's keys has its own name, and each name is a key of QEMU. */
	for (size_t i = 0; codes[i]; i++) {
		if (streq(codes[i], "unmapped"))
			continue;
		_cleanup_free_ char *code = chord(codes[i]);
		assert_string_equal(code, codes[i]);
	}
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *code = chord(names[i]);
		if (!strv_contains(codes, code))
			fail_msg("\"%s\" is no key of QEMU", code);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(names[i], names[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chords),
		cmocka_unit_test(refused),
		cmocka_unit_test(the_table_is_qemus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
