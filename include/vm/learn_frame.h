/* What a captured frame says of the addresses that a guest has. Pure: bytes that anybody may have made go in. */
#ifndef KVMCTL_VM_LEARN_FRAME_H
#define KVMCTL_VM_LEARN_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct learn_address {
	bool ipv6;
	uint8_t bytes[16]; /* network order; IPv4: the first four, the others 0 */
};

enum learn_kind {
	LEARN_NOTHING,
	LEARN_SENDER,  /* the guest sends IPv4, or ARP, from that address */
	LEARN_LEASE,   /* a server gives it addresses, or (0 seconds) takes them back */
	LEARN_RELEASE, /* the guest gives them back, or declines them */
	LEARN_PROBE,   /* the guest asks whether somebody has that IPv6 address: it is about to take it */
	LEARN_CLAIM,   /* the guest speaks to its neighbours as that IPv6 address */
	LEARN_TAKEN,   /* somebody else has that IPv6 address, or is about to take it */
};

#define LEARN_FOREVER UINT32_MAX /* seconds of a lease: as DHCP and DHCPv6 have it */
#define LEARN_FRAME_ADDRESSES 8  /* looked at in one frame */

struct learn_frame {
	enum learn_kind kind;
	struct learn_address server; /* LEASE: who sent it */
	size_t n;
	struct {
		struct learn_address address;
		uint32_t seconds; /* LEASE */
	} list[LEARN_FRAME_ADDRESSES];
};

/* An Ethernet frame, which may be cut off at its end. from_guest: else somebody sends it to the guest. What the guest sends from another
 * MAC than its own says nothing, nor does what has a VLAN tag. */
enum learn_kind learn_frame_parse(const uint8_t *data, size_t length, bool from_guest, const uint8_t mac[6],
				  struct learn_frame *ret);

bool learn_address_equal(const struct learn_address *a, const struct learn_address *b);
bool learn_address_is_link_local(const struct learn_address *address);
/* As inet_pton(3) and inet_ntop(3). text: 46 bytes at least. */
bool learn_address_read(const char *text, struct learn_address *ret);
const char *learn_address_write(const struct learn_address *address, char text[46]);

#endif
