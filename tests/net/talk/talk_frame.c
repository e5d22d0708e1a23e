#include "talk.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "learn_frames.h"

static const char *value(char *const *words, const char *key, const char *otherwise)
{
	size_t n = strlen(key);

	for (; *words; words++)
		if (strncmp(*words, key, n) == 0 && (*words)[n] == '=')
			return *words + n + 1;
	return otherwise;
}

static const uint8_t *mac(char *const *words, const char *key, const uint8_t *otherwise, uint8_t room[6])
{
	const char *text = value(words, key, NULL);
	unsigned octets[6];

	if (!text || sscanf(text, "%x:%x:%x:%x:%x:%x", &octets[0], &octets[1], &octets[2], &octets[3], &octets[4],
			    &octets[5]) != 6)
		return otherwise;
	for (int i = 0; i < 6; i++)
		room[i] = (uint8_t)octets[i];
	return room;
}

static struct bytes client(char *const *words, unsigned type)
{
	struct bytes message = dhcp(1, type, guest_mac, value(words, "ciaddr", "0.0.0.0"), "0.0.0.0",
				    value(words, "requested", NULL), 0);

	return udp(guest_mac, other_mac, value(words, "ciaddr", "0.0.0.0"), "255.255.255.255", 68, 67, &message);
}

size_t talk_frame(char *const *words, bool from_guest, uint8_t data[2048])
{
	uint8_t room[6], room2[6];
	const uint8_t *source = mac(words, "esrc", from_guest ? guest_mac : other_mac, room);
	const char *kind = words[0], *target = value(words, "target", "::2"),
		   *address = value(words, "address", "2001:db8::5");
	struct bytes frame = { .n = 0 }, message;

	if (streq(kind, "ack")) {
		message = dhcp(2, 5, mac(words, "chaddr", guest_mac, room2), "0.0.0.0",
			       value(words, "yiaddr", "10.0.0.5"), NULL,
			       (uint32_t)strtoul(value(words, "lease", "3600"), NULL, 10));
		frame = udp(source, guest_mac, value(words, "server", "10.0.0.2"), "255.255.255.255", 67, 68, &message);
	} else if (streq(kind, "release")) {
		frame = client(words, 7);
	} else if (streq(kind, "decline")) {
		frame = client(words, 4);
	} else if (streq(kind, "discover")) {
		frame = client(words, 1);
	} else if (streq(kind, "reply6")) {
		message = dhcpv6(7, address, (uint32_t)strtoul(value(words, "valid", "3600"), NULL, 10), NULL, 0);
		frame = dhcpv6_frame(source, guest_mac, value(words, "server", "fe80::2"), false, &message);
	} else if (streq(kind, "release6")) {
		message = dhcpv6(8, address, 0, NULL, 0);
		frame = dhcpv6_frame(guest_mac, other_mac, "fe80::5054:ff:fe00:1", true, &message);
	} else if (streq(kind, "probe")) {
		frame = neighbour(source, 135, "::", target);
	} else if (streq(kind, "advert")) {
		frame = neighbour(source, 136, target, target);
	}
	memcpy(data, frame.data, frame.n);
	return frame.n;
}
