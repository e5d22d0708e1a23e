/* Filters of a store, each read once: where a tree gets them from. */
#ifndef KVMCTL_VM_FILTER_CACHE_H
#define KVMCTL_VM_FILTER_CACHE_H

#include "vm/filter_store.h"
#include "vm/filter_tree.h"

struct filter_cache {
	const struct filter_store *store;
	struct filter **list;
	size_t n;
};

#define _cleanup_filter_cache_ _cleanup_(filter_cache_clear)
void filter_cache_clear(struct filter_cache *cache);
/* Takes this filter in place of the one of its name, in the store or added before: what would be if it were defined. */
void filter_cache_add(struct filter_cache *cache, struct filter *filter);
/* What was added or read of that name; NULL: nothing. */
const struct filter *filter_cache_find(const struct filter_cache *cache, const char *name);
/* From now on the store's counts again. The caller has what was taken; NULL: there was none. */
struct filter *filter_cache_take(struct filter_cache *cache, const char *name);
/* The source of filter_tree_build(). Its filters stay as long as the cache does. */
struct filter_source filter_cache_source(struct filter_cache *cache);

#endif
