/* The rules of learning. */
#include "vm/learn.h"

#include <string.h>

#include "base/text.h"

/* Who has an address answers a probe within milliseconds; the guest itself waits a second. */
#define TENTATIVE_MS 800
#define RETRY_MS 5000
/* Each address that is added is a change of rules: a guest may not ask for many of them. */
#define ADD_MS 2000
#define ADD_BURST 10
/* A lease that was prolonged by less is not written down again. */
#define NOTE_MS 30000
/* With so many IPv6 addresses it is time to see which are in use. */
#define CROWD (LEARN_FAMILY_MAX * 3 / 4)

static const char *const source_names[LEARN_SOURCE_MAX] = {
	[LEARN_BY_TRAFFIC] = "any",
	[LEARN_BY_SERVER] = "dhcp",
	[LEARN_BY_NEIGHBOURS] = "nd",
};

const char *learn_source_to_string(enum learn_source source)
{
	return source_names[source];
}

int learn_source_from_string(const char *word)
{
	for (int i = 0; i < LEARN_SOURCE_MAX; i++)
		if (streq(word, source_names[i]))
			return i;
	return -1;
}

/* --- how often --- */

bool learn_rate_take(struct learn_rate *rate, int64_t interval, int64_t burst, int64_t now)
{
	if (learn_rate_next(rate, interval, burst) > now)
		return false;
	rate->full_at = (rate->full_at > now ? rate->full_at : now) + interval;
	return true;
}

int64_t learn_rate_next(const struct learn_rate *rate, int64_t interval, int64_t burst)
{
	return rate->full_at - (burst - 1) * interval;
}

/* --- leases --- */

static struct learn_lease *find(struct learn *learn, const struct learn_address *address)
{
	for (size_t i = 0; i < learn->n; i++)
		if (learn_address_equal(&learn->leases[i].address, address))
			return &learn->leases[i];
	return NULL;
}

static size_t count(const struct learn *learn, bool ipv6)
{
	size_t n = 0;

	for (size_t i = 0; i < learn->n; i++)
		n += learn->leases[i].address.ipv6 == ipv6 && learn->leases[i].wanted;
	return n;
}

/* Of what the guest has taken for itself, that which it has not used for the longest time makes room. */
static bool make_room(struct learn *learn)
{
	struct learn_lease *oldest = NULL;

	for (size_t i = 0; i < learn->n; i++) {
		struct learn_lease *lease = &learn->leases[i];

		if (lease->wanted && lease->address.ipv6 && lease->source != LEARN_BY_SERVER &&
		    (!oldest || lease->seen < oldest->seen))
			oldest = lease;
	}
	if (oldest)
		oldest->wanted = false;
	return oldest;
}

/* What is neither wanted nor there is forgotten, unless it is just becoming one of it. */
static void forget(struct learn *learn)
{
	size_t kept = 0;

	for (size_t i = 0; i < learn->n; i++) {
		const struct learn_lease *lease = &learn->leases[i];

		if (lease->wanted || lease->applied ||
		    (learn->busy && learn_address_equal(&lease->address, &learn->current.address)))
			learn->leases[kept++] = *lease;
	}
	learn->n = kept;
}

/* The lease of the address, a new one if need be; NULL: there are too many. */
static struct learn_lease *want(struct learn *learn, const struct learn_address *address, enum learn_source source,
				int64_t until, int64_t now)
{
	struct learn_lease *lease = find(learn, address);

	if (!lease || !lease->wanted) {
		if (count(learn, address->ipv6) >= LEARN_FAMILY_MAX && (!address->ipv6 || !make_room(learn)))
			return NULL;
		forget(learn);
		lease = find(learn, address);
	}
	if (!lease) {
		if (learn->n == ELEMENTS(learn->leases))
			return NULL;
		lease = &learn->leases[learn->n++];
		*lease = (struct learn_lease){ .address = *address };
	}
	lease->wanted = true;
	lease->source = source;
	lease->until = until;
	lease->seen = now;
	lease->tentative = 0;
	return lease;
}

static void drop(struct learn *learn, const struct learn_address *address)
{
	struct learn_lease *lease = find(learn, address);

	if (lease)
		lease->wanted = false;
	forget(learn);
}

void learn_know(struct learn *learn, const struct learn_address *address, enum learn_source source, int64_t until,
		int64_t now)
{
	struct learn_lease *lease = want(learn, address, source, until, now);

	if (lease) {
		lease->applied = true;
		lease->noted = until;
	}
}

/* --- frames --- */

static bool is_heard(const struct learn *learn, const struct learn_address *server)
{
	bool any = true;

	for (size_t i = 0; i < learn->n_servers; i++) {
		if (learn->servers[i].ipv6 != server->ipv6)
			continue;
		if (learn_address_equal(&learn->servers[i], server))
			return true;
		any = false;
	}
	return any;
}

static void on_sender(struct learn *learn, const struct learn_address *address, int64_t now)
{
	if (learn->any && learn->ipv4 && count(learn, false) == 0)
		want(learn, address, LEARN_BY_TRAFFIC, LEARN_NEVER, now);
}

static void on_lease(struct learn *learn, const struct learn_address *address, uint32_t seconds, int64_t now)
{
	int64_t until = seconds == LEARN_FOREVER ? LEARN_NEVER : now + (int64_t)seconds * 1000;

	if (!address->ipv6 && learn->any)
		on_sender(learn, address, now);
	else if (!(address->ipv6 ? learn->ipv6 : learn->ipv4))
		return;
	else if (seconds == 0)
		drop(learn, address);
	else
		want(learn, address, LEARN_BY_SERVER, until, now);
}

static void on_release(struct learn *learn, const struct learn_address *address)
{
	const struct learn_lease *lease = find(learn, address);

	if (lease && lease->source == LEARN_BY_SERVER)
		drop(learn, address);
}

static void on_probe(struct learn *learn, const struct learn_address *address, int64_t now)
{
	struct learn_lease *lease = find(learn, address);

	if (lease && lease->wanted) {
		lease->seen = now;
		return;
	}
	if (!learn->ipv6 || learn_address_equal(address, &learn->own))
		return;
	lease = want(learn, address, LEARN_BY_NEIGHBOURS, LEARN_NEVER, now);
	if (lease)
		lease->tentative = now + TENTATIVE_MS;
}

static bool has_routable_ipv6(const struct learn *learn)
{
	for (size_t i = 0; i < learn->n; i++)
		if (learn->leases[i].wanted && learn->leases[i].address.ipv6 &&
		    !learn_address_is_link_local(&learn->leases[i].address))
			return true;
	return false;
}

static void on_claim(struct learn *learn, const struct learn_address *address, int64_t now)
{
	struct learn_lease *lease = find(learn, address);

	if (lease && lease->wanted)
		lease->seen = now;
	else if (learn->any && !has_routable_ipv6(learn))
		on_probe(learn, address, now);
}

/* The one who objects was there before. Once the address is the guest's, it is too late for that. */
static void on_taken(struct learn *learn, const struct learn_address *address)
{
	struct learn_lease *lease = find(learn, address);

	if (lease && lease->wanted && lease->tentative)
		drop(learn, address);
}

void learn_frame(struct learn *learn, const struct learn_frame *frame, int64_t now)
{
	for (size_t i = 0; i < frame->n; i++) {
		const struct learn_address *address = &frame->list[i].address;

		switch (frame->kind) {
		case LEARN_SENDER:
			on_sender(learn, address, now);
			break;
		case LEARN_LEASE:
			if (is_heard(learn, &frame->server))
				on_lease(learn, address, frame->list[i].seconds, now);
			break;
		case LEARN_RELEASE:
			on_release(learn, address);
			break;
		case LEARN_PROBE:
			on_probe(learn, address, now);
			break;
		case LEARN_CLAIM:
			on_claim(learn, address, now);
			break;
		case LEARN_TAKEN:
			on_taken(learn, address);
			break;
		case LEARN_NOTHING:
			break;
		}
	}
}

/* --- what is to be done --- */

static void let_time_pass(struct learn *learn, int64_t now)
{
	for (size_t i = 0; i < learn->n; i++) {
		struct learn_lease *lease = &learn->leases[i];

		if (lease->until <= now)
			lease->wanted = false;
		if (lease->tentative <= now)
			lease->tentative = 0;
	}
	forget(learn);
}

static bool is_worth_noting(const struct learn_lease *lease, int64_t now)
{
	int64_t more = lease->until - lease->noted, left = lease->until - now;

	if (lease->until == lease->noted)
		return false;
	if (lease->until == LEARN_NEVER || lease->noted == LEARN_NEVER || more < 0)
		return true;
	return more >= (left / 4 < NOTE_MS ? left / 4 : NOTE_MS);
}

/* Taking away comes first. */
static struct learn_lease *find_work(struct learn *learn, int64_t now)
{
	struct learn_lease *work = NULL;

	for (size_t i = 0; i < learn->n; i++) {
		struct learn_lease *lease = &learn->leases[i];

		if (lease->applied && !lease->wanted)
			return lease;
		if (lease->wanted && !lease->tentative && (!lease->applied || is_worth_noting(lease, now)) && !work)
			work = lease;
	}
	return work;
}

bool learn_next(struct learn *learn, int64_t now, struct learn_action *ret)
{
	struct learn_lease *lease;

	if (learn->busy)
		return false;
	let_time_pass(learn, now);
	learn->waits = learn->retry > now;
	lease = learn->waits ? NULL : find_work(learn, now);
	if (!lease || (lease->wanted && !lease->applied && !learn_rate_take(&learn->adding, ADD_MS, ADD_BURST, now)))
		return false;
	learn->busy = true;
	learn->current = *lease;
	*ret = (struct learn_action){ lease->wanted, lease->address, lease->source, lease->until };
	return true;
}

/* An address that was refused is forgotten: the guest will try again. The rest is tried again by us. */
void learn_done(struct learn *learn, bool ok, int64_t now)
{
	struct learn_lease *lease = find(learn, &learn->current.address);

	learn->busy = false;
	if (!lease)
		return;
	if (ok) {
		lease->applied = learn->current.wanted;
		lease->noted = learn->current.until;
	} else if (learn->current.wanted && !learn->current.applied) {
		lease->wanted = false;
	} else {
		learn->retry = now + RETRY_MS;
	}
	forget(learn);
}

int64_t learn_deadline(const struct learn *learn)
{
	int64_t first = LEARN_NEVER, adding = learn_rate_next(&learn->adding, ADD_MS, ADD_BURST);
	bool adds = false, works = false;

	for (size_t i = 0; i < learn->n; i++) {
		const struct learn_lease *lease = &learn->leases[i];

		if (lease->wanted && lease->until < first)
			first = lease->until;
		if (lease->wanted && lease->tentative && lease->tentative < first)
			first = lease->tentative;
		adds |= lease->wanted && !lease->applied && !lease->tentative;
		works |= lease->applied && (!lease->wanted || lease->until != lease->noted);
	}
	if (learn->busy)
		return LEARN_NEVER;
	/* What waits for both waits for the later. */
	if (adds && adding < learn->retry)
		adding = learn->retry;
	if (adds && adding < first)
		first = adding;
	return works && learn->waits && learn->retry < first ? learn->retry : first;
}

unsigned learn_wishes(const struct learn *learn)
{
	bool searching = learn->any && count(learn, false) == 0;
	unsigned wishes = 0;

	if (learn->ipv4 && searching)
		wishes |= LEARN_WANTS_SENDERS;
	if (learn->ipv4 && (searching || !learn->any))
		wishes |= LEARN_WANTS_DHCP;
	if (!learn->ipv6)
		return wishes;
	/* Objections at any time: one may be there before the probe has been looked at. */
	wishes |= LEARN_WANTS_DHCPV6 | LEARN_WANTS_PROBES | LEARN_WANTS_OTHERS;
	if ((learn->any && !has_routable_ipv6(learn)) || count(learn, true) >= CROWD)
		wishes |= LEARN_WANTS_CLAIMS;
	return wishes;
}
