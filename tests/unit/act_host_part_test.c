/* Which part of a recorded spec follows the host: what the guest sees never does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"
#include "ops/act_host_part.h"
#include "spec_text.h"

#define RECORDED                                                                                           \
	"{\"name\": \"w1\", \"title\": \"there\", \"vcpus\": 2, \"maxmem\": 64, "                          \
	"\"hvparams\": {\"acpi\": false, \"vnc_bind_address\": \"127.0.0.1\", \"disk_cache\": \"none\"}, " \
	"\"disks\": [{\"path\": \"/there\", \"serial\": \"s1\", \"cache\": \"none\"}], "                   \
	"\"nics\": [{\"mode\": \"routed\", \"ip\": \"192.0.2.1\", \"mac\": \"aa:00:00:00:00:01\"}]}"
#define HERE                                                                      \
	"{\"name\": \"w1\", \"title\": \"here\", \"vcpus\": 4, \"maxmem\": 128, " \
	"\"hvparams\": {\"acpi\": true, \"disk_cache\": \"writeback\"}, "         \
	"\"disks\": [{\"path\": \"/here\", \"serial\": \"s2\"}], "                \
	"\"nics\": [{\"mode\": \"bridged\", \"link\": \"br0\", \"mac\": \"aa:00:00:00:00:02\"}]}"

static struct json *document_of(const char *text)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct json *document = NULL;

	assert_int_equal(json_parse(text, strlen(text), 65536, 16, "a spec", &document, &err), 0);
	return document;
}

static int merge(const char *here, enum host_part part, struct json **ret, struct error *err)
{
	_cleanup_json_ struct json *recorded = document_of(RECORDED);
	_cleanup_spec_ struct spec *spec = spec_of(here, NULL);

	return act_host_part(recorded, spec, part, ret, err);
}

static const char *text_of(const struct json *document, const char *list, const char *key)
{
	return json_get_string(json_at(json_get(document, list), 0), key, "none");
}

static void the_guest_keeps_what_it_sees(void **state)
{
	(void)state;
	for (int part = HOST_PART_SAME; part <= HOST_PART_OTHER; part++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_json_ struct json *merged = NULL;

		assert_int_equal(merge(HERE, (enum host_part)part, &merged, &err), 0);
		assert_int_equal(json_get_int(merged, "vcpus", 0), 2);
		assert_int_equal(json_get_int(merged, "maxmem", 0), 64);
		assert_false(json_get_bool(json_get(merged, "hvparams"), "acpi", true));
		assert_string_equal(text_of(merged, "disks", "serial"), "s1");
		assert_string_equal(text_of(merged, "nics", "mac"), "aa:00:00:00:00:01");
		/* the host's, in both cases */
		assert_string_equal(json_get_string(merged, "title", ""), "here");
		assert_string_equal(json_get_string(json_get(merged, "hvparams"), "disk_cache", ""), "writeback");
		assert_null(json_get(json_get(merged, "hvparams"), "vnc_bind_address"));
	}
}

static void another_host_has_other_disks_and_networks(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *same = NULL, *other = NULL;

	(void)state;
	assert_int_equal(merge(HERE, HOST_PART_SAME, &same, &err), 0);
	assert_string_equal(text_of(same, "disks", "path"), "/there");
	assert_string_equal(text_of(same, "nics", "mode"), "routed");
	assert_int_equal(merge(HERE, HOST_PART_OTHER, &other, &err), 0);
	assert_string_equal(text_of(other, "disks", "path"), "/here");
	assert_string_equal(text_of(other, "nics", "mode"), "bridged");
	assert_string_equal(text_of(other, "nics", "link"), "br0");
	assert_string_equal(text_of(other, "nics", "ip"), "");
}

static void they_must_fit(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *merged = NULL;

	(void)state;
	assert_int_equal(merge("{\"name\": \"w1\", \"maxmem\": 64}", HOST_PART_OTHER, &merged, &err), -1);
	assert_int_equal(err.kind, ERROR_SPEC);
	assert_non_null(strstr(err.message, "disks"));
	assert_non_null(err.hint);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_guest_keeps_what_it_sees),
		cmocka_unit_test(another_host_has_other_disks_and_networks),
		cmocka_unit_test(they_must_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
