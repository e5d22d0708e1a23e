/* vm/nic_binding: what a NIC's keys come to as a binding. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_digest.h"
#include "vm/nic_binding.h"

static struct spec *spec_of(const char *nic)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *text = xprintf("{\"name\": \"web1\", \"maxmem\": 64, \"nics\": [{\"mode\": \"user\"}, "
					    "{\"link\": \"br0\", \"mac\": \"aa:00:00:35:ac:23\"%s}]}",
					    nic);
	struct spec *spec = NULL;

	if (spec_parse(text, strlen(text), "test", NULL, NULL, &spec, &err) < 0)
		fail_msg("%s", err.message);
	return spec;
}

/* "A=1,2 B=3" */
static char *parameters_of(const char *nic)
{
	_cleanup_spec_ struct spec *spec = spec_of(nic);
	_cleanup_filter_binding_ struct filter_binding *binding = nic_binding(spec, 1, "kvt1");
	_cleanup_strv_ char **words = NULL;

	for (size_t i = 0; i < binding->n_parameters; i++) {
		_cleanup_free_ char *values = strv_join(binding->parameters[i].values, ",");
		strv_addf(&words, "%s=%s", binding->parameters[i].name, values);
	}
	return strv_join(words, " ");
}

static void test_binding(void **state)
{
	(void)state;
	_cleanup_spec_ struct spec *spec =
		spec_of(", \"filter\": \"clean-traffic\", \"security_groups\": [\"web\", \"ssh\"]");
	_cleanup_filter_binding_ struct filter_binding *binding = nic_binding(spec, 1, "kvt1");

	assert_false(nic_is_filtered(&spec->nics[0]));
	assert_true(nic_is_filtered(&spec->nics[1]));
	assert_true(spec_is_filtered(spec));
	assert_string_equal(binding->interface, "kvt1");
	assert_string_equal(binding->mac, "aa:00:00:35:ac:23");
	assert_string_equal(binding->bridge, "br0");
	assert_string_equal(binding->instance, "web1");
	assert_int_equal(binding->nic, 1);
	assert_string_equal(binding->filter, "clean-traffic");
	assert_int_equal(strv_length(binding->groups), 2);
}

/* NWF-62: IP is the NIC's own when it is not given; NWF-66: unless somebody says that it is to be learned. */
static void test_addresses(void **state)
{
	static const struct {
		const char *nic, *parameters;
	} cases[] = {
		{ ", \"filter\": \"f\"", "" },
		{ ", \"filter\": \"f\", \"ip\": \"10.0.0.1\"", "IP=10.0.0.1" },
		{ ", \"filter\": {\"name\": \"f\", \"parameters\": {\"IP\": [\"10.0.0.2\", \"10.0.0.3\"]}}, \"ip\": "
		  "\"10.0.0.1\"",
		  "IP=10.0.0.2,10.0.0.3" },
		{ ", \"filter\": \"f\", \"ip6\": \"2001:db8::1\"", "IPV6=fe80::a800:ff:fe35:ac23,2001:db8::1" },
		{ ", \"security_groups\": [\"web\"], \"ip\": \"10.0.0.1\"", "IP=10.0.0.1" },
		{ ", \"filter\": {\"name\": \"f\", \"parameters\": {\"CTRL_IP_LEARNING\": \"dhcp\"}}, \"ip\": "
		  "\"10.0.0.1\", \"ip6\": \"2001:db8::1\"",
		  "CTRL_IP_LEARNING=dhcp" },
		{ ", \"filter\": {\"name\": \"f\", \"parameters\": {\"CTRL_IP_LEARNING\": \"none\", \"X\": 5}}, "
		  "\"ip\": \"10.0.0.1\"",
		  "CTRL_IP_LEARNING=none X=5 IP=10.0.0.1" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_free_ char *parameters = parameters_of(cases[i].nic);
		assert_string_equal(parameters, cases[i].parameters);
	}
}

static const struct filter *find(void *arg, const char *name, struct error *err)
{
	struct filter *const *filters = arg;

	(void)err;
	for (; *filters; filters++)
		if (streq((*filters)->name, name))
			return *filters;
	return NULL;
}

static struct filter *filter_of(const char *name, const char *reference)
{
	struct filter *filter = filter_new();

	filter->name = xstrdup(name);
	filter_add_entry(filter, FILTER_ENTRY_REFERENCE, 0)->reference.filter = xstrdup(reference);
	return filter;
}

/* NWF-110: of the whole tree, with an end where filters refer to each other; a change anywhere is seen. */
static void test_digests(void **state)
{
	_cleanup_filter_ struct filter *a = filter_of("a", "b"), *b = filter_of("b", "a"), *other = filter_of("b", "c");
	struct filter *one[] = { a, b, NULL }, *two[] = { a, other, NULL };
	struct filter_source here = { find, one }, there = { find, two };
	_cleanup_problems_ struct problems problems = { 0 };
	char *names[] = { (char *)"a", NULL };
	_cleanup_json_ struct json *ours = filter_digests(&here, names), *theirs = filter_digests(&there, names);

	(void)state;
	assert_int_equal(json_length(ours), 2);
	assert_int_equal(json_length(theirs), 3);
	assert_string_equal(json_get_string(theirs, "c", "?"), "");
	filter_digests_check(theirs, "filters", &problems);
	filter_digests_compare(theirs, theirs, "filters", "filter", &problems);
	assert_int_equal(problems.n, 0);
	filter_digests_compare(theirs, ours, "filters", "filter", &problems);
	assert_int_equal(problems.n, 1);
	assert_string_equal(problems.list[0].message, "the filter \"b\" of this host differs from that of the source");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_binding),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_digests),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
