/* Whether this host could run an instance: what `check --host` finds out. */
#ifndef KVMCTL_OPS_ACT_CHECK_H
#define KVMCTL_OPS_ACT_CHECK_H

#include "ops/context.h"
#include "qemu/probe.h"
#include "vm/spec.h"

/* All problems at once: those of the host, and those that only a plan shows. Nothing is changed. ERROR_HOST, ERROR_SPEC, ERROR_QEMU. */
int act_check_host(struct context *context, struct spec *spec, struct error *err);
/* The same without the plan's, after act_nic_filters_complete(): what the spec names is here, and so is what its NICs are filtered by. probe may be NULL: what needs it is left out. ERROR_HOST. */
int act_check_things(struct context *context, struct spec *spec, const struct probe *probe, struct error *err);

#endif
