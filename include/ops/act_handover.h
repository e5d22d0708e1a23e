/* The moment at which a guest changes hosts, and what comes after it in post-copy. */
#ifndef KVMCTL_OPS_ACT_HANDOVER_H
#define KVMCTL_OPS_ACT_HANDOVER_H

#include "ops/act_far.h"
#include "ops/act_outgoing.h"
#include "ops/act_resolve.h"

struct handover {
	struct outgoing *outgoing;
	struct far *far;         /* opened anew where it broke */
	const struct move *move; /* how to reach the other side */
	bool paused;             /* it is not to run there */
	int64_t took_ms;         /* from the call until the other side said that it runs */
};

/* The guest stands here and can run there: it is handed over and let run. When that cannot be said the other side is asked, for a while, in a new
 * session. ERROR_UNKNOWN: it did not tell; the record says handed-over. */
int act_handover(struct handover *handover, enum resolved *ret, struct error *err);

/* Post-copy, after it runs there: the rest of the memory is sent; a broken connection is taken up again as long as the policy says. ERROR_UNKNOWN: that
 * did not work; both QEMUs are left as they are. */
int act_handover_finish(struct handover *handover, struct error *err);

#endif
