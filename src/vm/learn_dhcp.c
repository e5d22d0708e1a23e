/* What servers give, and guests give back. */
#include "vm/learn_dhcp.h"

#include <string.h>

/* --- DHCP --- */

/* Where things stand in the message. */
enum { OP = 0, HTYPE = 1, HLEN = 2, CIADDR = 12, YIADDR = 16, CHADDR = 28, COOKIE = 236, OPTIONS = 240 };
enum { BOOTREQUEST = 1, BOOTREPLY = 2 };
enum { OPTION_PAD = 0, OPTION_REQUESTED = 50, OPTION_LEASE = 51, OPTION_TYPE = 53, OPTION_END = 255 };
enum { DECLINE = 4, ACK = 5, RELEASE = 7 };

struct dhcp {
	int type; /* 0: none */
	bool has_lease;
	uint32_t lease;
	const uint8_t *requested; /* NULL: none */
};

static void take_option(struct dhcp *dhcp, int code, const uint8_t *value, size_t length)
{
	if (code == OPTION_TYPE && length == 1)
		dhcp->type = value[0];
	else if (code == OPTION_REQUESTED && length == 4)
		dhcp->requested = value;
	else if (code == OPTION_LEASE && length == 4) {
		dhcp->has_lease = true;
		dhcp->lease = learn_u32(value);
	}
}

/* False: they are cut off, so nothing in them counts. */
static bool read_options(const uint8_t *at, size_t left, struct dhcp *ret)
{
	while (left > 0 && *at != OPTION_END) {
		if (*at == OPTION_PAD) {
			at++, left--;
			continue;
		}
		if (left < 2 || left - 2 < at[1])
			return false;
		take_option(ret, at[0], at + 2, at[1]);
		left -= 2 + (size_t)at[1];
		at += 2 + at[1];
	}
	return left > 0;
}

void learn_dhcp(const uint8_t *data, size_t length, bool from_guest, const uint8_t mac[6], struct learn_frame *ret)
{
	static const uint8_t cookie[] = { 99, 130, 83, 99 };
	struct dhcp dhcp = { 0 };
	const uint8_t *given_back;

	if (length < OPTIONS || data[OP] != (from_guest ? BOOTREQUEST : BOOTREPLY) || data[HTYPE] != 1 ||
	    data[HLEN] != 6 || memcmp(data + CHADDR, mac, 6) != 0 || memcmp(data + COOKIE, cookie, 4) != 0 ||
	    !read_options(data + OPTIONS, length - OPTIONS, &dhcp))
		return;
	if (!from_guest) {
		/* The answer to an INFORM has no address and no lease. */
		if (dhcp.type == ACK && dhcp.has_lease && dhcp.lease > 0 && learn_ipv4_is_sane(data + YIADDR)) {
			ret->kind = LEARN_LEASE;
			learn_frame_add(ret, data + YIADDR, false, dhcp.lease);
		}
		return;
	}
	given_back = dhcp.type == RELEASE ? data + CIADDR : dhcp.type == DECLINE ? dhcp.requested : NULL;
	if (given_back && learn_ipv4_is_sane(given_back)) {
		ret->kind = LEARN_RELEASE;
		learn_frame_add(ret, given_back, false, 0);
	}
}

/* --- DHCPv6 --- */

enum { V6_REPLY = 7, V6_RELEASE = 8, V6_DECLINE = 9 };
enum { V6_IA_NA = 3, V6_IA_TA = 4, V6_IAADDR = 5 };
enum { V6_HEADER = 4, IA_NA_HEADER = 12, IA_TA_HEADER = 4, IAADDR_HEADER = 24, IAADDR_VALID = 20 };

/* The next option, or false: no more, or it is cut off. */
static bool next_option(const uint8_t **at, size_t *left, int *ret_code, const uint8_t **ret_value, size_t *ret_length)
{
	if (*left < 4 || *left - 4 < learn_u16(*at + 2))
		return false;
	*ret_code = learn_u16(*at);
	*ret_length = learn_u16(*at + 2);
	*ret_value = *at + 4;
	*left -= 4 + *ret_length;
	*at += 4 + *ret_length;
	return true;
}

/* Addresses of one association. */
static void read_association(const uint8_t *at, size_t left, struct learn_frame *ret)
{
	const uint8_t *value;
	size_t length;
	int code;

	while (next_option(&at, &left, &code, &value, &length))
		if (code == V6_IAADDR && length >= IAADDR_HEADER && learn_ipv6_is_sane(value) &&
		    !(value[0] == 0xfe && (value[1] & 0xc0) == 0x80))
			learn_frame_add(ret, value, true, learn_u32(value + IAADDR_VALID));
}

void learn_dhcpv6(const uint8_t *data, size_t length, bool from_guest, struct learn_frame *ret)
{
	const uint8_t *at = data + V6_HEADER, *value;
	size_t left = length - V6_HEADER, value_length;
	int code;

	if (length < V6_HEADER)
		return;
	if (from_guest ? data[0] != V6_RELEASE && data[0] != V6_DECLINE : data[0] != V6_REPLY)
		return;
	while (next_option(&at, &left, &code, &value, &value_length)) {
		size_t header = code == V6_IA_NA ? IA_NA_HEADER : IA_TA_HEADER;

		if ((code == V6_IA_NA || code == V6_IA_TA) && value_length >= header)
			read_association(value + header, value_length - header, ret);
	}
	if (ret->n > 0)
		ret->kind = from_guest ? LEARN_RELEASE : LEARN_LEASE;
}
