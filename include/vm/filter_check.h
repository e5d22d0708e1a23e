/* What is odd in a definition that is valid: said once, when it is defined. */
#ifndef KVMCTL_VM_FILTER_CHECK_H
#define KVMCTL_VM_FILTER_CHECK_H

#include "base/problems.h"
#include "vm/filter_model.h"

/* Adds a warning for each thing that has no effect (a rule in a chain where it can never match, a chain
 * for rules that chains do not concern ...), and for each where libvirt does something else than the
 * definition says, which kvmctl does. Places are "line 12" or "entries[3]", "" for the whole. */
void filter_check(const struct filter *filter, struct problems *warnings);

#endif
