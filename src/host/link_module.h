/* Between link.c and the module that links libnl: plain calls and plain values, so that neither needs a
 * symbol of the other. */
#ifndef KVMCTL_HOST_LINK_MODULE_H
#define KVMCTL_HOST_LINK_MODULE_H

#include <stdbool.h>
#include <stdint.h>

/* Why a call returned -1: the kernel's errno, and its own sentence (extended acknowledgement) or libnl's;
 * "" when there is none. */
struct link_failure {
	int errnum;
	char text[160];
};

struct link_facts {
	int index;
	int master; /* index of the bridge it is a port of; 0: none */
	uint32_t mtu;
	bool up;
	char kind[16]; /* "bridge", "tun", "veth"; "" = a plain device */
};

struct link_bridge {
	bool vlan_filtering;
	bool netfilter; /* its IPv4 and IPv6 frames pass the hooks of IP as well */
};

/* What shall be changed; LINK_CHANGE_NONE changes nothing. */
struct link_change {
	uint32_t mtu;       /* 0: leave */
	const uint8_t *mac; /* six octets; NULL: leave */
	int master;         /* -1: leave, 0: out of its bridge */
	int up;             /* -1: leave, 0, 1 */
};
#define LINK_CHANGE_NONE ((struct link_change){ .master = -1, .up = -1 })

/* Where the kernel would send a packet. */
struct link_way {
	bool local;   /* the address is the host's own */
	int oif;      /* 0: none */
	bool gateway; /* through a router: not on that link itself */
};

/* How much may pass, in bytes a second and in the kernel's ticks of packet scheduling. */
struct link_shape {
	uint64_t rate;              /* 0: no limit */
	uint64_t peak;              /* of a policer 0: none */
	uint32_t burst, peak_burst; /* how long a full bucket lasts at its rate */
	uint32_t largest;           /* of a policer: bytes of the largest packet */
};

/* Each returns 0, or -1 with *failure filled. IP addresses are text of either family. */
struct link_module {
	/* By name, or with name NULL by index. */
	int (*get)(const char *name, int index, struct link_facts *ret, struct link_failure *failure);
	int (*change)(int index, const struct link_change *change, struct link_failure *failure);
	int (*delete)(int index, struct link_failure *failure);
	int (*bridge)(int bridge, struct link_bridge *ret, struct link_failure *failure);
	/* Lets the bridge's IP frames pass the hooks of IP (br_netfilter), or not. */
	int (*bridge_netfilter)(int bridge, bool on, struct link_failure *failure);
	/* The port's only VLAN, untagged. */
	int (*vlan)(int port, uint16_t vlan, struct link_failure *failure);
	int (*route)(bool add, int index, const char *ip, const char *table, struct link_failure *failure);
	int (*lookup)(const char *ip, struct link_way *ret, struct link_failure *failure);
	int (*address)(int index, const char *ip, struct link_failure *failure);
	/* A proxy neighbour entry: the host answers ARP or NDP for ip on that link. */
	int (*proxy)(int index, const char *ip, struct link_failure *failure);
	/* Removes all entries of ip, on whatever link: the way to it may have changed since. */
	int (*unproxy)(const char *ip, struct link_failure *failure);
	/* What is sent into the link is delayed, what comes out of it is dropped. ENOENT: this kernel has no such thing. */
	int (*shape)(int index, const struct link_shape *shape, struct link_failure *failure);
	int (*police)(int index, const struct link_shape *shape, struct link_failure *failure);
	int (*has_policer)(bool *ret, struct link_failure *failure);
};

#endif
