/* Every attribute of every protocol that libvirt's filters have: values that it takes, with the form in which
 * they are written, values that it refuses, variables; as XML and as JSON, there and back. Which there are, and
 * what they take, stands in filter_requirements.h.
 * NWF-52 NWF-53 NWF-54 NWF-55 NWF-56 NWF-57 NWF-58 NWF-59 NWF-78 NWF-79 NWF-80 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strv.h"
#include "base/text.h"
#include "filter_requirements.h"
#include "vm/filter_json.h"
#include "vm/filter_xml.h"

/* What must stand beside it. */
static char *partners(const char *protocol, const char *name)
{
	static const char *const ends[][2] = { { "srcportend", "srcportstart" },
					       { "dstportend", "dstportstart" },
					       { "typeend", "type" },
					       { "codeend", "code" },
					       { "srcipto", "srcipfrom" },
					       { "dstipto", "dstipfrom" } };
	bool link = streq(protocol, "ip") || streq(protocol, "ipv6");
	const char *carrier = !link                                                    ? ""
			      : strstr(name, "port")                                   ? " protocol='tcp'"
			      : starts_with(name, "type") || starts_with(name, "code") ? " protocol='icmpv6'"
										       : "";
	size_t n = strlen(name);

	if (streq(name, "ndtargetaddr"))
		return xstrdup(" protocol='icmpv6' type='136'");
	if (streq(name, "ndtargetmask"))
		return xstrdup(" protocol='icmpv6' type='136' ndtargetaddr='fd00::1'");
	if (streq(name, "ipset"))
		return xstrdup(" ipsetflags='src'");
	if (streq(name, "ipsetflags"))
		return xstrdup(" ipset='office'");
	for (size_t i = 0; i < ELEMENTS(ends); i++)
		if (streq(name, ends[i][0]))
			return xprintf("%s %s='%s'", carrier, ends[i][1],
				       !strstr(name, "ip")      ? "0"
				       : strstr(protocol, "v6") ? "::"
								: "0.0.0.0");
	if (ends_with(name, "-hi"))
		return xprintf(" %.*s='0'", (int)n - 3, name);
	if (ends_with(name, "-mask"))
		return xprintf(" %.*s='00:00:00:00:00:01'", (int)n - 5, name);
	if (ends_with(name, "macmask"))
		return xprintf(" %.*saddr='00:00:00:00:00:01'", (int)n - 4, name);
	if (ends_with(name, "ipmask"))
		return xprintf(" %.*saddr='%s'", (int)n - 4, name, strstr(protocol, "v6") ? "fd00::1" : "10.0.0.1");
	return xstrdup(carrier);
}

/* In single quotes; "&#9;" stays what it is. */
static char *quoted(const char *value)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	for (const char *p = value; *p; p++)
		if (*p == '\'' || *p == '<' || (*p == '&' && p[1] != '#'))
			fprintf(f, "&#%d;", *p);
		else
			fputc(*p, f);
	fclose(f);
	return text;
}

static int read_rule(const char *protocol, const char *name, const char *value, struct filter **ret, struct error *err)
{
	_cleanup_free_ char *beside = partners(protocol, name), *inside = quoted(value);
	_cleanup_free_ char *text =
		xprintf("<filter name='x'><rule action='drop' direction='in'><%s%s %s='%s'/></rule></filter>", protocol,
			beside, name, inside);

	return filter_from_xml(text, strlen(text), "test", ret, err);
}

static void there_and_back(const struct filter *filter)
{
	_cleanup_filter_ struct filter *from_xml = NULL, *from_json = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *xml = filter_to_xml(filter);
	_cleanup_json_ struct json *document = filter_to_json(filter);
	_cleanup_free_ char *json = json_to_text(document);

	if (filter_from_xml(xml, strlen(xml), "xml", &from_xml, &err) < 0 ||
	    filter_from_json(json, strlen(json), "json", &from_json, &err) < 0)
		fail_msg("%s\n%s\n%s", err.message, xml, json);
	assert_true(filter_equal(filter, from_xml));
	assert_true(filter_equal(filter, from_json));
}

static void takes(const struct requirement *r, const char *protocol, const char *name, const char *value,
		  const char *written)
{
	_cleanup_filter_ struct filter *filter = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;
	const struct filter_attribute_row *row = filter_attribute_by_name(filter_protocol_by_name(protocol), name);

	if (read_rule(protocol, name, value, &filter, &err) < 0)
		fail_msg("%s: %s %s='%s': %s", r->id, protocol, name, value, err.message);
	const struct filter_value *got = filter_node_value(&filter->entries[0].rule.nodes[0], row->id);
	if (!got || !streq(got->text, written))
		fail_msg("%s: %s %s='%s' became '%s', not '%s'", r->id, protocol, name, value,
			 got ? got->text : "nothing", written);
	there_and_back(filter);
}

static void refuses(const struct requirement *r, const char *protocol, const char *name, const char *value)
{
	_cleanup_filter_ struct filter *filter = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;

	if (read_rule(protocol, name, value, &filter, &err) == 0)
		fail_msg("%s: %s %s='%s' was taken", r->id, protocol, name, value);
	assert_int_equal(err.kind, ERROR_SPEC);
	if (!strstr(err.message, "line 1"))
		fail_msg("%s", err.message);
}

static void check_attribute(const struct requirement *r, const char *protocol, const char *name)
{
	assert_non_null(filter_protocol_by_name(protocol));
	if (!filter_attribute_by_name(filter_protocol_by_name(protocol), name))
		fail_msg("%s: \"%s\" has no \"%s\"", r->id, protocol, name);
	for (size_t i = 0; i < ELEMENTS(r->kind->good) && r->kind->good[i][0]; i++)
		takes(r, protocol, name, r->kind->good[i][0],
		      r->kind->good[i][1] ? r->kind->good[i][1] : r->kind->good[i][0]);
	for (size_t i = 0; i < ELEMENTS(r->kind->bad) && r->kind->bad[i]; i++)
		refuses(r, protocol, name, r->kind->bad[i]);
	if (r->kind != &COMMENT) {
		takes(r, protocol, name, "$A_1", "$A_1");
		takes(r, protocol, name, "$A[@0]", "$A");
		takes(r, protocol, name, "$A[ @2 ]", "$A[@2]");
		takes(r, protocol, name, "$A[1]", "$A[1]");
		refuses(r, protocol, name, "$A-1");
		refuses(r, protocol, name, "$A[@1001]");
	}
}

static void every_attribute(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTS(requirements); i++) {
		_cleanup_strv_ char **protocols = strv_split(requirements[i].protocols, ' ');
		_cleanup_strv_ char **names = strv_split(requirements[i].names, ' ');

		for (char **protocol = protocols; *protocol; protocol++)
			for (char **name = names; *name; name++)
				check_attribute(&requirements[i], *protocol, *name);
	}
}

static bool is_required(const struct filter_protocol_row *protocol, const struct filter_attribute_row *row)
{
	for (size_t i = 0; i < ELEMENTS(requirements); i++) {
		_cleanup_strv_ char **protocols = strv_split(requirements[i].protocols, ' ');
		_cleanup_strv_ char **names = strv_split(requirements[i].names, ' ');
		_cleanup_strv_ char **ids = strv_split(row->ids, ' ');

		if (strv_contains(protocols, protocol->name) && strv_contains(names, row->name))
			return strv_contains(ids, requirements[i].id);
	}
	return false;
}

/* kvmctl's own. */
static const struct requirement own[] = {
	{ "ND", "ipv6", "ndtargetaddr", &IPV6 },
	{ "ND", "ipv6", "ndtargetmask", &IPV6_MASK },
};

static void own_attributes(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < ELEMENTS(own); i++)
		check_attribute(&own[i], own[i].protocols, own[i].names);
	for (size_t i = 0; i < FILTER_ATTRIBUTE_MAX; i++)
		n += !*filter_attributes[i].ids;
	assert_int_equal(n, ELEMENTS(own));
}

/* The rows say nothing that is not required, and the id that requires it. */
static void no_attribute_more(void **state)
{
	(void)state;
	for (size_t p = 0; p < FILTER_PROTOCOL_MAX; p++)
		for (size_t i = 0; i < FILTER_ATTRIBUTE_MAX; i++)
			if (filter_protocol_has(&filter_protocols[p], (enum filter_attribute_id)i) &&
			    *filter_attributes[i].ids && !is_required(&filter_protocols[p], &filter_attributes[i]))
				fail_msg("\"%s\" has a \"%s\" that no requirement has", filter_protocols[p].name,
					 filter_attributes[i].name);
}

/* Seven, nine and eight of them. */
static void protocols(void **state)
{
	static const char *const names[] = { "mac", "vlan", "stp", "arp", "rarp", "ip", "ipv6" };
	size_t ipv4 = 0, ipv6 = 0;

	(void)state;
	for (size_t i = 0; i < FILTER_PROTOCOL_MAX; i++) {
		const struct filter_protocol_row *row = &filter_protocols[i];

		assert_int_equal(row->id, i);
		assert_ptr_equal(filter_protocol_by_name(row->name), row);
		assert_true(*row->doc && *row->ids);
		assert_int_equal(row->layer, i < ELEMENTS(names) ? FILTER_LAYER_LINK : FILTER_LAYER_NETWORK);
		if (i < ELEMENTS(names))
			assert_string_equal(row->name, names[i]);
		else if (row->family == FILTER_FAMILY_IPV4)
			ipv4++;
		else
			ipv6++;
	}
	assert_int_equal(ipv4, 9);
	assert_int_equal(ipv6, 8);
	assert_null(filter_protocol_by_name("gre"));
}

/* Twice mirrored is the same again; what is needed is a row of every protocol that has the one. */
static void rows_fit_together(void **state)
{
	(void)state;
	for (size_t i = 0; i < FILTER_ATTRIBUTE_MAX; i++) {
		const struct filter_attribute_row *row = &filter_attributes[i];

		assert_int_equal(row->id, i);
		assert_true(*row->doc && row->words && row->min <= row->max);
		if (row->mirror != FILTER_ATTRIBUTE_NONE) {
			assert_int_equal(filter_attributes[row->mirror].mirror, i);
			assert_int_equal(filter_attributes[row->mirror].kind, row->kind);
		}
		for (size_t p = 0; p < FILTER_PROTOCOL_MAX && row->needs != FILTER_ATTRIBUTE_NONE; p++)
			if (filter_protocol_has(&filter_protocols[p], row->id))
				assert_true(filter_protocol_has(&filter_protocols[p], row->needs));
	}
}

/* What a constant is, typed. */
static void typed(void **state)
{
	const struct filter_protocol_row *tcp = filter_protocol_by_name("tcp"),
					 *tcp6 = filter_protocol_by_name("tcp-ipv6");
	const struct filter_attribute_row *rows = filter_attributes;
	_cleanup_error_ struct error err = ERROR_INIT;
	struct filter_value v;

	(void)state;
	assert_int_equal(filter_value_parse(&rows[FILTER_ATTRIBUTE_SRCIPADDR], tcp, "10.1.2.3", &v, &err), 0);
	assert_memory_equal(v.bytes, "\x0a\1\2\3\0", 5);
	filter_value_free(&v);
	assert_int_equal(filter_value_parse(&rows[FILTER_ATTRIBUTE_SRCIPMASK], tcp, "20", &v, &err), 0);
	assert_memory_equal(v.bytes, "\xff\xff\xf0\0\0", 5);
	assert_int_equal(v.prefix, 20);
	filter_value_free(&v);
	assert_int_equal(filter_value_parse(&rows[FILTER_ATTRIBUTE_SRCIPMASK], tcp6, "ffff:8000::", &v, &err), 0);
	assert_int_equal(v.prefix, 17);
	filter_value_free(&v);
	assert_int_equal(filter_value_parse(&rows[FILTER_ATTRIBUTE_SRCIPMASK], tcp, "255.0.0.1", &v, &err), 0);
	assert_int_equal(v.prefix, -1);
	filter_value_free(&v);
	assert_int_equal(filter_value_parse(&rows[FILTER_ATTRIBUTE_FLAGS], tcp, "SYN,ACK/SYN", &v, &err), 0);
	assert_int_equal(v.mask, FILTER_TCP_SYN | FILTER_TCP_ACK);
	assert_int_equal(v.number, FILTER_TCP_SYN);
	filter_value_free(&v);
	assert_int_equal(filter_value_parse(&rows[FILTER_ATTRIBUTE_IPSETFLAGS], tcp, "src,dst,dst", &v, &err), 0);
	assert_int_equal(v.mask, 3);
	assert_int_equal(v.number, 6);
	filter_value_free(&v);
	assert_int_equal(filter_value_parse(&rows[FILTER_ATTRIBUTE_SRCPORTSTART], tcp, "$P[@3]", &v, &err), 0);
	assert_string_equal(v.variable.name, "P");
	assert_false(v.variable.element);
	assert_int_equal(v.variable.number, 3);
	filter_value_free(&v);
	/* The value of a variable is none itself. */
	assert_int_equal(filter_value_parse_constant(&rows[FILTER_ATTRIBUTE_SRCPORTSTART], tcp, "$P", &v, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_attribute),   cmocka_unit_test(own_attributes),
		cmocka_unit_test(no_attribute_more), cmocka_unit_test(protocols),
		cmocka_unit_test(rows_fit_together), cmocka_unit_test(typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
