/* The definition of an instance that another host hands over: migrate --offline. */
#ifndef KVMCTL_OPS_ACT_DEFINE_H
#define KVMCTL_OPS_ACT_DEFINE_H

#include "ops/context.h"

/* Checks the spec as `check --host` does and writes it to spec_dir/NAME.json. *ret_changed false: it was there already. With the lock held.
 * ERROR_SPEC; ERROR_HOST; ERROR_STATE: the instance runs here, or (without force) has another spec here. */
int act_define(struct context *context, const char *name, const struct json *spec, bool force, bool *ret_changed,
	       struct error *err);

#endif
