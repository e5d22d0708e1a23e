/* Which addresses a guest has, by what was seen: the rules of learning, and what has to be done because of them. Pure: frames and
 * times go in, actions come out, one at a time; whoever carries them out says how that went.
 *
 *   any    IPv4: the first address that the guest sends from, by IPv4 or ARP, or that a server gives to it: one, for good
 *   dhcp   IPv4: what servers give, several, until the lease is over or the guest gives it back
 *   IPv6 in both: what servers give, and what the guest takes by duplicate address detection when nobody else on the link says that it
 *   has it; with `any` also, while it has no other than link-local ones, what it speaks from to its neighbours
 *
 * Whether another NIC of this host has an address already is not known here: adding it fails then. Times: CLOCK_BOOTTIME, in ms. */
#ifndef KVMCTL_VM_LEARN_H
#define KVMCTL_VM_LEARN_H

#include "vm/learn_frame.h"

#define LEARN_NEVER INT64_MAX

/* --- how often: a bucket --- */

struct learn_rate {
	int64_t full_at; /* when it would be full again */
};
#define LEARN_FRAME_MS 100 /* frames that are looked at: 10 a second, 50 at once (NWF-74) */
#define LEARN_FRAME_BURST 50
/* True: once more is allowed now. */
bool learn_rate_take(struct learn_rate *rate, int64_t interval, int64_t burst, int64_t now);
/* From when on it is allowed again. */
int64_t learn_rate_next(const struct learn_rate *rate, int64_t interval, int64_t burst);

enum learn_source { LEARN_BY_TRAFFIC, LEARN_BY_SERVER, LEARN_BY_NEIGHBOURS, LEARN_SOURCE_MAX };
const char *learn_source_to_string(enum learn_source source); /* "any", "dhcp", "nd" */
int learn_source_from_string(const char *word);               /* or -1 */

#define LEARN_FAMILY_MAX 16 /* addresses of each family */
#define LEARN_SERVERS_MAX 64

struct learn_lease {
	struct learn_address address;
	enum learn_source source;
	int64_t until;        /* LEARN_NEVER: for good */
	int64_t noted;        /* the `until` that was written down */
	int64_t seen;         /* when the guest last spoke as it */
	int64_t tentative;    /* nobody has objected by then: it is the guest's; 0: it is already */
	bool wanted, applied; /* it should pass; it does */
};

struct learn {
	/* as told */
	bool any;                                        /* else dhcp */
	bool ipv4, ipv6;                                 /* what is learned */
	struct learn_address own;                        /* passes anyway: the link-local one that is made of the MAC */
	struct learn_address servers[LEARN_SERVERS_MAX]; /* of a family; none: all are heard */
	size_t n_servers;
	/* as found */
	struct learn_lease leases[4 * LEARN_FAMILY_MAX]; /* those that go, too */
	size_t n;
	bool busy; /* an action is being carried out: on current */
	struct learn_lease current;
	struct learn_rate adding;
	int64_t retry; /* what failed is not tried before */
	bool waits;    /* for that */
};

struct learn_action {
	bool add; /* else: remove */
	struct learn_address address;
	enum learn_source source;
	int64_t until;
};

/* What was known before; it passes already. */
void learn_know(struct learn *learn, const struct learn_address *address, enum learn_source source, int64_t until,
		int64_t now);
void learn_frame(struct learn *learn, const struct learn_frame *frame, int64_t now);
/* What is to be done now. False: nothing, or the last one is not done yet. */
bool learn_next(struct learn *learn, int64_t now, struct learn_action *ret);
void learn_done(struct learn *learn, bool ok, int64_t now);
/* After learn_next() was false: when it has to be asked again although nothing has happened, later than now; LEARN_NEVER. */
int64_t learn_deadline(const struct learn *learn);

/* Which frames are worth a look (bits). */
enum learn_wish {
	LEARN_WANTS_SENDERS = 1, /* IPv4 and ARP of the guest */
	LEARN_WANTS_DHCP = 2,
	LEARN_WANTS_DHCPV6 = 4,
	LEARN_WANTS_PROBES = 8,  /* neighbour solicitations of the guest, from :: */
	LEARN_WANTS_CLAIMS = 16, /* and its others, and its advertisements */
	LEARN_WANTS_OTHERS = 32, /* objections to probes, and probes of others */
};
unsigned learn_wishes(const struct learn *learn);

#endif
