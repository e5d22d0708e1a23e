/* What a running instance is, for the host that it is to move to. */
#ifndef KVMCTL_OPS_ACT_MIGRATION_INFO_H
#define KVMCTL_OPS_ACT_MIGRATION_INFO_H

#include "ops/context.h"
#include "vm/migration_info.h"

/* From the record, the query monitor and the images' headers, with the terms that the options and the recorded spec make: nothing is changed, no
 * lock is needed, and it may be repeated. *ret_policy (may be NULL): what is the source's own business. ERROR_NO_INSTANCE, ERROR_STATE: it does
 * not run here; ERROR_USAGE: options that do not go together; ERROR_TIMEOUT: it does not answer; ERROR_UNKNOWN. */
int act_migration_info(struct context *context, const char *name, const struct migration_options *options,
		       struct migration_info **ret, struct migration_policy *ret_policy, struct error *err);

#endif
