/* Asking the kernel what it can filter: a rule of each kind in a table that is only looked at. */
#include "vm/filter_kernel.h"

#include <unistd.h>

#include "base/text.h"
#include "host/nft.h"
#include "vm/filter_compile_internal.h"

#define MEMBER(m) offsetof(struct filter_kernel, m)

static const struct {
	size_t member;
	const char *family, *hook, *rule;
} kinds[] = {
	{ MEMBER(bridge), "bridge", "prerouting priority -300", "ether type vlan counter accept" },
	{ MEMBER(bridge_ct), "bridge", "prerouting priority 10", "ct state new accept" },
	{ MEMBER(bridge_reject), "bridge", "prerouting priority 10", "ether type ip reject" },
	{ MEMBER(inet_ct), "inet", "prerouting priority -140", "ct state new ct direction original accept" },
	{ MEMBER(inet_reject), "inet", "forward priority -10", "reject" },
	{ MEMBER(connlimit), "inet", "prerouting priority -140", "add @s { ip saddr ct count over 3 } accept" },
};

static bool takes(const char *family, const char *hook, const char *rule, struct error *err)
{
	_cleanup_free_ char *text =
		xprintf("table %s kvmctl-probe {\n\tset s { type ipv4_addr; size 16; flags dynamic; }\n"
			"\tchain c { type filter hook %s; policy accept;\n\t\t%s\n\t}\n}\n",
			family, hook, rule);

	return nft_check(text, NULL, err) == 0;
}

bool filter_kernel_has_bridge_netfilter(void)
{
	return access("/proc/sys/net/bridge/bridge-nf-call-iptables", F_OK) == 0;
}

int filter_mark_check(uint32_t mask, struct error *err)
{
	if (mark_bits(mask) > MARK_STATE_BITS && (mask >> mark_shift(mask)) + 1 == 1u << mark_bits(mask))
		return 0;
	return error_set(err, ERROR_SPEC, "the mask 0x%08x for marks must have 5 bits or more that stand together",
			 mask);
}

int filter_kernel_probe(uint32_t mark_mask, struct filter_kernel *ret, struct error *err)
{
	struct filter_kernel kernel = { .mark_mask = mark_mask };
	_cleanup_error_ struct error first = ERROR_INIT;

	if (filter_mark_check(mark_mask, err) < 0)
		return -1;
	for (size_t i = 0; i < ELEMENTS(kinds); i++) {
		_cleanup_error_ struct error refusal = ERROR_INIT;
		bool *can = (bool *)((char *)&kernel + kinds[i].member);

		*can = takes(kinds[i].family, kinds[i].hook, kinds[i].rule, &refusal);
		if (!*can && i == 0)
			error_move(&first, &refusal);
	}
	if (!kernel.bridge) {
		error_move(err, &first);
		return error_prefix(err, "this host cannot filter frames on bridges");
	}
	kernel.bridge_netfilter = filter_kernel_has_bridge_netfilter();
	*ret = kernel;
	return 0;
}

static int list(const char *what, enum nft_format format, struct filter_listing *listing, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_json_ struct json *json = NULL;

	if (nft_list(what, format, &text, err) < 0 ||
	    json_parse(text, strlen(text), strlen(text), JSON_SPEC_MAX_DEPTH, "what nft lists", &json, err) < 0)
		return -1;
	filter_listing_add(listing, json);
	return 0;
}

int filter_kernel_list(struct filter_listing **ret, struct error *err)
{
	static const struct {
		const char *what;
		enum nft_format format;
	} lists[] = { { "chains bridge", NFT_JSON },
		      { "chains inet", NFT_JSON },
		      { "sets bridge", NFT_JSON_NAMES },
		      { "sets inet", NFT_JSON_NAMES },
		      { "maps inet", NFT_JSON } };
	_cleanup_filter_listing_ struct filter_listing *listing = filter_listing_new();

	for (size_t i = 0; i < ELEMENTS(lists); i++)
		if (list(lists[i].what, lists[i].format, listing, err) < 0)
			return -1;
	*ret = take_ptr(listing);
	return 0;
}
