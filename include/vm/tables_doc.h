/* The tables of parameters and keys for people: fragments of the manual, the listing of `kvmctl params`,
 * both from the rows. */
#ifndef KVMCTL_VM_TABLES_DOC_H
#define KVMCTL_VM_TABLES_DOC_H

#include <stdbool.h>
#include <stdio.h>

#include "base/json.h"

/* Text as man(7) wants it: hyphens that can be typed, backslashes, and nothing that would be a request
 * at the start of a line. */
void tables_roff(const char *text, FILE *out);
/* A table in man(7) macros, a .TP paragraph a row. Names: "params", "instance", "disk", "nic", "network",
 * "hooks", "settings", "timeouts", "spice_tls". False: no table of that name. */
bool tables_fragment(const char *name, FILE *out);
/* All names of tables_fragment, ended by NULL. */
extern const char *const tables_names[];

/* [{"name", "values", "default", "seen_by", "doc"}], in the rows' order; the same of any table of
 * tables_fragment (NULL: no such table). "seen_by" (guest, host) is a parameter's only; "default" is
 * absent where there is none; "required" is a key's only. */
struct json *tables_to_json(const char *name);

#endif
