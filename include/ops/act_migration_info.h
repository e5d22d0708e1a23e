/* What a running instance is, for the host that it is to move to. */
#ifndef KVMCTL_OPS_ACT_MIGRATION_INFO_H
#define KVMCTL_OPS_ACT_MIGRATION_INFO_H

#include "ops/context.h"
#include "vm/migration_info.h"

/* From the record, the query monitor and the images' headers: nothing is changed, no lock is needed, and it may be repeated. The terms are taken,
 * also on failure. ERROR_NO_INSTANCE, ERROR_STATE: it does not run here; ERROR_TIMEOUT: it does not answer; ERROR_UNKNOWN. */
int act_migration_info(struct context *context, const char *name, struct migration_terms *terms, struct migration_info **ret,
		       struct error *err);
/* The spec that a running instance was started with, for whoever works out the terms. Owned by the caller. */
int act_migration_spec(struct context *context, const char *name, struct spec **ret, struct error *err);

#endif
