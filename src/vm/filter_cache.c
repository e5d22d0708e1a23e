/* Filters of a store, each read once. */
#include "vm/filter_cache.h"

#include "base/text.h"

void filter_cache_clear(struct filter_cache *cache)
{
	for (size_t i = 0; i < cache->n; i++)
		filter_free(cache->list[i]);
	free(cache->list);
	*cache = (struct filter_cache){ 0 };
}

void filter_cache_add(struct filter_cache *cache, struct filter *filter)
{
	grow_array(cache->list, cache->n); /* NOLINT(bugprone-sizeof-expression): of pointers */
	cache->list[cache->n++] = filter;
}

const struct filter *filter_cache_find(const struct filter_cache *cache, const char *name)
{
	for (size_t i = cache->n; i-- > 0;)
		if (streq(cache->list[i]->name, name))
			return cache->list[i];
	return NULL;
}

struct filter *filter_cache_take(struct filter_cache *cache, const char *name)
{
	for (size_t i = cache->n; i-- > 0;) {
		struct filter *filter = cache->list[i];

		if (!streq(filter->name, name))
			continue;
		for (cache->n--; i < cache->n; i++)
			cache->list[i] = cache->list[i + 1];
		return filter;
	}
	return NULL;
}

static const struct filter *find(void *arg, const char *name, struct error *err)
{
	struct filter_cache *cache = arg;
	const struct filter *known = filter_cache_find(cache, name);
	struct filter *filter = NULL;

	if (known)
		return known;
	if (filter_store_read(cache->store, name, &filter, NULL, err) < 0) {
		/* That there is none the tree says, with the place of the reference. */
		if (err->kind == ERROR_NO_INSTANCE)
			error_clear(err);
		return NULL;
	}
	filter_cache_add(cache, filter);
	return filter;
}

struct filter_source filter_cache_source(struct filter_cache *cache)
{
	return (struct filter_source){ find, cache };
}
