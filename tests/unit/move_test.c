/* What the record says of a move comes back as it was written; a damaged one is not guessed at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strv.h"
#include "base/text.h"
#include "vm/move.h"

static void comes_back(void **state)
{
	_cleanup_move_ struct move *move = xcalloc(1, sizeof(*move)), *again = NULL;
	_cleanup_json_ struct json *document = NULL, *twice = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	move->managed = move->was_paused = true;
	move->peer = xstrdup("b.example.com");
	move->uri = xstrdup("tcp:b:1");
	move->id = xstrdup("x");
	move->nbd_host = xstrdup("::1");
	move->nbd_port = 7;
	move->tls = true;
	strv_add(&move->far, "ssh");
	strv_add(&move->far, "b.example.com");
	move->cleanup = json_new_array();
	json_append_string(move->cleanup, "/srv/a.img");
	document = move_to_json(move);
	assert_int_equal(move_from_json(document, &again, &err), 0);
	twice = move_to_json(again);
	assert_true(json_equal(document, twice));
	assert_true(again->managed && again->was_paused);
	assert_string_equal(again->far[1], "b.example.com");
	assert_string_equal(again->file, "");
	assert_true(again->tls && again->nbd_port == 7);
}

static void damaged(void **state)
{
	static const char *const cases[] = { "{}", "{\"managed\":1,\"was_paused\":false,\"far\":[]}",
					     "{\"managed\":true,\"was_paused\":false}",
					     "{\"managed\":true,\"was_paused\":false,\"far\":[1]}",
					     "{\"managed\":true,\"was_paused\":false,\"far\":[],\"cleanup\":\"x\"}" };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_json_ struct json *document = NULL;
		_cleanup_error_ struct error err = ERROR_INIT;
		struct move *move = NULL;

		assert_int_equal(json_parse(cases[i], strlen(cases[i]), 1000, 10, "move", &document, &err), 0);
		assert_int_equal(move_from_json(document, &move, &err), -1);
		assert_int_equal(err.kind, ERROR_UNKNOWN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
