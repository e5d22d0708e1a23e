/* Parts of the program that are loaded only when they are used: what they link (libnl, libpng) would cost
 * every start of it milliseconds.
 *
 * A module is build/kvmctl-NAME.so, made from src/LAYER/NAME_module.c, and exports one const structure of
 * function pointers. */
#ifndef KVMCTL_BASE_MODULE_H
#define KVMCTL_BASE_MODULE_H

#include "base/error.h"

/* Loads kvmctl-NAME.so and finds `symbol` in it; *ret points to the symbol and lives until the process
 * ends. Loading it again is cheap.
 *
 * Looked for beside the running program, then in ../lib/kvmctl/ of its directory (an installed tree),
 * then two directories up (the test programs in build/tests/unit/): all absolute paths made from
 * /proc/self/exe, never the library path. ERROR_HOST: not there, or what it links is not there. */
int module_load(const char *name, const char *symbol, const void **ret, struct error *err);

/* The absolute path of a companion file ("kvmctl-supervisor", "kvmctl-link.so") by the same rule. Owned
 * by the caller. ERROR_HOST. */
int module_find(const char *file, char **ret, struct error *err);

#endif
