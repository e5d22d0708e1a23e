/* The info document of a migration as it is handed over: a file, or standard input. */
#ifndef KVMCTL_OPS_ACT_MIGRATION_DOCUMENT_H
#define KVMCTL_OPS_ACT_MIGRATION_DOCUMENT_H

#include "ops/context.h"
#include "vm/migration_info.h"

/* file "-": standard input. Never past the command's deadline or the time of a start. ERROR_USAGE: it is about another instance than NAME; ERROR_SPEC,
 * ERROR_UNKNOWN: as migration_info_from_json; ERROR_TIMEOUT. */
int act_migration_document(struct context *context, const char *name, const char *file, struct migration_info **ret,
			   struct error *err);

#endif
