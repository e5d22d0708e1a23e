/* Definitions of filters that are handed over as a file or on standard input ("-"), XML or JSON. */
#ifndef KVMCTL_OPS_ACT_FILTER_H
#define KVMCTL_OPS_ACT_FILTER_H

#include "base/problems.h"
#include "ops/context.h"
#include "vm/filter_model.h"

/* Reads it and adds what filter_check() has to say. ERROR_SPEC: all mistakes, or a loop of references. */
int act_filter_check(struct context *context, const char *file, struct filter **ret, struct problems *warnings, struct error *err);
/* The same, and writes it into the store. ERROR_STATE: it is there with another UUID. */
int act_filter_define(struct context *context, const char *file, struct filter **ret, struct problems *warnings, struct error *err);

#endif
