/* The administrator's hook "started". */
#ifndef KVMCTL_OPS_ACT_HOOK_H
#define KVMCTL_OPS_ACT_HOOK_H

#include "ops/context.h"
#include "vm/spec.h"

/* The guest runs already, so a hook that fails is a warning. */
void act_hook_started(struct context *context, const struct spec *spec);

#endif
