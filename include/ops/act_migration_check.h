/* The pre-flight of a move on its target: could this guest run here? */
#ifndef KVMCTL_OPS_ACT_MIGRATION_CHECK_H
#define KVMCTL_OPS_ACT_MIGRATION_CHECK_H

#include "ops/context.h"
#include "vm/migration_info.h"

struct migration_verdict {
	bool tls;        /* the streams will be encrypted: info.terms.tls is to be set to it on both sides */
	char **warnings; /* of the plan (strv) */
};
void migration_verdict_clear(struct migration_verdict *verdict);

/* Nothing is changed, no lock is needed. listen: as in struct accept_request. All problems at once, each with what to do: ERROR_HOST; ERROR_STATE: an
 * instance of that name is here (ERROR_UNKNOWN: it cannot be told). */
int act_migration_check(struct context *context, const struct migration_info *info, const char *listen,
			struct migration_verdict *ret, struct error *err);

#endif
