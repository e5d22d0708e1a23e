/* Help and manual from the rows. */
#ifndef KVMCTL_CLI_HELP_H
#define KVMCTL_CLI_HELP_H

#include <stdio.h>

#include "cli/command.h"

/* All commands in their groups, and the global options. */
void help_overview(FILE *out);
/* The commands whose first word of two this is; false: there is none. */
bool help_topic(const char *word, FILE *out);
/* All about one. */
void help_command(const struct command *command, FILE *out);

/* A part of a manual page in man(7) macros, made from rows: "commands", "options", "exit-reasons",
 * "keys-list" …, those of tables_fragment (`kvmctl help --fragment NAME`; the Makefile puts them into
 * man/…in). ERROR_USAGE: no such fragment. */
int manual_fragment(const char *name, FILE *out, struct error *err);
/* Text for a manual: '-', '\', '.' and ''' at the start of a line escaped. */
void manual_text(const char *text, FILE *out);

#endif
