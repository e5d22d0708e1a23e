/* Messages of DHCP (RFC 2131) and DHCPv6 (RFC 8415), from behind their UDP header. */
#ifndef KVMCTL_VM_LEARN_DHCP_H
#define KVMCTL_VM_LEARN_DHCP_H

#include "vm/learn_frame.h"

void learn_dhcp(const uint8_t *data, size_t length, bool from_guest, const uint8_t mac[6], struct learn_frame *ret);
void learn_dhcpv6(const uint8_t *data, size_t length, bool from_guest, struct learn_frame *ret);

/* An address that one guest can have for itself: no multicast, no loopback, and, of IPv4, none that it chose for want of a server. */
bool learn_ipv4_is_sane(const uint8_t *bytes);
bool learn_ipv6_is_sane(const uint8_t *bytes);
void learn_frame_add(struct learn_frame *frame, const uint8_t *bytes, bool ipv6, uint32_t seconds);

static inline uint16_t learn_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t learn_u32(const uint8_t *at)
{
	return (uint32_t)learn_u16(at) << 16 | learn_u16(at + 2);
}

#endif
