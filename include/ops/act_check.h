/* Whether this host could run an instance: what `check --host` finds out. */
#ifndef KVMCTL_OPS_ACT_CHECK_H
#define KVMCTL_OPS_ACT_CHECK_H

#include "ops/context.h"
#include "vm/spec.h"

/* All problems at once: those of the host, and those that only a plan shows. Nothing is changed. ERROR_HOST, ERROR_SPEC, ERROR_QEMU. */
int act_check_host(struct context *context, const struct spec *spec, struct error *err);

#endif
