/* What of our tables is in the kernel, by NIC. */
#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_compile.h"
#include "vm/filter_compile_internal.h"

struct listed {
	char *interface; /* escaped, as in names */
	char *name;
	bool inet, set;
};

struct filter_listing {
	struct listed *list;
	size_t n;
	bool sorted;
};

void filter_existing_clear(struct filter_existing *existing)
{
	strv_free(existing->chains);
	strv_free(existing->sets);
	strv_free(existing->inet_chains);
	strv_free(existing->inet_sets);
	*existing = (struct filter_existing){ 0 };
}

struct filter_listing *filter_listing_new(void)
{
	return xcalloc(1, sizeof(struct filter_listing));
}

void filter_listing_free(struct filter_listing **listing)
{
	if (!*listing)
		return;
	for (size_t i = 0; i < (*listing)->n; i++) {
		free((*listing)->list[i].interface);
		free((*listing)->list[i].name);
	}
	free((*listing)->list);
	free(*listing);
	*listing = NULL;
}

void filter_listing_add(struct filter_listing *listing, const struct json *nft)
{
	const struct json *list = json_get(nft, "nftables");

	for (size_t i = 0; i < json_length(list); i++) {
		const struct json *chain = json_get(json_at(list, i), "chain"),
				  *set = json_get(json_at(list, i), "set");
		const struct json *thing = chain ? chain : set;
		const char *name = json_get_string(thing, "name", "");
		char *interface;

		if (!thing || !streq(json_get_string(thing, "table", ""), "kvmctl") ||
		    !(interface = compile_name_interface(name)))
			continue;
		grow_array(listing->list, listing->n);
		listing->list[listing->n++] =
			(struct listed){ .interface = interface,
					 .name = xstrdup(name),
					 .set = set,
					 .inet = streq(json_get_string(thing, "family", ""), "inet") };
	}
	listing->sorted = false;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct listed *)a)->interface, ((const struct listed *)b)->interface);
}

void filter_listing_of(struct filter_listing *listing, const char *interface, struct filter_existing *ret)
{
	_cleanup_free_ char *some = compile_name("x", interface, NULL);
	_cleanup_free_ char *escaped = compile_name_interface(some);
	struct listed key = { .interface = escaped };

	if (!listing->sorted && listing->n > 0)
		qsort(listing->list, listing->n, sizeof(*listing->list), compare);
	listing->sorted = true;

	const struct listed *found =
		listing->n > 0 ? bsearch(&key, listing->list, listing->n, sizeof(key), compare) : NULL;
	const struct listed *end = listing->list + listing->n;

	if (!found)
		return;
	while (found > listing->list && streq(found[-1].interface, escaped))
		found--;
	for (; found < end && streq(found->interface, escaped); found++) {
		char ***list = found->set ? (found->inet ? &ret->inet_sets : &ret->sets)
					  : (found->inet ? &ret->inet_chains : &ret->chains);

		strv_add(list, found->name);
	}
}
