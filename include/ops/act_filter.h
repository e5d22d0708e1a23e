/* Definitions of filters that are handed over as a file or on standard input ("-"), XML or JSON. */
#ifndef KVMCTL_OPS_ACT_FILTER_H
#define KVMCTL_OPS_ACT_FILTER_H

#include "base/problems.h"
#include "ops/context.h"
#include "vm/filter_store.h"

/* Reads it and adds what filter_check() has to say. ERROR_SPEC: all mistakes, or a loop of references. */
int act_filter_check(struct context *context, const char *file, struct filter **ret, struct problems *warnings,
		     struct error *err);
/* The same, and writes it into the store; every interface that uses it has the new rules then. All of it or nothing. before: what it must
 * be like now, or NULL. ERROR_STATE: it is there with another UUID, or is not like `before`; ERROR_SPEC: an interface cannot take it, ERROR_HOST:
 * the kernel does not: the error says which one, and of what rule. */
int act_filter_define(struct context *context, const char *file, const struct filter *before, struct filter **ret,
		      struct problems *warnings, struct error *err);
/* Takes a definition away, and puts the rules of kvmctl's own one of that name in force where there is one. ERROR_STATE: it is in use. */
int act_filter_undefine(struct context *context, const char *name, struct error *err);

/* References to what is not there are allowed; those that come back are not: ERROR_SPEC. */
int act_filter_check_loop(const struct filter_store *store, const struct filter *filter, struct error *err);

#endif
