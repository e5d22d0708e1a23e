/* How much may pass a link: from KiB to the kernel's numbers, and which of its ways is taken. What speaks netlink is in kvmctl-link.so. */
#include "host/bandwidth_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/link.h"
#include "host/link_internal.h"
#include "host/nft.h"

#define KIB 1024
#define TICK_NS 64 /* the kernel's unit of packet scheduling time (/proc/net/psched) */
#define NS_PER_SECOND 1000000000

/* A guest with segmentation offload hands over up to 64 KiB at once, and the headers. A bucket that is smaller never lets it pass. */
#define LARGEST_PACKET (66 * KIB)
#define LEAST_BURST (64 * KIB)
#define BURSTS_PER_SECOND 100 /* of a shaper that was told none: timers are finer than that, queues shorter */

/* How long `bytes` take at `rate`. Sizes of spec keys: the product fits in 63 bits, the quotient is bounded by BURST_SECONDS. */
static uint32_t ticks(uint64_t bytes, uint64_t rate)
{
	uint64_t n = bytes * NS_PER_SECOND / rate / TICK_NS;

	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

struct link_shape bandwidth_shape(const struct bandwidth_rate *inbound)
{
	uint64_t rate = (uint64_t)inbound->average * KIB, peak = (uint64_t)inbound->peak * KIB;
	uint64_t burst =
		inbound->burst ? (uint64_t)inbound->burst * KIB : larger(LEAST_BURST, rate / BURSTS_PER_SECOND);

	/* Without a peak the second bucket is as the first, and takes nothing away from it. */
	return (struct link_shape){
		.rate = rate,
		.peak = peak ? peak : rate,
		.burst = ticks(burst, rate),
		.peak_burst = peak ? ticks(larger(LEAST_BURST, peak / BURSTS_PER_SECOND), peak) : ticks(burst, rate),
	};
}

/* Bytes of the bucket that a policer has. */
static uint64_t police_burst(const struct bandwidth_rate *outbound)
{
	return larger(LARGEST_PACKET, (uint64_t)(outbound->burst ? outbound->burst : outbound->average) * KIB);
}

struct link_shape bandwidth_police(const struct bandwidth_rate *outbound)
{
	uint64_t rate = (uint64_t)outbound->average * KIB;

	return (struct link_shape){
		.rate = rate,
		.peak = (uint64_t)outbound->peak * KIB,
		.burst = ticks(police_burst(outbound), rate),
		.largest = LARGEST_PACKET,
	};
}

/* The bucket of nftables holds a second's worth, and what is called burst there. */
static char *limit(uint64_t rate, uint64_t bucket)
{
	return xprintf("\t\tlimit rate over %" PRIu64 " bytes/second burst %" PRIu64 " bytes drop\n", rate,
		       bucket > rate ? bucket - rate : 0);
}

char *bandwidth_ruleset(const char *link, const struct bandwidth_rate *outbound)
{
	/* So it is gone whether it was there or not. */
	_cleanup_free_ char *none = xprintf("table netdev kvmctl-%s {\n}\ndelete table netdev kvmctl-%s\n", link, link);
	_cleanup_free_ char *average = NULL, *peak = NULL;

	if (outbound->average == 0)
		return take_ptr(none);
	average = limit((uint64_t)outbound->average * KIB, police_burst(outbound));
	peak = outbound->peak ? limit((uint64_t)outbound->peak * KIB, LARGEST_PACKET) : xstrdup("");
	return xprintf("%stable netdev kvmctl-%s {\n\tchain outbound {\n"
		       "\t\ttype filter hook ingress device \"%s\" priority -500; policy accept;\n%s%s\t}\n}\n",
		       none, link, link, peak, average);
}

int bandwidth_inbound(const char *link, const struct bandwidth_rate *rate, struct error *err)
{
	const struct link_shape shape = rate->average ? bandwidth_shape(rate) : (struct link_shape){ 0 };
	const struct link_module *module;
	struct link_failure failure;
	int index = 0;

	if (link_index(link, &index, err) < 0 || link_load(&module, err) < 0)
		return -1;
	if (module->shape(index, &shape, &failure) == 0)
		return 0;
	link_refused(err, &failure, "cannot limit what the network link \"%s\" is sent", link);
	if (failure.errnum == ENOENT)
		error_hint(err, "this kernel has no HTB: load the module sch_htb, or leave out \"inbound\"");
	return -1;
}

static int by_policer(const char *link, const struct bandwidth_rate *rate, struct error *err)
{
	const struct link_shape shape = rate->average ? bandwidth_police(rate) : (struct link_shape){ 0 };
	const struct link_module *module;
	struct link_failure failure;
	int index = 0;

	if (link_index(link, &index, err) < 0 || link_load(&module, err) < 0)
		return -1;
	if (module->police(index, &shape, &failure) == 0)
		return 0;
	link_refused(err, &failure, "cannot limit what the network link \"%s\" sends", link);
	if (failure.errnum == ENOENT)
		error_hint(err, "load the modules sch_ingress, cls_u32 and act_police");
	return -1;
}

/* It becomes text of another language: what can stand there as a name by itself. */
static bool is_plain(const char *link)
{
	return *link &&
	       strspn(link, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == strlen(link);
}

static int by_nft(const char *link, const struct bandwidth_rate *rate, struct error *err)
{
	_cleanup_free_ char *ruleset = bandwidth_ruleset(link, rate);

	if (!is_plain(link))
		return error_set(err, ERROR_HOST, "nftables takes no network link of the name \"%s\"", link);
	if (nft_load(ruleset, NULL, err) == 0)
		return 0;
	return error_prefix(
		err,
		"cannot limit what the network link \"%s\" sends (by nftables: the policer of tc is not there, or not "
		"ours to use)",
		link);
}

int bandwidth_outbound(const char *link, const struct bandwidth_rate *rate, enum bandwidth_limiter limiter,
		       struct error *err)
{
	int index;

	if (link_index(link, &index, err) < 0)
		return -1;
	return limiter == BANDWIDTH_NFT ? by_nft(link, rate, err) : by_policer(link, rate, err);
}

int bandwidth_links(char ***ret, struct error *err)
{
	static const char prefix[] = "kvmctl-";
	_cleanup_json_ struct json *document = NULL;
	_cleanup_free_ char *text = NULL;
	char **links = NULL;

	if (nft_list("tables netdev", NFT_JSON, &text, err) < 0 ||
	    json_parse(text, strlen(text), strlen(text), JSON_SPEC_MAX_DEPTH, "what nft lists", &document, err) < 0)
		return -1;

	const struct json *list = json_get(document, "nftables");
	for (size_t i = 0; i < json_length(list); i++) {
		const char *name = json_get_string(json_get(json_at(list, i), "table"), "name", "");

		if (starts_with(name, prefix))
			strv_add(&links, name + strlen(prefix));
	}
	*ret = links;
	return 0;
}

int bandwidth_forget(const char *link, struct error *err)
{
	return by_nft(link, &(struct bandwidth_rate){ 0 }, err);
}

int bandwidth_probe(enum bandwidth_limiter *ret, struct error *err)
{
	const struct link_module *module;
	struct link_failure failure;
	bool there = false;

	if (link_load(&module, err) < 0)
		return -1;
	if (module->has_policer(&there, &failure) < 0)
		return link_refused(err, &failure, "cannot ask the kernel whether it has a policer");
	*ret = there ? BANDWIDTH_POLICER : BANDWIDTH_NFT;
	return 0;
}
