/* Which filters refer to which, as far as the store has them. */
#ifndef KVMCTL_VM_FILTER_REFERENCES_H
#define KVMCTL_VM_FILTER_REFERENCES_H

#include "vm/filter_store.h"
#include "vm/filter_tree.h"

/* A way from the filter back to itself, "a -> b -> a", with what the store has of the others; NULL: there is none. What is
 * missing or damaged refers to nothing. Owned by the caller. */
char *filter_find_loop(const struct filter_store *store, const struct filter *filter);

/* Names (strv) of the filters in the store that refer to it themselves. ERROR_HOST. */
int filter_find_users(const struct filter_store *store, const char *name, char ***ret, struct error *err);

/* Whether the filter `name` ("": none) is one of the wanted (strv), or refers to one, directly or through others. What is missing or damaged
 * refers to nothing. */
bool filter_reaches(const struct filter_source *source, const char *name, char *const *wanted);

#endif
