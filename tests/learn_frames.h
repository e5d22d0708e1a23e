/* Frames that say whose addresses are whose, built by hand: for the unit tests and the fuzzer's corpus. */
#ifndef KVMCTL_TESTS_LEARN_FRAMES_H
#define KVMCTL_TESTS_LEARN_FRAMES_H

#include <arpa/inet.h>
#include <string.h>

#include "base/cleanup.h"
#include "vm/learn_frame.h"

static const uint8_t guest_mac[6] = { 0x52, 0x54, 0, 0, 0, 1 }, other_mac[6] = { 0x52, 0x54, 0, 0, 0, 2 };

struct bytes {
	uint8_t data[1600];
	size_t n;
};

static inline void put(struct bytes *frame, const void *bytes, size_t n)
{
	memcpy(frame->data + frame->n, bytes, n);
	frame->n += n;
}

static inline void put_u8(struct bytes *frame, unsigned value)
{
	frame->data[frame->n++] = (uint8_t)value;
}

static inline void put_u16(struct bytes *frame, unsigned value)
{
	put_u8(frame, value >> 8);
	put_u8(frame, value);
}

static inline void put_u32(struct bytes *frame, uint32_t value)
{
	put_u16(frame, value >> 16);
	put_u16(frame, value & 0xffff);
}

static inline void put_address(struct bytes *frame, const char *text)
{
	uint8_t bytes[16];

	if (strchr(text, ':')) {
		inet_pton(AF_INET6, text, bytes);
		put(frame, bytes, 16);
	} else {
		inet_pton(AF_INET, text, bytes);
		put(frame, bytes, 4);
	}
}

static inline struct bytes ethernet(const uint8_t *from, const uint8_t *to, unsigned type)
{
	struct bytes frame = { .n = 0 };

	put(&frame, to, 6);
	put(&frame, from, 6);
	put_u16(&frame, type);
	return frame;
}

static inline struct bytes arp(const uint8_t *from, unsigned operation, const char *sender, const char *target)
{
	struct bytes frame = ethernet(from, other_mac, 0x0806);

	put_u16(&frame, 1);
	put_u16(&frame, 0x0800);
	put_u16(&frame, 0x0604);
	put_u16(&frame, operation);
	put(&frame, from, 6);
	put_address(&frame, sender);
	put(&frame, other_mac, 6);
	put_address(&frame, target);
	return frame;
}

/* Of the IPv4 header that begins there. */
static inline void put_checksum(struct bytes *frame, size_t at)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < 20; i += 2)
		sum += (uint32_t)(frame->data[at + i] << 8 | frame->data[at + i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	frame->data[at + 10] = (uint8_t)(~sum >> 8);
	frame->data[at + 11] = (uint8_t)~sum;
}

/* IPv4 with UDP and a payload. */
static inline struct bytes udp(const uint8_t *from, const uint8_t *to, const char *source, const char *destination,
			       unsigned source_port, unsigned destination_port, const struct bytes *payload)
{
	struct bytes frame = ethernet(from, to, 0x0800);

	put_u16(&frame, 0x4500);
	put_u16(&frame, (unsigned)(28 + payload->n));
	put_u32(&frame, 0);
	put_u16(&frame, 64 << 8 | 17);
	put_u16(&frame, 0);
	put_address(&frame, source);
	put_address(&frame, destination);
	put_checksum(&frame, 14);
	put_u16(&frame, source_port);
	put_u16(&frame, destination_port);
	put_u16(&frame, (unsigned)(8 + payload->n));
	put_u16(&frame, 0);
	put(&frame, payload->data, payload->n);
	return frame;
}

/* type 0: no options but the lease and the end. lease 0: none. */
static inline struct bytes dhcp(unsigned operation, unsigned type, const uint8_t *chaddr, const char *ciaddr,
				const char *yiaddr, const char *requested, uint32_t lease)
{
	struct bytes frame = { .n = 0 };

	put_u32(&frame, operation << 24 | 0x010600);
	put_u32(&frame, 0x12345678);
	put_u32(&frame, 0);
	put_address(&frame, ciaddr);
	put_address(&frame, yiaddr);
	put_u32(&frame, 0);
	put_u32(&frame, 0);
	put(&frame, chaddr, 6);
	frame.n = 236;
	put_u32(&frame, 0x63825363);
	if (type) {
		put_u16(&frame, 53 << 8 | 1);
		put_u8(&frame, type);
	}
	put_u8(&frame, 0);
	if (requested) {
		put_u16(&frame, 50 << 8 | 4);
		put_address(&frame, requested);
	}
	if (lease) {
		put_u16(&frame, 51 << 8 | 4);
		put_u32(&frame, lease);
	}
	put_u8(&frame, 255);
	return frame;
}

static inline struct bytes ipv6(const uint8_t *from, const uint8_t *to, const char *source, const char *destination,
				unsigned next, unsigned hops, const struct bytes *payload)
{
	struct bytes frame = ethernet(from, to, 0x86dd);

	put_u32(&frame, 0x60000000);
	put_u16(&frame, (unsigned)payload->n);
	put_u8(&frame, next);
	put_u8(&frame, hops);
	put_address(&frame, source);
	put_address(&frame, destination);
	put(&frame, payload->data, payload->n);
	return frame;
}

/* Neighbour solicitation (135) or advertisement (136). */
static inline struct bytes neighbour(const uint8_t *from, unsigned type, const char *source, const char *target)
{
	static const uint8_t multicast[6] = { 0x33, 0x33, 0, 0, 0, 1 };
	struct bytes icmp = { .n = 0 };

	put_u32(&icmp, type << 24);
	put_u32(&icmp, 0);
	put_address(&icmp, target);
	return ipv6(from, multicast, source, "ff02::1", 58, 255, &icmp);
}

/* A DHCPv6 message with one association of one or two addresses. */
static inline struct bytes dhcpv6(unsigned type, const char *first, uint32_t first_valid, const char *second,
				  uint32_t second_valid)
{
	struct bytes frame = { .n = 0 };

	put_u32(&frame, type << 24 | 0x123456);
	put_u16(&frame, 1);
	put_u16(&frame, 4);
	put_u32(&frame, 0x00030001);
	put_u16(&frame, 3);
	put_u16(&frame, 12 + 28 + (second ? 28 : 0));
	put_u32(&frame, 1);
	put_u32(&frame, 0);
	put_u32(&frame, 0);
	for (int i = 0; i < (second ? 2 : 1); i++) {
		put_u16(&frame, 5);
		put_u16(&frame, 24);
		put_address(&frame, i ? second : first);
		put_u32(&frame, i ? second_valid : first_valid);
		put_u32(&frame, i ? second_valid : first_valid);
	}
	return frame;
}

static inline struct bytes dhcpv6_frame(const uint8_t *from, const uint8_t *to, const char *source, bool from_client,
					const struct bytes *message)
{
	struct bytes segment = { .n = 0 };

	put_u16(&segment, from_client ? 546 : 547);
	put_u16(&segment, from_client ? 547 : 546);
	put_u16(&segment, (unsigned)(8 + message->n));
	put_u16(&segment, 0);
	put(&segment, message->data, message->n);
	return ipv6(from, to, source, "fe80::99", 17, 64, &segment);
}

#endif
