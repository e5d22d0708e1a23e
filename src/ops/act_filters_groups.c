/* Security groups in a session: the filters that they come to, and the sets of their members, which NICs share.
 *
 * A set is made with the first NIC whose rules ask it, filled with all members; from then on it is changed by what changes: an address
 * that a NIC of the group has or no longer has. It is not filled again when rules are, so nothing is missed in it meanwhile. It goes when
 * the kernel says that no rule asks it. */
#include "ops/act_filters_parts.h"

#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/nft_element.h"
#include "vm/secgroup_binding.h"
#include "vm/secgroup_filter.h"

static const enum filter_family families[] = { FILTER_FAMILY_IPV4, FILTER_FAMILY_IPV6 };

struct sets {
	struct filters *filters;
	struct filter_transaction *transaction;
	char *const *there; /* in the kernel */
	struct secgroup_store store;
};

static void sets_clear(struct sets *sets)
{
	secgroup_store_close(&sets->store);
}

int filters_expand(struct filters *filters, const struct filter_binding *binding, char **ret, struct problems *problems)
{
	_cleanup_secgroup_store_ struct secgroup_store store = { 0 };
	struct secgroup_nic nic = { .interface = binding->interface,
				    .filter = binding->filter,
				    .parameters = binding->parameters,
				    .n_parameters = binding->n_parameters,
				    .groups = binding->groups };

	secgroup_store_open(filters->context->settings->secgroup_dir, &store);
	return secgroup_filter_expand(&store, &nic, &filters->cache, ret, problems);
}

/* --- what will be --- */

/* Calls fn with every binding that there is after the change. */
static void each_after(const struct filters *filters, void (*fn)(const struct filter_binding *binding, void *arg),
		       void *arg)
{
	for (size_t i = 0; i < filters->n_bindings; i++)
		if (!filters_is_changed(filters, filters->bindings[i]->interface))
			fn(filters->bindings[i], arg);
	for (size_t i = 0; i < filters->n_changes; i++)
		if (filters->changes[i].binding)
			fn(filters->changes[i].binding, arg);
}

struct members {
	const char *group;
	char **addresses;
};

static void add_members(const struct filter_binding *binding, void *arg)
{
	struct members *members = arg;

	if (!strv_contains(binding->groups, members->group))
		return;
	_cleanup_strv_ char **addresses = secgroup_binding_addresses(binding);
	strv_extend(&members->addresses, addresses);
}

int filters_group_members(const struct filters *filters, const char *set, char ***ret, struct error *err)
{
	_cleanup_secgroup_store_ struct secgroup_store store = { 0 };
	enum filter_family family;
	_cleanup_free_ char *group = filter_group_of_set(set, &family);
	_cleanup_strv_ char **by_hand = NULL, **own = NULL, **more = NULL;
	struct members members = { .group = group };

	secgroup_store_open(filters->context->settings->secgroup_dir, &store);
	if (secgroup_addresses(&store, group, &by_hand, err) < 0)
		return -1;
	each_after(filters, add_members, &members);
	*ret = secgroup_addresses_of(by_hand, family);
	own = secgroup_addresses_of(members.addresses, family);
	more = secgroup_addresses_without(own, *ret);
	strv_extend(ret, more);
	strv_free(members.addresses);
	return 0;
}

/* --- sets that are made --- */

static int fill(struct sets *sets, const char *set, struct error *err)
{
	_cleanup_strv_ char **wanted = NULL;

	if (filters_group_members(sets->filters, set, &wanted, err) < 0)
		return -1;
	filter_transaction_group_add(sets->transaction, set, wanted);
	return 0;
}

static int fill_new(struct sets *sets, struct error *err)
{
	_cleanup_strv_ char **made = NULL;

	for (size_t i = 0; i < sets->filters->n_changes; i++)
		for (char **set = sets->filters->changes[i].program.groups; set && *set; set++) {
			if (strv_contains(sets->there, *set) || strv_contains(made, *set))
				continue;
			strv_add(&made, *set);
			if (fill(sets, *set, err) < 0)
				return -1;
		}
	return 0;
}

/* --- sets that are there --- */

/* Those of `gone` that no other member has. Owned by the caller. */
static int left_alone(struct sets *sets, const char *group, char *const *gone, char ***ret, struct error *err)
{
	_cleanup_free_ bool *by_hand = xcalloc(strv_length(gone) + 1, sizeof(*by_hand));
	struct members members = { .group = group };

	*ret = NULL;
	if (secgroup_addresses_have(&sets->store, group, gone, by_hand, err) < 0)
		return -1;
	each_after(sets->filters, add_members, &members);
	for (size_t i = 0; gone && gone[i]; i++)
		if (!by_hand[i] && !strv_contains(members.addresses, gone[i]))
			strv_add(ret, gone[i]);
	strv_free(members.addresses);
	return 0;
}

static int change_group(struct sets *sets, const char *group, char *const *before, char *const *after,
			struct error *err)
{
	_cleanup_strv_ char **come = secgroup_addresses_without(after, before);
	_cleanup_strv_ char **gone = secgroup_addresses_without(before, after), **alone = NULL;

	if (gone && left_alone(sets, group, gone, &alone, err) < 0)
		return -1;
	for (size_t i = 0; i < ELEMENTS(families); i++) {
		_cleanup_free_ char *set = filter_group_set(group, families[i]);
		_cleanup_strv_ char **add = secgroup_addresses_of(come, families[i]);
		_cleanup_strv_ char **delete = secgroup_addresses_of(alone, families[i]);

		if (!strv_contains(sets->there, set))
			continue;
		filter_transaction_group_add(sets->transaction, set, add);
		filter_transaction_group_delete(sets->transaction, set, delete);
	}
	return 0;
}

static int change_binding(struct sets *sets, const struct filter_binding *before, const struct filter_binding *after,
			  struct error *err)
{
	_cleanup_strv_ char **old = before ? secgroup_binding_addresses(before) : NULL;
	_cleanup_strv_ char **new = after ? secgroup_binding_addresses(after) : NULL;
	_cleanup_strv_ char **groups = strv_copy(before ? before->groups : NULL);

	for (char **group = after ? after->groups : NULL; group && *group; group++)
		if (!strv_contains(groups, *group))
			strv_add(&groups, *group);
	for (char **group = groups; group && *group; group++) {
		bool was = before && strv_contains(before->groups, *group);
		bool is = after && strv_contains(after->groups, *group);

		if (change_group(sets, *group, was ? old : NULL, is ? new : NULL, err) < 0)
			return -1;
	}
	return 0;
}

/* What is there is written afresh, whoever was at it. */
static int fill_again(struct sets *sets, struct error *err)
{
	for (char *const *set = sets->there; set && *set; set++) {
		filter_transaction_group_flush(sets->transaction, *set);
		if (fill(sets, *set, err) < 0)
			return -1;
	}
	return 0;
}

int filters_group_sets(struct filters *filters, struct filter_transaction *transaction,
		       const struct filter_listing *listing, struct error *err)
{
	_cleanup_(sets_clear) struct sets sets = { .filters = filters,
						   .transaction = transaction,
						   .there = filter_listing_groups(listing) };

	secgroup_store_open(filters->context->settings->secgroup_dir, &sets.store);
	if (filters->force)
		return fill_again(&sets, err) < 0 ? -1 : fill_new(&sets, err);
	for (size_t i = 0; i < filters->n_changes && sets.there; i++) {
		const struct filters_change *change = &filters->changes[i];
		const struct filter_binding *before;

		if (filters_recorded(filters, change->interface, &before, err) < 0 ||
		    change_binding(&sets, before, change->binding, err) < 0)
			return -1;
	}
	return fill_new(&sets, err);
}

/* --- sets that nobody asks --- */

struct asked {
	const struct secgroup_store *store;
	char **groups;  /* whose definitions were looked at */
	char **members; /* groups whose members they ask for */
};

static void add_asked(const struct filter_binding *binding, void *arg)
{
	struct asked *asked = arg;

	for (char **name = binding->groups; name && *name; name++) {
		_cleanup_secgroup_ struct secgroup *group = NULL;
		_cleanup_error_ struct error ignored = ERROR_INIT;

		if (strv_contains(asked->groups, *name))
			continue;
		strv_add(&asked->groups, *name);
		if (secgroup_store_read(asked->store, *name, &group, &ignored) < 0)
			continue;
		_cleanup_strv_ char **references = secgroup_references(group);
		strv_extend(&asked->members, references);
	}
}

void filters_drop_sets(const struct filters *filters, const struct filter_listing *listing)
{
	_cleanup_secgroup_store_ struct secgroup_store store = { 0 };
	struct asked asked = { .store = &store };

	if (!filter_listing_groups(listing))
		return;
	secgroup_store_open(filters->context->settings->secgroup_dir, &store);
	each_after(filters, add_asked, &asked);
	for (char *const *set = filter_listing_groups(listing); *set; set++) {
		_cleanup_error_ struct error failure = ERROR_INIT;
		enum filter_family family;
		_cleanup_free_ char *group = filter_group_of_set(*set, &family);

		/* The definitions may be wrong about it: the kernel is not. */
		if (!strv_contains(asked.members, group) && nft_delete_unused_set(*set, NULL, &failure) < 0)
			log_warning("%s, ignoring", failure.message);
	}
	strv_free(asked.groups);
	strv_free(asked.members);
}
