/* What every verb is given: settings, run directory, time. Made once by main. */
#ifndef KVMCTL_OPS_CONTEXT_H
#define KVMCTL_OPS_CONTEXT_H

#include "base/deadline.h"
#include "host/process.h"
#include "vm/rundir.h"
#include "vm/settings.h"

struct context {
	struct settings *settings;
	struct rundir rundir;
	struct process_id here;   /* this boot, this pid namespace */
	struct deadline deadline; /* --timeout: of the whole command; never, when not given */
	struct deadline wait;     /* --wait: how long to wait for a busy lock */
};

/* A deadline for one step: the earlier of now + ms and the command's own. */
static inline struct deadline context_step(const struct context *context, int64_t ms)
{
	return deadline_earlier(deadline_in(ms), context->deadline);
}

#endif
