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
	struct json *limited; /* elements of the map in table inet kvmctl */
	bool sorted;
	char **groups;
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
	json_free((*listing)->limited);
	strv_free((*listing)->groups);
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
		const struct json *map = json_get(json_at(list, i), "map");
		char *interface;

		if (streq(json_get_string(map, "name", ""), "limited") &&
		    streq(json_get_string(map, "family", ""), "inet") && json_get(map, "elem")) {
			json_free(listing->limited);
			listing->limited = json_ref(json_get(map, "elem"));
		}
		if (!thing || !streq(json_get_string(thing, "table", ""), "kvmctl"))
			continue;
		interface = compile_name_interface(name);
		if (!interface && set && starts_with(name, "group"))
			strv_add(&listing->groups, name);
		if (!interface)
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

char *const *filter_listing_groups(const struct filter_listing *listing)
{
	return listing->groups;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct listed *)a)->interface, ((const struct listed *)b)->interface);
}

static void sort(struct filter_listing *listing)
{
	if (!listing->sorted && listing->n > 0)
		qsort(listing->list, listing->n, sizeof(*listing->list), compare);
	listing->sorted = true;
}

char **filter_listing_interfaces(struct filter_listing *listing)
{
	char **names = NULL;

	sort(listing);
	for (size_t i = 0; i < listing->n; i++)
		if (i == 0 || !streq(listing->list[i].interface, listing->list[i - 1].interface))
			strv_take(&names, compile_name_unescape(listing->list[i].interface));
	return names;
}

static bool has_all(char *const *have, char *const *wanted)
{
	for (; wanted && *wanted; wanted++)
		if (!strv_contains(have, *wanted))
			return false;
	return true;
}

bool filter_existing_is(const struct filter_existing *existing, const struct filter_nic *nic,
			const struct filter_program *program)
{
	_cleanup_free_ char *digest = compile_name_digest(nic->interface, program);

	return strv_contains(existing->chains, digest) &&
	       strv_length(existing->chains) == strv_length(program->chains) + 1 &&
	       has_all(existing->chains, program->chains) && has_all(existing->sets, program->sets) &&
	       has_all(existing->sets, program->lists) && has_all(existing->inet_chains, program->inet_chains) &&
	       has_all(existing->inet_sets, program->inet_sets);
}

/* By which mark its frames go to the chain that counts. */
static unsigned limit_key(const struct filter_listing *listing, char *const *inet_chains)
{
	for (size_t i = 0; i < json_length(listing->limited); i++) {
		const struct json *element = json_at(listing->limited, i);
		const char *target = json_string(json_find(json_at(element, 1), "jump.target"), "");

		if (strv_contains(inet_chains, target))
			return (unsigned)json_int(json_at(element, 0), 0);
	}
	return 0;
}

void filter_listing_of(struct filter_listing *listing, const char *interface, struct filter_existing *ret)
{
	_cleanup_free_ char *some = compile_name("x", interface, NULL);
	_cleanup_free_ char *escaped = compile_name_interface(some);
	struct listed key = { .interface = escaped };

	sort(listing);

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
	ret->limit_key = ret->inet_chains ? limit_key(listing, ret->inet_chains) : 0;
}
