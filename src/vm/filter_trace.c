/* Which step of a trace decides: see vm/filter_trace.h. The chains are those of vm/filter_compile.h. */
#include "vm/filter_trace.h"

#include <linux/netfilter.h>
#include <unistd.h>

#include "base/text.h"

#define TABLE "kvmctl"
#define OWN_TABLES "kvmctl-trace-"

void filter_trace_step_clear(struct filter_trace_step *step)
{
	filter_chain_name_clear(&step->where);
	*step = (struct filter_trace_step){ 0 };
}

/* Where a frame comes that no rule of a NIC has decided about: the base chains. */
static bool base_chain(const char *name, struct filter_chain_name *ret)
{
	static const struct {
		const char *name;
		enum filter_direction direction;
		enum filter_layer layer;
	} chains[] = { { "from_guest_link", FILTER_OUT, FILTER_LAYER_LINK },
		       { "from_guest_network", FILTER_OUT, FILTER_LAYER_NETWORK },
		       { "to_guest_network", FILTER_IN, FILTER_LAYER_NETWORK },
		       { "from_host_network", FILTER_IN, FILTER_LAYER_NETWORK },
		       { "to_guest_link", FILTER_IN, FILTER_LAYER_LINK } };

	for (size_t i = 0; i < ELEMENTS(chains); i++) {
		if (!streq(chains[i].name, name))
			continue;
		*ret = (struct filter_chain_name){ .interface = xstrdup(""),
						   .direction = chains[i].direction,
						   .layer = chains[i].layer,
						   .chain = xstrdup("root") };
		return true;
	}
	return false;
}

static void read_own(const struct nft_trace_event *event, struct filter_trace_step *ret)
{
	bool rule = event->type == NFT_TRACE_RULE;
	bool refused = event->verdict == NFT_TRACE_GOTO && streq(event->to, "refuse");
	bool decides = event->verdict == NFT_TRACE_ACCEPT || event->verdict == NFT_TRACE_DROP || refused;

	if (rule && decides && filter_chain_name_parse(event->chain, &ret->where)) {
		ret->kind = FILTER_TRACE_RULE;
		ret->verdict = refused                              ? FILTER_REJECT
			       : event->verdict == NFT_TRACE_ACCEPT ? FILTER_ACCEPT
								    : FILTER_DROP;
	} else if (event->type == NFT_TRACE_POLICY && base_chain(event->chain, &ret->where)) {
		ret->kind = FILTER_TRACE_END;
		ret->verdict = FILTER_ACCEPT;
	}
}

void filter_trace_read(const struct nft_trace_event *event, struct filter_trace_step *ret)
{
	*ret = (struct filter_trace_step){ .kind = FILTER_TRACE_NOTHING };
	if (event->family == NFPROTO_BRIDGE && streq(event->table, TABLE)) {
		read_own(event, ret);
	} else if (!streq(event->table, TABLE) && !starts_with(event->table, OWN_TABLES) &&
		   event->verdict == NFT_TRACE_DROP) {
		ret->kind = FILTER_TRACE_FOREIGN;
		ret->verdict = FILTER_DROP;
	}
}

char *filter_trace_rules(const char *interface, unsigned per_second)
{
	static const char *const hooks[][3] = { { "from_guest", "prerouting", "iifname" },
						{ "to_guest", "forward", "oifname" },
						{ "from_host", "output", "oifname" } };
	_cleanup_free_ char *chains = xstrdup("");

	for (size_t i = 0; i < ELEMENTS(hooks); i++) {
		char *more = xprintf("%s\tchain %s {\n\t\ttype filter hook %s priority -400; policy accept;\n"
				     "\t\t%s \"%s\" limit rate %u/second burst %u packets meta nftrace set 1\n\t}\n",
				     chains, hooks[i][0], hooks[i][1], hooks[i][2], interface, per_second, per_second);

		free(chains);
		chains = more;
	}
	/* The kernel takes a table with an owner away when its owner ends, whatever ended it. */
	return xprintf("table bridge " OWN_TABLES "%d {\n\tflags owner\n%s}\n", (int)getpid(), chains);
}
