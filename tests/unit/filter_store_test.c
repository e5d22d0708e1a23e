/* The directory of filters over the shipped ones: what is listed, read, written, removed, and the shipped ones themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strv.h"
#include "scratch.h"
#include "vm/filter_check.h"
#include "vm/filter_json.h"
#include "vm/filter_store.h"
#include "vm/filter_xml.h"

/* NWF-90 NWF-91 NWF-92 NWF-93 NWF-94 NWF-95 NWF-96 NWF-97 NWF-98 NWF-99 NWF-100 NWF-101 NWF-103 */
static const char *const shipped_names[] = { "allow-arp",
					     "allow-dhcp",
					     "allow-dhcp-server",
					     "allow-dhcpv6",
					     "allow-dhcpv6-server",
					     "allow-incoming-ipv4",
					     "allow-incoming-ipv6",
					     "allow-ipv4",
					     "allow-ipv6",
					     "clean-traffic",
					     "clean-traffic-client",
					     "clean-traffic-gateway",
					     "no-arp-ip-spoofing",
					     "no-arp-mac-spoofing",
					     "no-arp-spoofing",
					     "no-dhcp-server",
					     "no-dhcpv6-server",
					     "no-ip-multicast",
					     "no-ip-spoofing",
					     "no-ipv6-multicast",
					     "no-ipv6-router",
					     "no-ipv6-spoofing",
					     "no-mac-broadcast",
					     "no-mac-spoofing",
					     "no-nd-spoofing",
					     "no-other-l2-traffic",
					     "no-other-rarp-traffic",
					     "no-vlan",
					     "qemu-announce-self",
					     "qemu-announce-self-rarp",
					     "recv-only-vm-ipaddress",
					     "recv-only-vm-macaddress" };

static struct filter *read_one(const struct filter_store *store, const char *name, bool *ret_shipped)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct filter *filter = NULL;

	if (filter_store_read(store, name, &filter, ret_shipped, &err) < 0)
		fail_msg("%s: %s", name, err.message);
	return filter;
}

static void references_are_there(const struct filter_store *store, const struct filter *filter)
{
	for (size_t i = 0; i < filter->n_entries; i++)
		if (filter->entries[i].kind == FILTER_ENTRY_REFERENCE)
			filter_free(read_one(store, filter->entries[i].reference.filter, NULL));
}

/* Each can be read, has no warning, says what it is for, and comes back the same. */
static void shipped(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_filter_store_ struct filter_store store = { 0 };
	_cleanup_strv_ char **names = NULL;

	(void)state;
	filter_store_open("/nonexistent", &store);
	assert_non_null(store.shipped);
	assert_int_equal(filter_store_list(&store, &names, &err), 0);
	for (size_t i = 0; i < ELEMENTS(shipped_names); i++) {
		_cleanup_problems_ struct problems warnings = { 0 };
		_cleanup_filter_ struct filter *filter = read_one(&store, shipped_names[i], NULL), *again = NULL;
		_cleanup_json_ struct json *document = filter_to_json(filter);
		_cleanup_free_ char *json = json_to_text(document);

		assert_string_equal(names[i], shipped_names[i]);
		assert_non_null(filter->comments);
		filter_check(filter, &warnings);
		if (warnings.n && !streq(filter->name, "no-nd-spoofing")) /* what libvirt has not */
			fail_msg("%s: %s: %s", filter->name, warnings.list[0].path, warnings.list[0].message);
		assert_int_equal(filter_from_json(json, strlen(json), "json", &again, &err), 0);
		assert_true(filter_equal(filter, again));
		references_are_there(&store, filter);
	}
	assert_int_equal(strv_length(names), ELEMENTS(shipped_names));
}

/* NWF-14: what it refers to need not be there. */
#define MINE "<filter name='mine'><filterref filter='not-there-yet'/></filter>"

static struct filter *parse(const char *text)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct filter *filter = NULL;

	if (filter_parse(text, strlen(text), "test", &filter, &err) < 0)
		fail_msg("%s", err.message);
	return filter;
}

static void write_text(const struct filter_store *store, const char *text)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_filter_ struct filter *filter = parse(text);

	if (filter_store_write(store, filter, &err) < 0)
		fail_msg("%s", err.message);
}

static void expect_kind(int result, enum error_kind kind, const char *word, struct error *err)
{
	assert_int_equal(result, -1);
	assert_int_equal(err->kind, kind);
	if (!strstr(err->message, word))
		fail_msg("no \"%s\" in: %s", word, err->message);
	error_clear(err);
}

static void life(void **state)
{
	_cleanup_free_ char *dir = scratch_path(*state, "deep/filters"), *other = scratch_path(*state, "shipped");
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_filter_store_ struct filter_store store = { 0 }, shipped_store = { 0 };
	_cleanup_strv_ char **names = NULL, **left = NULL;
	struct filter *none = NULL;
	bool is_shipped = false;

	filter_store_open_at(dir, other, &store);
	filter_store_open_at(other, NULL, &shipped_store);
	assert_int_equal(filter_store_list(&store, &names, &err), 0);
	assert_null(names);

	write_text(&shipped_store, "<filter name='base'/>");
	write_text(&store, MINE);
	_cleanup_filter_ struct filter *mine = read_one(&store, "mine", &is_shipped);
	assert_false(is_shipped);
	assert_int_equal(strlen(mine->uuid), 36);
	_cleanup_filter_ struct filter *base = read_one(&store, "base", &is_shipped);
	assert_true(is_shipped);
	assert_string_not_equal(base->uuid, mine->uuid);

	/* One of ours goes before the shipped one; when it is gone that is there again. */
	write_text(&store, "<filter name='base' chain='arp'/>");
	_cleanup_filter_ struct filter *over = read_one(&store, "base", &is_shipped);
	assert_false(is_shipped);
	assert_string_equal(over->chain, "arp");
	assert_int_equal(filter_store_list(&store, &names, &err), 0);
	assert_int_equal(strv_length(names), 2);
	assert_int_equal(filter_store_remove(&store, "base", &err), 0);
	filter_free(read_one(&store, "base", &is_shipped));
	assert_true(is_shipped);
	expect_kind(filter_store_remove(&store, "base", &err), ERROR_STATE, "part of kvmctl", &err);

	assert_int_equal(filter_store_remove(&store, "mine", &err), 0);
	expect_kind(filter_store_remove(&store, "mine", &err), ERROR_NO_INSTANCE, "\"mine\"", &err);
	expect_kind(filter_store_read(&store, "bas", &none, NULL, &err), ERROR_NO_INSTANCE, "\"bas\"", &err);
	expect_kind(filter_store_read(&store, "../mine", &none, NULL, &err), ERROR_SPEC, "../mine", &err);
	expect_kind(filter_store_remove(&store, "../mine", &err), ERROR_SPEC, "../mine", &err);
	assert_int_equal(filter_store_list(&store, &left, &err), 0);
	assert_int_equal(strv_length(left), 1);
}

/* NWF-21: a filter keeps its UUID. */
static void uuids(void **state)
{
	_cleanup_free_ char *dir = scratch_path(*state, "filters");
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_filter_store_ struct filter_store store = { 0 };
	_cleanup_filter_ struct filter *other =
		parse("<filter name='x'><uuid>00000000-0000-4000-8000-000000000002</uuid></filter>");

	filter_store_open_at(dir, NULL, &store);
	write_text(&store, "<filter name='x'><uuid>00000000-0000-4000-8000-000000000001</uuid></filter>");
	write_text(&store, "<filter name='x' chain='arp'/>");
	_cleanup_filter_ struct filter *x = read_one(&store, "x", NULL);
	assert_string_equal(x->uuid, "00000000-0000-4000-8000-000000000001");
	assert_string_equal(x->chain, "arp");
	expect_kind(filter_store_write(&store, other, &err), ERROR_STATE, "another UUID", &err);
	write_text(&store, "<filter name='x'><uuid>00000000-0000-4000-8000-000000000001</uuid></filter>");
}

/* Files that people put there. */
static void files(void **state)
{
	struct scratch *scratch = *state;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_filter_store_ struct filter_store store = { 0 };
	_cleanup_strv_ char **names = NULL;
	struct filter *none = NULL;
	const struct {
		const char *file, *text;
	} put[] = { { "a.json", "{\"name\": \"a\", \"chain\": \"arp\"}" },
		    { "b.xml", "<filter name='other'/>" },
		    { "c.xml", "<filter" },
		    { ".hidden.xml", "<filter name='hidden'/>" },
		    { "README", "no filter" } };

	for (size_t i = 0; i < ELEMENTS(put); i++)
		free(scratch_file(scratch, put[i].file, put[i].text, strlen(put[i].text), 0644));
	filter_store_open_at(scratch->dir, NULL, &store);
	assert_int_equal(filter_store_list(&store, &names, &err), 0);
	_cleanup_free_ char *joined = strv_join(names, " ");
	assert_string_equal(joined, "a b c");
	expect_kind(filter_store_read(&store, "b", &none, NULL, &err), ERROR_SPEC, "its name is \"other\"", &err);
	expect_kind(filter_store_read(&store, "c", &none, NULL, &err), ERROR_SPEC, "c.xml\"", &err);

	/* Written, the XML takes the place of the JSON; and what was damaged is replaced. */
	_cleanup_filter_ struct filter *a = read_one(&store, "a", NULL);
	assert_string_equal(a->chain, "arp");
	assert_int_equal(filter_store_write(&store, a, &err), 0);
	_cleanup_free_ char *json = scratch_path(scratch, "a.json"), *xml = scratch_path(scratch, "a.xml");
	assert_int_equal(access(json, F_OK), -1);
	assert_int_equal(access(xml, F_OK), 0);
	write_text(&store, "<filter name='c'/>");
	filter_free(read_one(&store, "c", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped),
		cmocka_unit_test_setup_teardown(life, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(uuids, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(files, scratch_setup, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
