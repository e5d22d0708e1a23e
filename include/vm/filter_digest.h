/* Telling whether two hosts have the same filters: a digest each of all that a tree has. */
#ifndef KVMCTL_VM_FILTER_DIGEST_H
#define KVMCTL_VM_FILTER_DIGEST_H

#include "base/json.h"
#include "base/problems.h"
#include "vm/filter_tree.h"

/* {"NAME": "DIGEST", ...}: of the filters of these names (strv) and of all that they lead to, in the order of first mention. A digest is made of
 * what the definition says as XML, comments and UUID among it; "" for a filter that is missing or damaged. */
struct json *filter_digests(const struct filter_source *source, char *const *names);

/* A problem for each filter that is here and is another one there. What is missing here is said where it is used. */
void filter_digests_compare(const struct json *there, const struct json *here, const char *path, const char *what,
			    struct problems *problems);
/* Problems, unless it is an object of names and digests as the above has it. */
void filter_digests_check(const struct json *digests, const char *path, struct problems *problems);

#endif
