/* A packet in words, to ask what a filter would do with it:
 *
 *   tcp 10.0.0.5:1024 > 10.0.0.9:80 flags syn,ack state established answer
 *   icmpv6 fe80::1 > ff02::1 type 134 in
 *   arp request who 10.0.0.9 tell 10.0.0.5 mac 52:54:00:00:00:01 > ff:ff:ff:ff:ff:ff
 *
 * A protocol, from where to where, then words in any order; kvmctl-filters(7) has all of them. What a rule can ask for is held by the
 * attribute that asks for it, so that each word of a filter is one here too. Pure. */
#ifndef KVMCTL_VM_FILTER_PACKET_H
#define KVMCTL_VM_FILTER_PACKET_H

#include "vm/filter_model.h"

#define FILTER_PACKET_MAX 4096                      /* characters */
#define FILTER_PACKET_GUEST_MAC "02:00:00:00:00:01" /* when nobody knows it */

enum packet_has {
	PACKET_ABSENT, /* the packet has no such field: nothing that is asked of it is true */
	PACKET_ANY,    /* there are such bits, but they mean nothing: unlike whatever is asked for */
	PACKET_KNOWN
};

struct packet_field {
	enum packet_has has;
	uint8_t value[16]; /* a big-endian number, at the end */
};

struct filter_packet {
	enum filter_direction direction; /* FILTER_OUT: from the guest; FILTER_IN */
	enum filter_protocol
		protocol; /* of layer NETWORK; of layer LINK for ARP, RARP, STP, IP, IPV6 (a number of IP) and MAC */
	enum filter_family family; /* of IP packets */
	bool tagged;
	unsigned tag_type;   /* 0x8100, or of another tag */
	unsigned ether_type; /* behind the tag; below 0x600 it is a length */
	bool later_fragment;
	int64_t hlen, plen;  /* of ARP */
	unsigned state;      /* enum filter_state, one of them; 0: not tracked */
	bool answer;         /* it goes against the direction in which its connection began */
	int64_t connections; /* that its source has, this one among them */
	struct packet_field fields[FILTER_ATTRIBUTE_MAX];
	/* Whether an address (4 or 16 bytes, by the family) is of a member of that security group; NULL: none is. */
	bool (*is_member)(void *arg, const char *group, const uint8_t *address);
	void *is_member_arg;
};

/* What is not said about a packet. */
struct filter_packet_defaults {
	const char *mac; /* the guest's; NULL: one that is made up */
};

/* ERROR_USAGE, with an example as the hint. */
int filter_packet_parse(const char *text, const struct filter_packet_defaults *defaults, struct filter_packet *ret,
			struct error *err);
/* In words, with all that was not said: it can be read back to the same packet. Owned by the caller. */
char *filter_packet_text(const struct filter_packet *packet);
/* In the same words, what a frame's headers say, each as far as it is there. Owned by the caller. */
char *filter_packet_from_headers(const uint8_t *link, size_t link_n, const uint8_t *network, size_t network_n,
				 const uint8_t *transport, size_t transport_n);
/* The ether type that stands behind the MAC addresses: the tag's when there is one. */
static inline unsigned filter_packet_outer_type(const struct filter_packet *packet)
{
	return packet->tagged ? packet->tag_type : packet->ether_type;
}

#endif
