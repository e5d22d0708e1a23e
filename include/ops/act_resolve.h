/* A move away that was cut off: on which side is the guest? See vm/move.h for the rules. */
#ifndef KVMCTL_OPS_ACT_RESOLVE_H
#define KVMCTL_OPS_ACT_RESOLVE_H

#include "ops/act_far.h"
#include "ops/context.h"
#include "qemu/qmp.h"
#include "vm/instance.h"
#include "vm/move.h"

enum resolved {
	RESOLVED_HERE,  /* it never ran there, and cannot any more */
	RESOLVED_THERE, /* it was let run there */
};

/* Asks the far side about the move of that id; a guest that waits there is refused. ERROR_UNKNOWN: it cannot be told (the session broke, or the far side does not know). */
int act_resolve_ask(struct far *far, const char *id, struct deadline deadline, enum resolved *ret, struct error *err);

/* A post-copy whose connection broke: the target listens again, and our QEMU goes on where it stopped. uri: the one used before. */
int act_resume(struct far *far, struct qmp *qmp, const char *uri, struct deadline deadline, struct error *err);

/* With the instance's lock held, of one in phase outgoing whose move is nobody's any more and not managed: the guest stays, or it is gone, by what
 * the record and, where it must be, the far side say. The rest of a post-copy is sent first. ERROR_UNKNOWN: the far side does not tell, or cannot be sent the
 * rest; nothing was changed. */
int act_resolve(struct context *context, const struct instance *instance, const struct move *move, enum resolved *ret,
		struct error *err);

#endif
