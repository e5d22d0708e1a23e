/* Traces of frames in terms of filters: which step of a frame decided, and by which rule. Rules of a NIC are known by the chain's name
 * and the rule's handle (vm/filter_rows.h). */
#ifndef KVMCTL_VM_FILTER_TRACE_H
#define KVMCTL_VM_FILTER_TRACE_H

#include "host/nft_trace.h"
#include "vm/filter_rows.h"

enum filter_trace_kind {
	FILTER_TRACE_NOTHING, /* a step on the way */
	FILTER_TRACE_RULE,    /* a rule of a NIC decided: look it up by chain and handle */
	FILTER_TRACE_END,     /* no rule did, and the end accepts */
	FILTER_TRACE_FOREIGN  /* dropped by what is not kvmctl's */
};

struct filter_trace_step {
	enum filter_trace_kind kind;
	enum filter_action verdict; /* FILTER_ACCEPT, FILTER_DROP, FILTER_REJECT */
	struct filter_chain_name
		where; /* not when FOREIGN; interface "" at an END of which the frame's own has to tell */
};
void filter_trace_step_clear(struct filter_trace_step *step);
#define _cleanup_filter_trace_step_ _cleanup_(filter_trace_step_clear)

void filter_trace_read(const struct nft_trace_event *event, struct filter_trace_step *ret);

/* Text for nft_hold(): frames of this interface are traced as long as it is held, so many a second at most. Owned by the caller. */
char *filter_trace_rules(const char *interface, unsigned per_second);

#endif
