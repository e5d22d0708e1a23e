/* Following references through the store: loops, and who refers to whom. */
#include "vm/filter_references.h"

#include "base/strv.h"
#include "base/text.h"

/* Longer ways are refused where a filter is used. */
#define DEPTH_MAX 64

struct search {
	const struct filter_store *store;
	const char *target;
	char **seen; /* looked at already: no way from there */
};

/* The way from the filter to the target, without the target itself at its end; NULL: none. */
static char *way_to(struct search *search, const struct filter *filter, int depth)
{
	for (size_t i = 0; i < filter->n_entries; i++) {
		const struct filter_entry *entry = &filter->entries[i];
		_cleanup_filter_ struct filter *next = NULL;
		_cleanup_error_ struct error ignored = ERROR_INIT;
		_cleanup_free_ char *rest = NULL;

		if (entry->kind != FILTER_ENTRY_REFERENCE)
			continue;
		if (streq(entry->reference.filter, search->target))
			return xstrdup(filter->name);
		if (depth == DEPTH_MAX || strv_contains(search->seen, entry->reference.filter))
			continue;
		strv_add(&search->seen, entry->reference.filter);
		if (filter_store_read(search->store, entry->reference.filter, &next, NULL, &ignored) < 0)
			continue;
		rest = way_to(search, next, depth + 1);
		if (rest)
			return xprintf("%s -> %s", filter->name, rest);
	}
	return NULL;
}

char *filter_find_loop(const struct filter_store *store, const struct filter *filter)
{
	struct search search = { store, filter->name, NULL };
	_cleanup_free_ char *way = way_to(&search, filter, 0);

	strv_free(search.seen);
	return way ? xprintf("%s -> %s", way, filter->name) : NULL;
}

static bool refers_to(const struct filter *filter, const char *name)
{
	for (size_t i = 0; i < filter->n_entries; i++)
		if (filter->entries[i].kind == FILTER_ENTRY_REFERENCE &&
		    streq(filter->entries[i].reference.filter, name))
			return true;
	return false;
}

int filter_find_users(const struct filter_store *store, const char *name, char ***ret, struct error *err)
{
	_cleanup_strv_ char **names = NULL, **users = NULL;

	if (filter_store_list(store, &names, err) < 0)
		return -1;
	for (char **other = names; other && *other; other++) {
		_cleanup_filter_ struct filter *filter = NULL;
		_cleanup_error_ struct error ignored = ERROR_INIT;

		if (filter_store_read(store, *other, &filter, NULL, &ignored) == 0 && refers_to(filter, name))
			strv_add(&users, *other);
	}
	*ret = take_ptr(users);
	return 0;
}

struct reach {
	const struct filter_source *source;
	char *const *wanted;
	char **seen; /* gone through: not wanted, and nothing that is wanted behind it */
};

static bool reach(struct reach *r, const char *name, int depth)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	const struct filter *filter;

	if (strv_contains(r->wanted, name))
		return true;
	if (depth > DEPTH_MAX || strv_contains(r->seen, name))
		return false;
	strv_add(&r->seen, name);
	filter = r->source->find(r->source->arg, name, &ignored);
	for (size_t i = 0; filter && i < filter->n_entries; i++)
		if (filter->entries[i].kind == FILTER_ENTRY_REFERENCE &&
		    reach(r, filter->entries[i].reference.filter, depth + 1))
			return true;
	return false;
}

bool filter_reaches(const struct filter_source *source, const char *name, char *const *wanted)
{
	struct reach r = { .source = source, .wanted = wanted };
	bool found = *name && wanted && reach(&r, name, 0);

	strv_free(r.seen);
	return found;
}
