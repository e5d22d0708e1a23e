/* filter/INTERFACE: written and read back, listed, removed; damaged ones; one that a newer kvmctl wrote. */
/* Covers NWF-109. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strv.h"
#include "base/text.h"
#include "scratch.h"
#include "vm/filter_binding.h"

static struct rundir open_rundir(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *path = scratch_path(*state, "run");
	struct rundir rundir = RUNDIR_INIT;

	assert_int_equal(rundir_open(path, true, &rundir, &err), 0);
	return rundir;
}

static struct filter_binding *example(void)
{
	struct filter_binding *binding = filter_binding_new("tap0", "52:54:00:AA:BB:01");

	text_replace(&binding->bridge, "lan0");
	text_replace(&binding->instance, "web1");
	text_replace(&binding->filter, "clean-traffic");
	binding->nic = 3;
	binding->number = 17;
	strv_add(&filter_parameters_get(&binding->parameters, &binding->n_parameters, "IP")->values, "192.0.2.5");
	strv_add(&filter_parameters_get(&binding->parameters, &binding->n_parameters, "IP")->values, "192.0.2.6");
	strv_add(&filter_parameters_get(&binding->parameters, &binding->n_parameters, "PORT")->values, "80");
	strv_add(&binding->groups, "web");
	strv_add(&binding->learned, "2001:db8::5");
	return binding;
}

static void assert_same(const struct filter_binding *a, const struct filter_binding *b)
{
	_cleanup_json_ struct json *x = filter_binding_to_json(a), *y = filter_binding_to_json(b);

	assert_true(json_equal(x, y));
}

static void what_is_written_is_read_back(void **state)
{
	_cleanup_rundir_ struct rundir rundir = open_rundir(state);
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_filter_binding_ struct filter_binding *binding = example(), *copy = filter_binding_copy(binding);
	_cleanup_filter_binding_ struct filter_binding *back = NULL;
	_cleanup_strv_ char **names = NULL;

	assert_string_equal(binding->mac, "52:54:00:aa:bb:01");
	assert_same(binding, copy);
	assert_int_equal(filter_binding_read(&rundir, "tap0", &back, &err), 0);
	assert_int_equal(filter_binding_write(&rundir, binding, &err), 0);
	assert_int_equal(filter_binding_read(&rundir, "tap0", &back, &err), 1);
	assert_same(binding, back);
	assert_string_equal(back->parameters[0].values[1], "192.0.2.6");

	text_replace(&copy->interface, "ens1.5@x");
	assert_int_equal(filter_binding_write(&rundir, copy, &err), 0);
	assert_int_equal(filter_binding_list(&rundir, &names, &err), 0);
	assert_int_equal(strv_length(names), 2);
	assert_string_equal(names[0], "ens1.5@x");
	assert_int_equal(filter_binding_remove(&rundir, "tap0", &err), 0);
	assert_int_equal(filter_binding_remove(&rundir, "tap0", &err), 0);
	filter_binding_free(take_ptr(back));
	assert_int_equal(filter_binding_read(&rundir, "tap0", &back, &err), 0);
}

static void no_directory_has_none(void **state)
{
	_cleanup_rundir_ struct rundir rundir = RUNDIR_INIT;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_filter_binding_ struct filter_binding *back = NULL;
	_cleanup_free_ char *path = scratch_path(*state, "nothing");
	_cleanup_strv_ char **names = NULL;

	assert_int_equal(rundir_open(path, false, &rundir, &err), 0);
	assert_int_equal(filter_binding_list(&rundir, &names, &err), 0);
	assert_null(names);
	assert_int_equal(filter_binding_read(&rundir, "tap0", &back, &err), 0);
	assert_int_equal(filter_binding_remove(&rundir, "tap0", &err), 0);
}

/* The example with one member in another way; NULL: without it. */
static char *changed(const char *key, struct json *value)
{
	_cleanup_filter_binding_ struct filter_binding *binding = example();
	_cleanup_json_ struct json *document = filter_binding_to_json(binding);

	if (value)
		json_put(document, key, value);
	else
		json_remove(document, key);
	return json_to_text(document);
}

static enum error_kind kind_of(void **state, const char *text)
{
	_cleanup_rundir_ struct rundir rundir = open_rundir(state);
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_filter_binding_ struct filter_binding *back = NULL;
	_cleanup_free_ char *path = scratch_file(*state, "run/filter/tap0", text, strlen(text), 0640);

	if (filter_binding_read(&rundir, "tap0", &back, &err) == 1)
		return ERROR_NONE;
	assert_null(back);
	assert_non_null(strstr(err.message, "tap0"));
	return err.kind;
}

static void damage_is_an_error(void **state)
{
	static const char *const keys[] = { "interface", "mac",        "bridge", "instance", "filter",
					    "nic",       "parameters", "groups", "number",   "learned" };
	static const char *const texts[] = { "", "{", "[]", "{\"interface\": \"tap0\"}" };
	_cleanup_free_ char *whole = changed("nic", json_new_int(3));

	assert_int_equal(kind_of(state, whole), ERROR_NONE);
	for (size_t i = 0; i < ELEMENTS(texts); i++)
		assert_int_equal(kind_of(state, texts[i]), ERROR_SPEC);
	for (size_t i = 0; i < ELEMENTS(keys); i++) {
		_cleanup_free_ char *without = changed(keys[i], NULL), *other = changed(keys[i], json_new_bool(true));

		assert_int_equal(kind_of(state, without), ERROR_SPEC);
		assert_int_equal(kind_of(state, other), ERROR_SPEC);
	}
	static const struct {
		const char *key, *value;
	} bad[] = { { "interface", "tap1" }, { "interface", "../x" },  { "mac", "no" },
		    { "filter", "a/b" },     { "instance", "../web" }, { "mac", "01:00:00:00:00:01" } };
	for (size_t i = 0; i < ELEMENTS(bad); i++) {
		_cleanup_free_ char *text = changed(bad[i].key, json_new_string(bad[i].value));

		assert_int_equal(kind_of(state, text), ERROR_SPEC);
	}
	_cleanup_free_ char *negative = changed("number", json_new_int(-1));
	assert_int_equal(kind_of(state, negative), ERROR_SPEC);
}

static void parameters_that_are_none_are_damage(void **state)
{
	static const struct {
		const char *name, *value;
	} cases[] = { { "A B", "1" }, { "A", "" }, { "A", "1; drop" }, { "", "1" } };

	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		struct json *parameters = json_new_object(), *list = json_new_array();

		json_append_string(list, cases[i].value);
		json_put(parameters, cases[i].name, list);
		_cleanup_free_ char *text = changed("parameters", parameters);
		assert_int_equal(kind_of(state, text), ERROR_SPEC);
	}
}

static void newer_ones_are_left_alone(void **state)
{
	_cleanup_free_ char *key = changed("only_on_sundays", json_new_bool(true));
	_cleanup_free_ char *version = changed("version", json_new_int(99));

	assert_int_equal(kind_of(state, key), ERROR_UNKNOWN);
	assert_int_equal(kind_of(state, version), ERROR_UNKNOWN);
}

static void names_that_are_no_files_are_refused(void **state)
{
	static const char *const names[] = { "", ".", "..", ".lock", "a/b", "sixteen-letters!" };
	_cleanup_rundir_ struct rundir rundir = open_rundir(state);

	for (size_t i = 0; i < ELEMENTS(names); i++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_filter_binding_ struct filter_binding *back = NULL;

		assert_int_equal(filter_binding_read(&rundir, names[i], &back, &err), -1);
		assert_int_equal(filter_binding_remove(&rundir, names[i], &err), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_written_is_read_back, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(no_directory_has_none, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(damage_is_an_error, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(parameters_that_are_none_are_damage, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(newer_ones_are_left_alone, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(names_that_are_no_files_are_refused, scratch_setup, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
