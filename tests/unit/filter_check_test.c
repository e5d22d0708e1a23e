/* Warnings about filters that are valid: what has no effect, and where libvirt does something else. Libvirt's own
 * way of writing is warned of nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "vm/filter_check.h"
#include "vm/filter_xml.h"

#define IN(chain, rule) "<filter name='x' " chain ">" rule "</filter>"
#define RULE(node) "<rule action='drop' direction='in'>" node "</rule>"

static const struct {
	const char *text, *warning; /* NULL: none */
} cases[] = {
	/* NWF-37: only frames of its protocol come into a chain. */
	{ IN("chain='arp'", RULE("<ip/>")),
	  "line 1: this can never match: only frames of arp come into the chain \"arp\"" },
	{ IN("chain='ipv4-x'", RULE("<ipv6/>")), "only frames of ipv4" },
	{ IN("chain='vlan'", RULE("<ip/>")), "only frames of vlan" },
	{ IN("chain='ipv4'", RULE("<vlan/>")), "only frames of ipv4" },
	{ IN("chain='rarp'", RULE("<arp/>")), "only frames of rarp" },
	{ IN("chain='stp'", RULE("<stp/>")), "libvirt 9.0 gives it 0" },
	{ IN("chain='stp' priority='-810'", RULE("<stp/>")), NULL },
	{ IN("chain='arp'", RULE("<arp/>")), NULL },
	{ IN("chain='arp'", RULE("")), NULL },
	{ IN("chain='arp'", RULE("<mac srcmacaddr='$MAC'/>")), NULL },
	{ IN("chain='arp'", RULE("<mac protocolid='arp'/>")), NULL },
	{ IN("chain='arp'", RULE("<mac protocolid='ipv4'/>")), "only frames of arp" },
	{ IN("chain='arp'", RULE("<mac match='no' protocolid='ipv4'/>")), NULL },
	{ IN("chain='arp'", RULE("<mac match='no' protocolid='arp'/>")), "only frames of arp" },
	{ IN("chain='arp'", RULE("<mac protocolid='$P'/>")), NULL },
	{ IN("chain='mac'", RULE("<ip/>")), NULL },
	{ IN("chain='root'", RULE("<ip/>") RULE("<vlan/>") RULE("<tcp/>")), NULL },
	/* NWF-40: for these the chain says nothing. */
	{ IN("chain='ipv4'", RULE("<tcp/>") RULE("<udp/>")),
	  "the chain \"ipv4\" has no effect on rules of protocols as \"tcp\" (2 rules)" },
	{ IN("priority='5'", ""), "the priority of the chain root has no effect" },
	{ IN("chain='root' priority='5'", ""), "the priority of the chain root has no effect" },
	/* NWF-43 NWF-45: actions that a layer does not have. */
	{ IN("", "<rule action='reject' direction='in'><ip/></rule>"), "reject is drop here" },
	{ IN("", "<rule action='reject' direction='in'/>"), "reject is drop here" },
	{ IN("", "<rule action='reject' direction='in'><tcp/></rule>"), NULL },
	{ IN("", "<rule action='continue' direction='in'><ip/></rule>"), NULL },
	{ IN("", "<rule action='continue' direction='in'><tcp/></rule>"), "continue has no effect" },
	/* NWF-53 NWF-54: masks that libvirt refuses. */
	{ IN("", RULE("<mac dstmacaddr='01:00:00:00:00:00' dstmacmask='01:00:00:00:00:00'/>")),
	  "libvirt refuses such a mask" },
	{ IN("", RULE("<ip srcipaddr='10.0.0.1' srcipmask='255.0.0.255'/>")), "libvirt refuses such a mask" },
	{ IN("", RULE("<ip srcipaddr='10.0.0.1' srcipmask='255.0.0.0'/>")), NULL },
	/* NWF-51 */
	{ IN("", RULE("<tcp match='no' dstportstart='80'/>")), "libvirt forgets it" },
	{ IN("", RULE("<tcp match='no' srcportstart='1' dstportstart='80'/>")), NULL },
	{ IN("", RULE("<ip match='no' protocol='tcp' dstportstart='80'/>")), NULL },
	/* ATT-12 ATT-41 ATT-59 ATT-94 ATT-96 ATT-90 NWF-58 */
	{ IN("", RULE("<vlan encap-protocol='arp'/>")), "in libvirt it never does" },
	{ IN("", RULE("<arp arpsrcipaddr='1.2.3.4' arpsrcipmask='8' arpdstipaddr='1.2.3.4'/>")),
	  "libvirt takes it for arpdstipaddr as well" },
	{ IN("", RULE("<ip dscp='3'/>")), "libvirt compares them with the whole byte" },
	{ IN("", RULE("<tcp dscp='3'/>")), NULL },
	{ IN("", RULE("<tcp flags='SYN/ACK'/>")), "a flag is not in the mask" },
	{ IN("", RULE("<tcp flags='SYN,ACK/SYN'/>")), NULL },
	{ IN("", "<rule action='accept' direction='inout'><icmp type='8'/></rule>"), "libvirt makes no rule of it" },
	{ IN("", "<rule action='accept' direction='out'><icmp type='8'/></rule>"), NULL },
	{ IN("", "<rule action='accept' direction='inout'><icmp/></rule>"), NULL },
	{ IN("", RULE("<ipv6 protocol='icmpv6' type='136' ndtargetaddr='$IPV6'/>")), "libvirt passes over it" },
	{ IN("", RULE("<tcp ipset='office' ipsetflags='src'/>")), "cannot look into sets of ipset(8)" },
};

static void each_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_filter_ struct filter *filter = NULL;
		_cleanup_problems_ struct problems warnings = { 0 };
		_cleanup_error_ struct error err = ERROR_INIT;

		if (filter_from_xml(cases[i].text, strlen(cases[i].text), "test", &filter, &err) < 0)
			fail_msg("%s: %s", cases[i].text, err.message);
		filter_check(filter, &warnings);
		if (warnings.n != (cases[i].warning ? 1 : 0))
			fail_msg("%s: %zu warnings: %s", cases[i].text, warnings.n,
				 warnings.n ? warnings.list[0].message : "");
		if (warnings.n == 0)
			continue;
		_cleanup_free_ char *got = xprintf("%s: %s", warnings.list[0].path, warnings.list[0].message);
		if (!strstr(got, cases[i].warning))
			fail_msg("%s: %s, not %s", cases[i].text, got, cases[i].warning);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_case) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
