/* The plan of an instance of this run directory: what `start` realises and `argv` prints. */
#ifndef KVMCTL_OPS_ACT_PLAN_H
#define KVMCTL_OPS_ACT_PLAN_H

#include "ops/context.h"
#include "vm/plan.h"

/* input without paths, filled in here: the places of this instance in the run directory and the lasting
 * ones. Errors as plan_make's. */
int act_plan(const struct context *context, const struct plan_input *input, struct plan **ret, struct error *err);
/* The same, its problems put with others; NULL when there was one. Owned by the caller. */
struct plan *act_plan_collect(const struct context *context, const struct plan_input *input, struct problems *problems);

#endif
