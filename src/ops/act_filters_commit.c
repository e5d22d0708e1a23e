/* Records and rules, together: what is recorded before the rules are loaded is put back when they are refused. */
#include "ops/act_filters_parts.h"

#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/link.h"
#include "host/nft.h"
#include "vm/filter_kernel.h"

/* --- bridges that must call the hooks of IP --- */

static int switch_on_one(const char *bridge, char ***switched, struct error *err)
{
	bool on;

	if (link_bridge_netfilter(bridge, &on, err) < 0)
		return -1;
	if (on)
		return 0;
	if (link_bridge_set_netfilter(bridge, true, err) < 0)
		return -1;
	strv_add(switched, bridge);
	return 0;
}

static int switch_on(const struct filters *filters, char ***switched, struct error *err)
{
	_cleanup_strv_ char **seen = NULL;

	for (size_t i = 0; i < filters->n_changes; i++) {
		const struct filters_change *change = &filters->changes[i];

		if (!change->binding || !change->program.connections || filters->kernel.bridge_ct ||
		    strv_contains(seen, change->binding->bridge))
			continue;
		strv_add(&seen, change->binding->bridge);
		if (switch_on_one(change->binding->bridge, switched, err) < 0)
			return error_prefix(err, "the filter of \"%s\" looks at connections", change->interface);
	}
	return 0;
}

static void switch_off(char *const *switched)
{
	for (; switched && *switched; switched++) {
		_cleanup_error_ struct error failure = ERROR_INIT;

		if (link_bridge_set_netfilter(*switched, false, &failure) < 0)
			log_warning("%s, ignoring", failure.message);
	}
}

/* --- records --- */

static bool same_record(const struct filter_binding *a, const struct filter_binding *b)
{
	_cleanup_json_ struct json *x = filter_binding_to_json(a), *y = filter_binding_to_json(b);

	return json_equal(x, y);
}

/* As it was before this session. */
static void put_back(struct filters *filters, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_error_ struct error failure = ERROR_INIT;
		const struct filters_change *change = &filters->changes[i];
		const struct filter_binding *old = NULL;
		int result = 0;

		if (!change->binding || filters_recorded(filters, change->interface, &old, &failure) < 0)
			continue;
		if (!old)
			result = filter_binding_remove(&filters->context->rundir, change->interface, &failure);
		else if (!same_record(old, change->binding))
			result = filter_binding_write(&filters->context->rundir, old, &failure);
		if (result < 0)
			log_warning("%s, ignoring", failure.message);
	}
}

static int write_records(struct filters *filters, struct error *err)
{
	for (size_t i = 0; i < filters->n_changes; i++) {
		const struct filters_change *change = &filters->changes[i];
		const struct filter_binding *old = NULL;

		if (!change->binding)
			continue;
		if (filters_recorded(filters, change->interface, &old, err) < 0 ||
		    ((!old || !same_record(old, change->binding)) &&
		     filter_binding_write(&filters->context->rundir, change->binding, err) < 0)) {
			put_back(filters, i);
			return -1;
		}
	}
	return 0;
}

static int remove_records(struct filters *filters, struct error *err)
{
	for (size_t i = 0; i < filters->n_changes; i++)
		if (!filters->changes[i].binding &&
		    filter_binding_remove(&filters->context->rundir, filters->changes[i].interface, err) < 0)
			return -1;
	return 0;
}

/* --- rules --- */

static struct filter_nic nic_of(const struct filters_change *change, const struct filter_binding *binding)
{
	return (struct filter_nic){ change->interface, binding ? (unsigned)binding->number : 0 };
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

static bool is_in_force(const struct filters *filters, const struct filters_change *change,
			const struct filter_binding *old, const struct filter_nic *nic,
			const struct filter_existing *existing)
{
	return change->binding && !filters->force && old && same_record(old, change->binding) &&
	       filter_existing_is(existing, nic, &change->program);
}

/* Where the kernel has what the record and the definitions in the store come to, only the difference is loaded. */
static bool put_difference(struct filters *filters, struct filter_transaction *transaction,
			   const struct filters_change *change, const struct filter_binding *old,
			   const struct filter_nic *nic, const struct filter_existing *existing)
{
	_cleanup_filter_program_ struct filter_program before = { 0 };

	return old && !filters->force && old->number == change->binding->number &&
	       streq(old->bridge, change->binding->bridge) && filters_compile_recorded(filters, old, &before) == 0 &&
	       filter_existing_is(existing, nic, &before) &&
	       filter_transaction_change(transaction, nic, &before, &change->program);
}

/* Which lines are whose is noted, for what the kernel may have to say. */
static int fill(struct filters *filters, struct filter_transaction *transaction, struct filter_listing *listing,
		struct error *err)
{
	const char *text = filter_transaction_text(transaction);
	size_t lines = count_lines(text), seen = strlen(text);

	filters->base_lines = lines;
	filters->base_size = seen;
	for (size_t i = 0; i < filters->n_changes; i++) {
		struct filters_change *change = &filters->changes[i];
		_cleanup_filter_existing_ struct filter_existing existing = { 0 };
		const struct filter_binding *old = NULL;
		struct filter_nic nic;

		if (filters_recorded(filters, change->interface, &old, err) < 0)
			return -1;
		nic = nic_of(change, change->binding ? change->binding : old);
		filter_listing_of(listing, change->interface, &existing);
		if (is_in_force(filters, change, old, &nic, &existing))
			continue;
		if (change->binding && filters->force) {
			filter_transaction_remove(transaction, &nic, &existing);
			filter_existing_clear(&existing);
		}
		if (change->binding && put_difference(filters, transaction, change, old, &nic, &existing))
			;
		else if (change->binding)
			filter_transaction_put(transaction, &nic,
					       *change->binding->bridge ? change->binding->bridge : NULL,
					       &change->program, &existing);
		else
			filter_transaction_remove(transaction, &nic, &existing);

		text = filter_transaction_text(transaction);
		lines += count_lines(text + seen);
		seen = strlen(text);
		change->last_line = lines;
	}
	return filters_group_sets(filters, transaction, listing, err);
}

/* Rules carry where they come from as a comment. Owned by the caller, or NULL. */
static char *rule_of(const char *command)
{
	const char *comment = command ? strstr(command, " comment \"") : NULL;

	if (!comment)
		return NULL;
	comment += strlen(" comment \"");
	return xstrndup(comment, strcspn(comment, "\""));
}

/* The NIC and the rule that were refused, in place of a line of a text that nobody has seen. */
static int name_the_guilty(const struct filters *filters, const struct nft_failure *failure, struct error *err)
{
	_cleanup_free_ char *rule = rule_of(failure->command), *whose = NULL;

	for (size_t i = 0; i < filters->n_changes && failure->line > filters->base_lines && !whose; i++)
		if (failure->line <= filters->changes[i].last_line)
			whose = filters->changes[i].binding ? act_filters_binding_text(filters->changes[i].binding)
							    : xstrdup(filters->changes[i].interface);
	if (!whose)
		return -1;
	if (rule)
		return error_set(err, ERROR_HOST, "%s: filter \"%s\": the kernel refused it: %s", whose, rule,
				 failure->reason);
	return error_prefix(err, "%s", whose);
}

/* Whether the kernel has all of it: what failed may have been hearing of it (ENOBUFS). What is loaded over the same by force cannot be told by
 * names, nor can members of groups: with them a NIC must have changed. */
static bool is_loaded(const struct filters *filters, const struct nft_failure *failure)
{
	_cleanup_filter_listing_ struct filter_listing *listing = NULL;
	_cleanup_error_ struct error ignored = ERROR_INIT;
	bool loaded = true, any = false;

	if (filters->force || failure->line > 0 || filter_kernel_list(&listing, &ignored) < 0)
		return false;
	for (size_t i = 0; i < filters->n_changes && loaded; i++) {
		const struct filters_change *change = &filters->changes[i];
		_cleanup_filter_existing_ struct filter_existing existing = { 0 };
		struct filter_nic nic = nic_of(change, change->binding);

		if (change->last_line == 0) /* it is not in the transaction */
			continue;
		any = true;
		filter_listing_of(listing, change->interface, &existing);
		loaded = change->binding ? filter_existing_is(&existing, &nic, &change->program) : !existing.chains;
	}
	return loaded && any;
}

static int load(struct filters *filters, struct error *err)
{
	_cleanup_filter_transaction_ struct filter_transaction *transaction = filter_transaction_new(&filters->kernel);
	_cleanup_nft_failure_ struct nft_failure failure = { 0 };
	_cleanup_filter_listing_ struct filter_listing *listing = NULL;

	if (filter_kernel_list(&listing, err) < 0 || fill(filters, transaction, listing, err) < 0)
		return -1;
	if (strlen(filter_transaction_text(transaction)) == filters->base_size)
		return 0;
	if (nft_load(filter_transaction_text(transaction), &failure, err) < 0 && !is_loaded(filters, &failure))
		return name_the_guilty(filters, &failure, err);
	error_clear(err);
	filters_drop_sets(filters, listing);
	return 0;
}

int act_filters_commit(struct filters *filters, struct error *err)
{
	_cleanup_strv_ char **switched = NULL;

	if (filters->n_changes == 0)
		return 0;
	if (filters_ask_kernel(filters, err) < 0 || write_records(filters, err) < 0)
		return -1;
	if (switch_on(filters, &switched, err) < 0 || load(filters, err) < 0) {
		switch_off(switched);
		put_back(filters, filters->n_changes);
		return -1;
	}
	if (remove_records(filters, err) < 0)
		return -1;
	filters_forget(filters);
	return 0;
}
