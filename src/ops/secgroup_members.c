/* secgroup add and remove.
 *
 * Addresses: one element of a set each, by netlink; no rule is looked at. What is added is written down before the kernel has it, what is
 * removed after the kernel has lost it: who is killed between leaves less that is let in, never more, and the same command again
 * finishes it.
 *
 * NICs of instances: written down in the same order, and what is bound of them gets other rules, all in one transaction. */
#include "ops/verbs.h"

#include <errno.h>
#include <unistd.h>

#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/nft_element.h"
#include "ops/act_learner.h"
#include "ops/act_secgroup.h"
#include "vm/secgroup_binding.h"
#include "vm/filter_compile.h"
#include "vm/state.h"

/* Has only what all have. */
#define NO_NIC (-2)

struct work {
	struct secgroup_change change;
	const char *group;
	bool remove;
	bool by_spec; /* of the member that is being removed: a spec gives the group, too */
	struct secgroup_member *members;
	size_t n;
	char **addresses; /* those that are addresses, sorted, none twice */
	struct json *rows;
};

static void work_clear(struct work *work)
{
	secgroup_change_end(&work->change);
	for (size_t i = 0; i < work->n; i++)
		secgroup_member_clear(&work->members[i]);
	free(work->members);
	strv_free(work->addresses);
}

static struct json *add_row(struct work *work, const char *member, bool changed)
{
	struct json *row = json_new_object();

	json_put_string(row, "member", member);
	json_put_bool(row, "changed", changed);
	json_append(work->rows, row);
	return row;
}

/* --- addresses --- */

/* Also those that were there already: where a command was cut off before the kernel had them, this mends it. */
static int change_kernel(const struct work *work, char *const *addresses, struct error *err)
{
	_cleanup_free_ char *four = filter_group_set(work->group, FILTER_FAMILY_IPV4);
	_cleanup_free_ char *six = filter_group_set(work->group, FILTER_FAMILY_IPV6);
	size_t n = strv_length(addresses);
	_cleanup_free_ struct nft_element *elements = xcalloc(n + 1, sizeof(*elements));

	if (!work->change.bound || n == 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		struct secgroup_member address;

		secgroup_address_parse(addresses[i], &address);
		elements[i] = (struct nft_element){ .set = address.ipv6 ? six : four,
						    .length = address.ipv6 ? 16 : 4,
						    .remove = work->remove };
		memcpy(elements[i].key, address.bytes, sizeof(address.bytes));
	}
	return nft_change_elements(elements, n, err);
}

/* An address that a NIC of the group has as well stays in the set. */
static int without_bound(struct work *work, char ***ret, struct error *err)
{
	_cleanup_strv_ char **interfaces = NULL, **bound = NULL;

	if (filter_binding_list(&work->change.context->rundir, &interfaces, err) < 0)
		return -1;
	for (char **name = interfaces; name && *name; name++) {
		_cleanup_filter_binding_ struct filter_binding *binding = NULL;
		int read = filter_binding_read(&work->change.context->rundir, *name, &binding, err);

		if (read < 0)
			return -1;
		if (read == 0 || !strv_contains(binding->groups, work->group))
			continue;
		_cleanup_strv_ char **own = secgroup_binding_addresses(binding);
		strv_extend(&bound, own);
	}
	*ret = secgroup_addresses_without(work->addresses, bound);
	return 0;
}

/* What was refused is not done: nobody is let in by it later. The kernel is asked, too: what failed may have been hearing of it. */
static void take_back(struct work *work, const bool *changed)
{
	_cleanup_error_ struct error failure = ERROR_INIT, ignored = ERROR_INIT;
	_cleanup_strv_ char **added = NULL, **gone = NULL;
	struct work undo = *work;

	for (size_t i = 0; work->addresses[i]; i++)
		if (changed[i])
			strv_add(&added, work->addresses[i]);
	if (!added)
		return;
	undo.addresses = added;
	undo.remove = true;
	if (secgroup_addresses_remove(&work->change.store, work->group, added, NULL, &failure) < 0)
		log_warning("%s, ignoring", failure.message);
	else if (without_bound(&undo, &gone, &ignored) == 0)
		(void)change_kernel(&undo, gone, &ignored);
}

static int add_addresses(struct work *work, bool *changed, struct error *err)
{
	if (secgroup_addresses_add(&work->change.store, work->group, work->addresses, changed, err) < 0)
		return -1;
	if (change_kernel(work, work->addresses, err) == 0)
		return 0;
	take_back(work, changed);
	return -1;
}

static int remove_addresses(struct work *work, bool *changed, struct error *err)
{
	_cleanup_strv_ char **gone = NULL;

	if (without_bound(work, &gone, err) < 0 || change_kernel(work, gone, err) < 0)
		return -1;
	return secgroup_addresses_remove(&work->change.store, work->group, work->addresses, changed, err);
}

static int change_addresses(struct work *work, struct error *err)
{
	_cleanup_free_ bool *changed = xcalloc(strv_length(work->addresses) + 1, sizeof(*changed));

	if (!*work->addresses)
		return 0;
	if ((work->remove ? remove_addresses(work, changed, err) : add_addresses(work, changed, err)) < 0)
		return -1;
	for (size_t i = 0; work->addresses[i]; i++)
		add_row(work, work->addresses[i], changed[i]);
	return 0;
}

/* --- NICs --- */

static char *member_text(const struct secgroup_member *member)
{
	return member->nic == SECGROUP_ALL_NICS ? xstrdup(member->instance)
						: xprintf("%s/%d", member->instance, (int)member->nic);
}

static bool is_meant(const struct secgroup_member *member, const struct filter_binding *binding)
{
	return streq(binding->instance, member->instance) &&
	       (member->nic == SECGROUP_ALL_NICS || binding->nic == member->nic);
}

/* Whether the spec that the instance runs by says it. */
static int spec_names_group(struct work *work, const struct filter_binding *binding, bool *ret, struct error *err)
{
	_cleanup_state_ struct state *state = NULL;

	*ret = false;
	if (state_read(&work->change.context->rundir, binding->instance, &state, err) < 0)
		return -1;
	const struct json *nic = state ? json_at(json_get(state->spec, "nics"), (size_t)binding->nic) : NULL;
	const struct json *groups = json_get(nic, "security_groups");
	for (size_t i = 0; i < json_length(groups); i++)
		*ret |= streq(json_string(json_at(groups, i), ""), work->group);
	return 0;
}

static void take_group(struct filter_binding *binding, const char *group)
{
	char **left = NULL;

	for (char **old = binding->groups; old && *old; old++)
		if (!streq(*old, group))
			strv_add(&left, *old);
	strv_free(binding->groups);
	binding->groups = left;
}

/* Its groups as they will be. */
static int change_binding(struct work *work, const struct secgroup_member *member, struct filter_binding *binding,
			  struct error *err)
{
	const struct secgroup_store *store = &work->change.store;
	_cleanup_strv_ char **of_all = NULL, **by_hand = NULL;
	bool by_spec;

	if (!work->remove) {
		if (!strv_contains(binding->groups, work->group))
			strv_add(&binding->groups, work->group);
		return 0;
	}
	if (spec_names_group(work, binding, &by_spec, err) < 0 ||
	    secgroup_instance_groups(store, member->instance, binding->nic, &by_hand, err) < 0)
		return -1;
	if (by_spec && !strv_contains(by_hand, work->group)) {
		error_set(err, ERROR_STATE, "the spec of \"%s\" gives its NIC %d the security group \"%s\"",
			  binding->instance, (int)binding->nic, work->group);
		return error_hint(err, "take it out of \"security_groups\" there, then stop the instance and start it");
	}
	if (member->nic != SECGROUP_ALL_NICS &&
	    secgroup_instance_groups(store, member->instance, NO_NIC, &of_all, err) < 0)
		return -1;
	if (strv_contains(of_all, work->group)) {
		error_set(err, ERROR_STATE, "all NICs of \"%s\" were given the security group \"%s\"", member->instance,
			  work->group);
		return error_hint(err, "kvmctl secgroup remove %s %s", work->group, member->instance);
	}
	work->by_spec |= by_spec;
	if (!by_spec)
		take_group(binding, work->group);
	return 0;
}

/* Also where nothing changes: a command that was cut off may have left the record without the rules. A NIC that has nothing any more is
 * not filtered: nobody looks for its addresses. */
static int put_binding(struct work *work, struct filters *filters, const struct filter_binding *binding,
		       struct problems *problems, struct error *err)
{
	if (*binding->filter || binding->groups)
		return act_filters_put(filters, binding, problems);
	act_filters_remove(filters, binding->interface);
	return act_learner_stop(work->change.context, binding->interface, err);
}

/* That there is none is no mistake, but may be one: of the name. */
static bool is_known(struct work *work, const char *instance)
{
	struct context *context = work->change.context;
	_cleanup_free_ char *path = xprintf("%s/%s.json", context->settings->spec_dir, instance);
	_cleanup_state_ struct state *state = NULL;
	_cleanup_error_ struct error ignored = ERROR_INIT;

	return access(path, F_OK) == 0 || errno != ENOENT ||
	       state_read(&context->rundir, instance, &state, &ignored) < 0 || state;
}

/* Problems are those of the rules. */
static int change_bound(struct work *work, struct filters *filters, const struct secgroup_member *member,
			struct json *interfaces, struct problems *problems, struct error *err)
{
	struct filter_binding *const *bindings = NULL;
	size_t n = 0;

	if (!filters)
		return 0;
	if (act_filters_bindings(filters, &bindings, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		_cleanup_filter_binding_ struct filter_binding *copy = NULL;

		if (!is_meant(member, bindings[i]))
			continue;
		copy = filter_binding_copy(bindings[i]);
		json_append_string(interfaces, bindings[i]->interface);
		if (change_binding(work, member, copy, err) < 0 || put_binding(work, filters, copy, problems, err) < 0)
			return -1;
	}
	return 0;
}

static int record(struct work *work, const struct secgroup_member *member, bool remove, bool *ret_changed,
		  struct error *err)
{
	const struct secgroup_store *store = &work->change.store;

	return remove ? secgroup_instance_remove(store, work->group, member->instance, member->nic, ret_changed, err)
		      : secgroup_instance_add(store, work->group, member->instance, member->nic, ret_changed, err);
}

static int change_instance(struct work *work, struct filters *filters, const struct secgroup_member *member,
			   struct error *err)
{
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_free_ char *text = member_text(member);
	struct json *interfaces = json_new_array();
	bool changed = false, ignored;
	int result;

	work->by_spec = false;
	if (change_bound(work, filters, member, interfaces, &problems, err) < 0) {
		json_free(interfaces);
		return problems.n > 0 ? problems_to_error(&problems, ERROR_SPEC, text, err) : -1;
	}
	result = work->remove ? 0 : record(work, member, false, &changed, err);
	if (result == 0 && filters && act_filters_commit(filters, err) < 0) {
		_cleanup_error_ struct error failure = ERROR_INIT;

		if (changed)
			(void)record(work, member, true, &ignored, &failure);
		result = -1;
	}
	if (result == 0 && work->remove)
		result = record(work, member, true, &changed, err);
	if (result == 0) {
		struct json *row = add_row(work, text, changed);

		json_put_bool(row, "known", is_known(work, member->instance));
		json_put_bool(row, "by_spec", work->by_spec);
		json_put(row, "interfaces", json_ref(interfaces));
	}
	json_free(interfaces);
	return result;
}

/* One session for all of them: it keeps the lock. */
static int change_instances(struct work *work, struct error *err)
{
	_cleanup_filters_ struct filters *filters = NULL;
	bool begun = false;

	for (size_t i = 0; i < work->n; i++) {
		if (work->members[i].is_address)
			continue;
		if (!begun && secgroup_change_session(&work->change, &filters, err) < 0)
			return -1;
		begun = true;
		if (change_instance(work, filters, &work->members[i], err) < 0)
			return -1;
	}
	return 0;
}

/* --- both --- */

static int read_members(struct work *work, char *const *words, struct error *err)
{
	size_t n = strv_length(words), addresses = 0;

	work->members = xcalloc(n + 1, sizeof(*work->members));
	work->addresses = xcalloc(n + 1, sizeof(*work->addresses)); /* NOLINT: of pointers */
	for (; words && *words; words++, work->n++) {
		struct secgroup_member *member = &work->members[work->n];

		if (secgroup_member_parse(*words, member, err) < 0)
			return -1;
		if (member->is_address)
			work->addresses[addresses++] = xstrdup(member->address);
	}
	strv_sort_unique(work->addresses);
	return 0;
}

static int change_members(struct context *context, const char *group, char *const *members, bool remove,
			  struct json **ret, struct error *err)
{
	const char *verb = remove ? "secgroup remove" : "secgroup add";
	_cleanup_(work_clear) struct work work = { .change = SECGROUP_CHANGE_INIT, .group = group, .remove = remove };
	_cleanup_secgroup_ struct secgroup *read = NULL;
	_cleanup_json_ struct json *document = json_new_object();

	work.rows = json_new_array();
	json_put(document, "members", work.rows);
	if (read_members(&work, members, err) < 0 || secgroup_change_begin(context, verb, &work.change, err) < 0 ||
	    secgroup_store_read(&work.change.store, group, &read, err) < 0)
		return -1;
	if (change_addresses(&work, err) < 0 || change_instances(&work, err) < 0)
		return -1;
	json_put_string(document, "name", group);
	json_put_string(document, "done", verb);
	*ret = take_ptr(document);
	return 0;
}

int op_secgroup_add(struct context *context, const char *group, char *const *members, struct json **ret,
		    struct error *err)
{
	return change_members(context, group, members, false, ret, err);
}

int op_secgroup_remove(struct context *context, const char *group, char *const *members, struct json **ret,
		       struct error *err)
{
	return change_members(context, group, members, true, ret, err);
}
