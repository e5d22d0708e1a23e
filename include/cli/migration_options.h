/* The options of how a guest is moved (MIGRATION_OPTIONS in commands.def). */
#ifndef KVMCTL_CLI_MIGRATION_OPTIONS_H
#define KVMCTL_CLI_MIGRATION_OPTIONS_H

#include "cli/command.h"
#include "vm/migration_policy.h"

/* Strings are borrowed from the command line. ERROR_USAGE names the option. */
int migration_options_read(const struct invocation *invocation, struct migration_options *ret, struct error *err);

#endif
