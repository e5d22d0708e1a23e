/* The completion of shells, from the rows. */
#ifndef KVMCTL_CLI_COMPLETION_H
#define KVMCTL_CLI_COMPLETION_H

#include <stdio.h>

/* A bash script: commands, options, values of options, instance names (asked from the hidden `kvmctl
 * names`), parameters. */
void completion_bash(FILE *out);

#endif
