/* From argv to an invocation. */
#ifndef KVMCTL_CLI_OPTIONS_H
#define KVMCTL_CLI_OPTIONS_H

#include "cli/command.h"

#define WAIT_DEFAULT_MS 5000

/* Global options stand anywhere, a command's own after its name; `--name=value` and `--name value`; -qv
 * is -q -v; `--` ends the options; "-" is an argument. A later one replaces an earlier one, but for those that may be given several times. Neither
 * counts nor needs of the command are checked when --help or --version is among them. ERROR_USAGE with
 * the nearest known word and the usage as the hint. *ret is filled as far as it was understood even on
 * failure (--json). */
int options_parse(int argc, const char *const *argv, struct invocation *ret, struct error *err);
void invocation_clear(struct invocation *invocation);

#endif
