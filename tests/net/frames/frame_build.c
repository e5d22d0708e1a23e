/* Frames from words: Ethernet, ARP, BPDUs, IP and what is in it, with right lengths and checksums. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "base/text.h"
#include "frames.h"

struct making {
	char *const *words;
	bool from_guest;
	struct frame *frame;
	bool *used;
};

static void die(const struct making *m, const char *what)
{
	fprintf(stderr, "frame \"%s ...\": %s\n", m->words[0], what);
	exit(1);
}

/* The value of a key, or NULL; words that nobody asks for are mistakes. */
static const char *get(struct making *m, const char *key)
{
	size_t length = strlen(key);

	for (size_t i = 1; m->words[i]; i++) {
		if (!starts_with(m->words[i], key) || m->words[i][length] != '=')
			continue;
		m->used[i] = true;
		return m->words[i] + length + 1;
	}
	return NULL;
}

static unsigned long number(struct making *m, const char *key, unsigned long fallback)
{
	const char *s = get(m, key);
	char *end;

	if (!s)
		return fallback;

	unsigned long value = strtoul(s, &end, 0);
	if (*end && *end != '+')
		die(m, key);
	return value;
}

static void put(struct making *m, const void *data, size_t n)
{
	memcpy(m->frame->data + m->frame->n, data, n);
	m->frame->n += n;
}

static void put_number(struct making *m, unsigned long value, size_t bytes)
{
	for (size_t i = bytes; i > 0; i--)
		m->frame->data[m->frame->n++] = (uint8_t)(value >> (8 * (i - 1)));
}

static void put_mac(struct making *m, const char *key, const char *fallback)
{
	const char *s = get(m, key);
	unsigned b[6];

	if (sscanf(s ? s : fallback, "%x:%x:%x:%x:%x:%x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) != 6)
		die(m, key);
	for (size_t i = 0; i < 6; i++)
		put_number(m, b[i], 1);
}

static void put_address(struct making *m, int family, const char *key, const char *fallback)
{
	const char *s = get(m, key);
	uint8_t address[16];

	if (inet_pton(family, s ? s : fallback, address) != 1)
		die(m, key);
	put(m, address, family == AF_INET ? 4 : 16);
}

static const char *mine(const struct making *m, bool sender, const char *guest, const char *lan)
{
	return m->from_guest == sender ? guest : lan;
}

/* --- checksums --- */

static uint32_t sum(uint32_t start, const uint8_t *data, size_t n)
{
	for (size_t i = 0; i < n; i++)
		start += (uint32_t)data[i] << (i % 2 ? 0 : 8);
	return start;
}

static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static void set16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* --- what is in IP --- */

struct transport {
	const char *name;
	unsigned protocol;
	int checksum_at; /* -1: none */
	bool pseudo;     /* the addresses count in it */
};

static const struct transport transports[] = {
	{ "icmp6", 58, 2, true }, /* before the one whose name begins it */
	{ "tcp", 6, 16, true },   { "udp", 17, 6, true },  { "udplite", 136, 6, true }, { "sctp", 132, -1, false },
	{ "icmp", 1, 2, false },  { "igmp", 2, 2, false }, { "esp", 50, -1, false },    { "ah", 51, -1, false },
};

static unsigned tcp_flags(struct making *m)
{
	static const char *const names[] = { "fin", "syn", "rst", "psh", "ack", "urg" };
	const char *s = get(m, "flags");
	unsigned flags = 0;

	if (!s)
		return 0x02;
	for (size_t i = 0; i < ELEMENTS(names); i++)
		if (strstr(s, names[i]))
			flags |= 1u << i;
	return flags;
}

static void put_tcp(struct making *m)
{
	unsigned option = (unsigned)number(m, "opt", 0);

	put_number(m, number(m, "seq", 1000), 4);
	put_number(m, number(m, "ack", 0), 4);
	put_number(m, option ? 0x60 : 0x50, 1);
	put_number(m, tcp_flags(m), 1);
	put_number(m, 65000, 2);
	put_number(m, 0, 4);
	if (option)
		put_number(m, option << 24 | 4u << 16 | 0x0101, 4);
}

static bool more_follow(struct making *m)
{
	const char *s = get(m, "frag");

	return s && ends_with(s, "+");
}

static void put_transport(struct making *m, const struct transport *t)
{
	if (streq(t->name, "icmp") || streq(t->name, "icmp6")) {
		put_number(m, number(m, "type", streq(t->name, "icmp") ? 8 : 128), 1);
		put_number(m, number(m, "code", 0), 1);
		put_number(m, 0, 2);
		put_number(m, number(m, "id", 1), 2);
		put_number(m, number(m, "seq", 1), 2);
		if (get(m, "target"))
			put_address(m, AF_INET6, "target", NULL);
	} else if (streq(t->name, "igmp")) {
		put_number(m, number(m, "type", 0x16), 1);
		put_number(m, 0, 3);
		put_number(m, 0xe0000105, 4);
	} else if (streq(t->name, "esp")) {
		put_number(m, number(m, "spi", 256), 4);
		put_number(m, 1, 4);
	} else if (streq(t->name, "ah")) {
		put_number(m, 59 << 24 | 4u << 16, 4);
		put_number(m, number(m, "spi", 256), 4);
		put_number(m, 1, 4);
		put_number(m, 0, 12);
	} else {
		put_number(m, number(m, "sport", m->from_guest ? 40000 : 50000), 2);
		put_number(m, number(m, "dport", 80), 2);
	}
	if (streq(t->name, "tcp")) {
		put_tcp(m);
	} else if (streq(t->name, "udp") || streq(t->name, "udplite")) {
		/* One that is sent in two fragments is as long as both. */
		put_number(m, more_follow(m) ? 8 + 8 + 16 : 8 + 4, 2);
		put_number(m, 0, 2);
		if (more_follow(m))
			put_number(m, 0, 4);
	} else if (streq(t->name, "sctp")) {
		put_number(m, 0, 4);
		put_number(m, 0, 4);
		put_number(m, 0x01000014, 4); /* INIT */
		put_number(m, 1, 4);
		put_number(m, 65000, 4);
		put_number(m, 0x00010001, 4);
		put_number(m, 1, 4);
		return;
	}
	put_number(m, 0x6b766d63, 4);
}

static void put_checksum(struct making *m, const struct transport *t, size_t addresses, size_t address_bytes, size_t at)
{
	uint8_t *data = m->frame->data + at;
	size_t n = m->frame->n - at;
	uint32_t s = 0;

	if (t->checksum_at < 0)
		return;
	if (t->pseudo)
		s = sum(sum(0, m->frame->data + addresses, address_bytes), (uint8_t[]){ 0, (uint8_t)t->protocol }, 2) +
		    (uint32_t)n;
	set16(data + t->checksum_at, fold(sum(s, data, n)));
}

static const struct transport *transport(const char *name)
{
	size_t length = strlen(name);

	if (streq(name, "ip") || streq(name, "ip6"))
		return NULL;
	for (size_t i = 0; i < ELEMENTS(transports); i++)
		if (streq(transports[i].name, name) ||
		    (length == strlen(transports[i].name) + 1 && starts_with(name, transports[i].name) &&
		     name[length - 1] == '6'))
			return &transports[i];
	return NULL;
}

static void put_inside(struct making *m, const struct transport *t, bool rest)
{
	if (t && !rest)
		put_transport(m, t);
	else
		for (size_t i = 0; i < 4; i++) {
			/* Of a later fragment: what could be taken for ports. */
			put_number(m, number(m, "sport", 80), 2);
			put_number(m, number(m, "dport", 80), 2);
		}
}

static unsigned fragment(struct making *m)
{
	const char *s = get(m, "frag");
	unsigned long offset = number(m, "frag", 0);

	return (unsigned)(offset / 8) | (s && ends_with(s, "+") ? 0x2000u : 0);
}

static void put_ipv4(struct making *m, const struct transport *t)
{
	size_t start = m->frame->n;
	unsigned frag = fragment(m);

	put_number(m, 0x45, 1);
	put_number(m, number(m, "dscp", 0) << 2, 1);
	put_number(m, 0, 2);
	put_number(m, number(m, "ipid", 7), 2);
	put_number(m, frag, 2);
	put_number(m, 64, 1);
	put_number(m, t ? t->protocol : number(m, "proto", 253), 1);
	put_number(m, 0, 2);
	put_address(m, AF_INET, "src", mine(m, true, GUEST_IP, LAN_IP));
	put_address(m, AF_INET, "dst", mine(m, false, GUEST_IP, LAN_IP));
	put_inside(m, t, frag & 0x1fff);
	if (t && !(frag & 0x1fff))
		put_checksum(m, t, start + 12, 8, start + 20);
	set16(m->frame->data + start + 2, (uint16_t)(m->frame->n - start));
	set16(m->frame->data + start + 10, fold(sum(0, m->frame->data + start, 20)));
}

static void put_ipv6(struct making *m, const struct transport *t)
{
	size_t start = m->frame->n, inside;
	const char *extension = get(m, "ext");
	unsigned protocol = t ? t->protocol : (unsigned)number(m, "proto", 253), frag = fragment(m);

	put_number(m, 0x60000000 | number(m, "dscp", 0) << 22, 4);
	put_number(m, 0, 2);
	put_number(m, frag ? 44 : !extension ? protocol : streq(extension, "hop") ? 0 : 60, 1);
	put_number(m, number(m, "hops", 255), 1);
	put_address(m, AF_INET6, "src", mine(m, true, GUEST_IPV6, LAN_IPV6));
	put_address(m, AF_INET6, "dst", mine(m, false, GUEST_IPV6, LAN_IPV6));
	if (frag) {
		put_number(m, protocol << 24 | (frag & 0x1fff) << 3 | frag >> 13, 4);
		put_number(m, number(m, "ipid", 7), 4);
	} else if (extension) {
		put_number(m, protocol << 24 | 0x0104, 4);
		put_number(m, 0, 4);
	}
	inside = m->frame->n;
	put_inside(m, t, frag & 0x1fff);
	if (t && !(frag & 0x1fff))
		put_checksum(m, t, start + 8, 32, inside);
	set16(m->frame->data + start + 4, (uint16_t)(m->frame->n - start - 40));
}

/* --- what is in Ethernet --- */

static void put_arp(struct making *m, bool reverse)
{
	put_number(m, number(m, "hw", 1), 2);
	put_number(m, number(m, "proto", 0x0800), 2);
	put_number(m, number(m, "hlen", 6), 1);
	put_number(m, number(m, "plen", 4), 1);
	put_number(m, number(m, "op", reverse ? 3 : 1), 2);
	put_mac(m, "sha", mine(m, true, GUEST_MAC, LAN_MAC));
	put_address(m, AF_INET, "spa", mine(m, true, GUEST_IP, LAN_IP));
	put_mac(m, "tha", "00:00:00:00:00:00");
	put_address(m, AF_INET, "tpa", mine(m, false, GUEST_IP, LAN_IP));
}

static void put_bpdu(struct making *m)
{
	put_number(m, 0x424203, 3);
	put_number(m, 0, 2);
	put_number(m, number(m, "version", 0), 1);
	put_number(m, number(m, "btype", 0), 1);
	put_number(m, number(m, "bflags", 0), 1);
	put_number(m, number(m, "rprio", 0x8000), 2);
	put_mac(m, "raddr", "52:54:00:00:0a:0a");
	put_number(m, number(m, "rcost", 100), 4);
	put_number(m, number(m, "sprio", 0x8000), 2);
	put_mac(m, "saddr", "52:54:00:00:0b:0b");
	put_number(m, number(m, "port", 0x8001), 2);
	put_number(m, number(m, "age", 256), 2);
	put_number(m, number(m, "maxage", 5120), 2);
	put_number(m, number(m, "hello", 512), 2);
	put_number(m, number(m, "delay", 3840), 2);
}

static void put_ether(struct making *m, unsigned type)
{
	bool bpdu = streq(m->words[0], "stp");
	const char *arp =
		starts_with(m->words[0], "rarp") || starts_with(m->words[0], "arp") ? "ff:ff:ff:ff:ff:ff" : NULL;

	put_mac(m, "edst", bpdu ? "01:80:c2:00:00:00" : arp ? arp : mine(m, false, GUEST_MAC, LAN_MAC));
	put_mac(m, "esrc", mine(m, true, GUEST_MAC, LAN_MAC));
	if (get(m, "vlan")) {
		put_number(m, number(m, "outer", 0x8100), 2);
		put_number(m, number(m, "vlan", 0), 2);
	}
	put_number(m, type, 2);
}

void frame_build(char *const *words, bool from_guest, struct frame *ret)
{
	bool used[64] = { true };
	struct making m = { .words = words, .from_guest = from_guest, .frame = ret, .used = used };
	const char *kind = words[0];
	const struct transport *t = transport(kind);
	bool ipv6 = ends_with(kind, "6");

	memset(ret, 0, sizeof(*ret));
	if (streq(kind, "eth")) {
		put_ether(&m, (unsigned)number(&m, "type", 0x88b5));
	} else if (streq(kind, "arp") || streq(kind, "rarp")) {
		put_ether(&m, *kind == 'r' ? 0x8035 : 0x0806);
		put_arp(&m, *kind == 'r');
	} else if (streq(kind, "stp")) {
		put_ether(&m, 38);
		put_bpdu(&m);
	} else if (t || streq(kind, "ip") || streq(kind, "ip6")) {
		put_ether(&m, ipv6 ? 0x86dd : 0x0800);
		if (ipv6)
			put_ipv6(&m, t);
		else
			put_ipv4(&m, t);
	} else {
		die(&m, "no such kind");
	}
	if (ret->n < 60)
		ret->n = 60;
	for (size_t i = 1; words[i]; i++)
		if (!used[i])
			die(&m, words[i]);
}

int frame_open_tap(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
		case_die(name, strerror(errno), NULL);
	return fd;
}
