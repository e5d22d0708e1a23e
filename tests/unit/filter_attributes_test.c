/* Every attribute of every protocol that libvirt's filters have: values that it takes, with the form in which
 * they are written, values that it refuses, variables; as XML and as JSON, there and back. The rows stand here
 * a second time, with the ids of the requirements, so that none is lost or changed by accident.
 * NWF-52 NWF-53 NWF-54 NWF-55 NWF-56 NWF-57 NWF-58 NWF-59 NWF-78 NWF-79 NWF-80 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_json.h"
#include "vm/filter_xml.h"

#define NUMBERS_REFUSED "-1", "", "x", "0x", "1.5", " 1", "99999999999999999999999999"
#define ADDRESSES_REFUSED "", "x", "10.0.0.0/8", "10.0.0.1 ", "10.0.0.1:80", "fe80::1%eth0", "::g"

/* What a kind takes (as it comes back, where that is another form), and what it does not. */
static const struct kind {
	const char *good[8][2];
	const char *bad[14];
} MAC = { { { "00:11:22:33:44:55" },
	    { "FF:fF:ff:fc:00:00", "ff:ff:ff:fc:00:00" },
	    { "1:2:3:4:5:a", "01:02:03:04:05:0a" } },
	  { "", "0:1:2:3:4", "0:1:2:3:4:5:6", "00-11-22-33-44-55", "00:11:22:33:44:5g", "000:1:2:3:4:5",
	    "0:1:2:3:4:5 " } },
  MAC_MASK = { { { "ff:ff:ff:fc:00:00" }, { "FF:FF:FF:FC:00:00", "ff:ff:ff:fc:00:00" }, { "01:00:00:00:00:00" } },
	       { "24", "", "255.255.255.0" } },
  IPV4 = { { { "10.1.2.3" }, { "0.0.0.0" }, { "255.255.255.255" } },
	   { ADDRESSES_REFUSED, "::1", "10.1.2", "10.1.2.256", "010.1.2.3" } },
  IPV6 = { { { "ffff::1" }, { "FFFF::1", "ffff::1" }, { "::" }, { "::ffff:10.0.0.1" }, { "1:0:0:0:0:0:0:2", "1::2" } },
	   { ADDRESSES_REFUSED, "10.1.2.3", "1::2::3" } },
  IPV4_MASK = { { { "0" }, { "24" }, { "32" }, { "255.255.0.0" }, { "255.0.255.0" } },
		{ "33", "-1", "/24", "", "0x18", "ffff::" } },
  IPV6_MASK = { { { "0" }, { "64" }, { "128" }, { "ffff:ffff::" }, { "FFFF::", "ffff::" } },
		{ "129", "-1", "", "255.255.0.0" } },
  U8 = { { { "0" }, { "255" }, { "0xff" }, { "0XFF", "0xff" }, { "ff", "0xff" }, { "007", "7" } },
	 { NUMBERS_REFUSED, "256", "0x100" } },
  U16 = { { { "0" }, { "65535" }, { "0xffff" }, { "1f", "0x1f" } }, { NUMBERS_REFUSED, "65536", "0x10000" } },
  U32 = { { { "0" }, { "4294967295" }, { "0xffffffff" } }, { NUMBERS_REFUSED, "4294967296", "0x100000000" } },
  DSCP = { { { "0" }, { "63" }, { "0x3f" } }, { NUMBERS_REFUSED, "64", "0x40" } },
  VLAN = { { { "0" }, { "4095" }, { "0xfff" } }, { NUMBERS_REFUSED, "4096", "0x1000" } },
  ETHER_TYPE = { { { "0x600" },
		   { "65535" },
		   { "arp" },
		   { "rarp" },
		   { "ipv4" },
		   { "ipv6" },
		   { "IPv4", "ipv4" },
		   { "vlan" } },
		 { NUMBERS_REFUSED, "0x5ff", "65536", "ip" } },
  ENCAPSULATED = { { { "0x3c" }, { "0x86dd" }, { "arp" }, { "ipv4" }, { "ipv6" } },
		   { NUMBERS_REFUSED, "59", "0x10000", "ip" } },
  OPCODE = { { { "1" },
	       { "65535" },
	       { "Request" },
	       { "reply", "Reply" },
	       { "Request_Reverse" },
	       { "ARP_NAK" },
	       { "InARP_Request" },
	       { "DRARP_Error" } },
	     { NUMBERS_REFUSED, "65536", "Requests" } },
  IP_PROTOCOL = { { { "17" },
		    { "0x11" },
		    { "tcp" },
		    { "udplite" },
		    { "igmp" },
		    { "icmp" },
		    { "SCTP", "sctp" },
		    { "ah" } },
		  { NUMBERS_REFUSED, "256", "icmpv6", "gre" } },
  IPV6_PROTOCOL = { { { "58" }, { "icmpv6" }, { "tcp" }, { "udp" }, { "udplite" }, { "esp" }, { "ah" }, { "sctp" } },
		    { NUMBERS_REFUSED, "256", "icmp", "igmp" } },
  BOOLEAN = { { { "true" }, { "yes", "true" }, { "1", "true" }, { "false" }, { "no", "false" }, { "0", "false" } },
	      { "", "2", "TRUE", "on" } },
  COMMENT = { { { "" },
		{ "a 'note' with <b> & \"quotes\", $MAC" },
		{ "äöü" },
		{ "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123"
		  "456789abcdef0123456789abcdef"
		  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123"
		  "456789abcdef0123456789äöüdef" } },
	      { "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef012345"
		"6789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef012345"
		"6789abcdef0123456789abcdef+",
		"&#9;" } },
  TCP_FLAGS = { { { "SYN/SYN" },
		  { "SYN,ACK,FIN,RST/SYN" },
		  { "ALL/NONE" },
		  { "fin, syn/SYN", "SYN,FIN/SYN" },
		  { "SYN,ACK,URG,PSH,FIN,RST/ALL", "ALL/ALL" } },
		{ "", "SYN", "SYN/", "/SYN", "SYN/SYN/SYN", "SYN,NONE/SYN", "SYN ACK/SYN", "ECE/ECE" } },
  STATES = { { { "NEW" },
	       { "new,Established", "NEW,ESTABLISHED" },
	       { "INVALID, NEW", "NEW,INVALID" },
	       { "RELATED,ESTABLISHED", "ESTABLISHED,RELATED" },
	       { "NONE" } },
	     { "", "NEW,", "NEW,NONE", "OLD", "NEW ESTABLISHED" } },
  SET_NAME = { { { "office" }, { "a_b.c:d-e+f g" }, { "0123456789012345678901234567890" } },
	       { "", "01234567890123456789012345678901", "a/b", "a\"b", "ä" } },
  SET_FLAGS = { { { "src" }, { "src,dst" }, { "SRC,dst,src,src,src,src", "src,dst,src,src,src,src" } },
		{ "", "src,", "both", "src dst", "src,src,src,src,src,src,src" } };

#define ALL4 "tcp udp sctp icmp igmp esp ah udplite all"
#define ALL6 "tcp-ipv6 udp-ipv6 sctp-ipv6 icmpv6 esp-ipv6 ah-ipv6 udplite-ipv6 all-ipv6"

static const struct requirement {
	const char *id, *protocols, *names;
	const struct kind *kind;
} requirements[] = {
	{ "ATT-1", "mac", "srcmacaddr", &MAC },
	{ "ATT-2", "mac", "srcmacmask", &MAC_MASK },
	{ "ATT-3", "mac", "dstmacaddr", &MAC },
	{ "ATT-4", "mac", "dstmacmask", &MAC_MASK },
	{ "ATT-5", "mac", "protocolid", &ETHER_TYPE },
	{ "ATT-6", "mac", "comment", &COMMENT },
	{ "ATT-7", "vlan", "srcmacaddr", &MAC },
	{ "ATT-8", "vlan", "srcmacmask", &MAC_MASK },
	{ "ATT-9", "vlan", "dstmacaddr", &MAC },
	{ "ATT-10", "vlan", "dstmacmask", &MAC_MASK },
	{ "ATT-11", "vlan", "vlanid", &VLAN },
	{ "ATT-12", "vlan", "encap-protocol", &ENCAPSULATED },
	{ "ATT-13", "vlan", "comment", &COMMENT },
	{ "ATT-14", "stp", "srcmacaddr", &MAC },
	{ "ATT-15", "stp", "srcmacmask", &MAC_MASK },
	{ "ATT-16", "stp", "type", &U8 },
	{ "ATT-17", "stp", "flags", &U8 },
	{ "ATT-18", "stp", "root-priority root-priority-hi", &U16 },
	{ "ATT-19", "stp", "root-address", &MAC },
	{ "ATT-20", "stp", "root-address-mask", &MAC_MASK },
	{ "ATT-21", "stp", "root-cost root-cost-hi", &U32 },
	{ "ATT-22", "stp", "sender-priority sender-priority-hi", &U16 },
	{ "ATT-23", "stp", "sender-address", &MAC },
	{ "ATT-24", "stp", "sender-address-mask", &MAC_MASK },
	{ "ATT-25", "stp", "port port-hi", &U16 },
	{ "ATT-26", "stp", "msg-age msg-age-hi age age-hi", &U16 },
	{ "ATT-27", "stp", "max-age max-age-hi", &U16 },
	{ "ATT-28", "stp", "hello-time hello-time-hi", &U16 },
	{ "ATT-29", "stp", "forward-delay forward-delay-hi", &U16 },
	{ "ATT-30", "stp", "comment", &COMMENT },
	{ "ATT-31", "arp rarp", "srcmacaddr", &MAC },
	{ "ATT-32", "arp rarp", "srcmacmask", &MAC_MASK },
	{ "ATT-33", "arp rarp", "dstmacaddr", &MAC },
	{ "ATT-34", "arp rarp", "dstmacmask", &MAC_MASK },
	{ "ATT-35", "arp rarp", "hwtype", &U16 },
	{ "ATT-36", "arp rarp", "protocoltype", &U16 },
	{ "ATT-37", "arp rarp", "opcode", &OPCODE },
	{ "ATT-38", "arp rarp", "arpsrcmacaddr", &MAC },
	{ "ATT-39", "arp rarp", "arpdstmacaddr", &MAC },
	{ "ATT-40", "arp rarp", "arpsrcipaddr", &IPV4 },
	{ "ATT-41", "arp rarp", "arpsrcipmask", &IPV4_MASK },
	{ "ATT-42", "arp rarp", "arpdstipaddr", &IPV4 },
	{ "ATT-43", "arp rarp", "arpdstipmask", &IPV4_MASK },
	{ "ATT-44", "arp rarp", "gratuitous", &BOOLEAN },
	{ "ATT-45", "arp rarp", "comment", &COMMENT },
	{ "ATT-46", "ip", "srcmacaddr", &MAC },
	{ "ATT-47", "ip", "srcmacmask", &MAC_MASK },
	{ "ATT-48", "ip", "dstmacaddr", &MAC },
	{ "ATT-49", "ip", "dstmacmask", &MAC_MASK },
	{ "ATT-50", "ip", "srcipaddr", &IPV4 },
	{ "ATT-51", "ip", "srcipmask", &IPV4_MASK },
	{ "ATT-52", "ip", "dstipaddr", &IPV4 },
	{ "ATT-53", "ip", "dstipmask", &IPV4_MASK },
	{ "ATT-54", "ip", "protocol", &IP_PROTOCOL },
	{ "ATT-55", "ip", "srcportstart", &U16 },
	{ "ATT-56", "ip", "srcportend", &U16 },
	{ "ATT-57", "ip", "dstportstart", &U16 },
	{ "ATT-58", "ip", "dstportend", &U16 },
	{ "ATT-59", "ip", "dscp", &DSCP },
	{ "ATT-60", "ip", "comment", &COMMENT },
	{ "ATT-61", "ipv6", "srcmacaddr", &MAC },
	{ "ATT-62", "ipv6", "srcmacmask", &MAC_MASK },
	{ "ATT-63", "ipv6", "dstmacaddr", &MAC },
	{ "ATT-64", "ipv6", "dstmacmask", &MAC_MASK },
	{ "ATT-65", "ipv6", "srcipaddr", &IPV6 },
	{ "ATT-66", "ipv6", "srcipmask", &IPV6_MASK },
	{ "ATT-67", "ipv6", "dstipaddr", &IPV6 },
	{ "ATT-68", "ipv6", "dstipmask", &IPV6_MASK },
	{ "ATT-69", "ipv6", "protocol", &IPV6_PROTOCOL },
	{ "ATT-70", "ipv6", "srcportstart", &U16 },
	{ "ATT-71", "ipv6", "srcportend", &U16 },
	{ "ATT-72", "ipv6", "dstportstart", &U16 },
	{ "ATT-73", "ipv6", "dstportend", &U16 },
	{ "ATT-74", "ipv6", "type", &U8 },
	{ "ATT-75", "ipv6", "typeend", &U8 },
	{ "ATT-76", "ipv6", "code", &U8 },
	{ "ATT-77", "ipv6", "codeend", &U8 },
	{ "ATT-78", "ipv6", "comment", &COMMENT },
	{ "ATT-79", ALL4, "srcmacaddr", &MAC },
	{ "ATT-80", ALL4, "srcipaddr", &IPV4 },
	{ "ATT-81", ALL4, "srcipmask", &IPV4_MASK },
	{ "ATT-82", ALL4, "dstipaddr", &IPV4 },
	{ "ATT-83", ALL4, "dstipmask", &IPV4_MASK },
	{ "ATT-84", ALL4, "srcipfrom srcipto", &IPV4 },
	{ "ATT-85", ALL4, "dstipfrom dstipto", &IPV4 },
	{ "ATT-86", ALL4, "dscp", &DSCP },
	{ "ATT-87", ALL4, "comment", &COMMENT },
	{ "ATT-88", ALL4, "state", &STATES },
	{ "ATT-89", ALL4, "connlimit-above", &U16 },
	{ "ATT-90", ALL4, "ipset", &SET_NAME },
	{ "ATT-91", ALL4, "ipsetflags", &SET_FLAGS },
	{ "ATT-92", "tcp udp sctp", "srcportstart srcportend", &U16 },
	{ "ATT-93", "tcp udp sctp", "dstportstart dstportend", &U16 },
	{ "ATT-94", "tcp", "flags", &TCP_FLAGS },
	{ "ATT-95", "tcp", "option", &U8 },
	{ "ATT-96", "icmp", "type", &U8 },
	{ "ATT-97", "icmp", "code", &U8 },
	{ "ATT-99", ALL6, "srcmacaddr", &MAC },
	{ "ATT-100", ALL6, "srcipaddr", &IPV6 },
	{ "ATT-101", ALL6, "srcipmask", &IPV6_MASK },
	{ "ATT-102", ALL6, "dstipaddr", &IPV6 },
	{ "ATT-103", ALL6, "dstipmask", &IPV6_MASK },
	{ "ATT-104", ALL6, "srcipfrom srcipto", &IPV6 },
	{ "ATT-105", ALL6, "dstipfrom dstipto", &IPV6 },
	{ "ATT-106", ALL6, "dscp", &DSCP },
	{ "ATT-107", ALL6, "comment", &COMMENT },
	{ "ATT-108", ALL6, "state", &STATES },
	{ "ATT-109", ALL6, "connlimit-above", &U16 },
	{ "ATT-110", ALL6, "ipset", &SET_NAME },
	{ "ATT-111", ALL6, "ipsetflags", &SET_FLAGS },
	{ "ATT-112", "tcp-ipv6 udp-ipv6 sctp-ipv6", "srcportstart srcportend", &U16 },
	{ "ATT-113", "tcp-ipv6 udp-ipv6 sctp-ipv6", "dstportstart dstportend", &U16 },
	{ "ATT-114", "tcp-ipv6", "flags", &TCP_FLAGS },
	{ "ATT-115", "icmpv6", "type", &U8 },
	{ "ATT-116", "icmpv6", "code", &U8 },
};

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
