/* filter learned: called by a learner when an address is to pass, or no longer. */
#include "ops/verbs.h"

#include <arpa/inet.h>

#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/addresses.h"
#include "ops/act_filters.h"
#include "vm/leases.h"

/* As inet_ntop(3) writes it, so that the same address is the same text. */
static int canonical(const char *address, char ret[46], struct error *err)
{
	struct learn_address parsed;

	if (!learn_address_read(address, &parsed))
		return error_set(err, ERROR_USAGE, "\"%s\" is no address", address);
	learn_address_write(&parsed, ret);
	return 0;
}

/* An address is its first owner's. */
static int check_owner(struct filters *filters, const struct filter_binding *binding, const char *address,
		       struct error *err)
{
	struct filter_binding *const *all;
	const struct filter_binding *owner;
	size_t n;

	if (act_filters_bindings(filters, &all, &n, err) < 0)
		return -1;
	owner = filter_address_owner(all, n, binding, address);
	if (owner)
		return error_set(err, ERROR_STATE, "\"%s\" has the address %s already", owner->interface, address);
	if (host_has_address(address))
		return error_set(err, ERROR_STATE, "the host itself has the address %s", address);
	return 0;
}

/* A copy: those of the session are read again after a change. */
static int find_binding(struct filters *filters, const char *interface, struct filter_binding **ret, struct error *err)
{
	struct filter_binding *const *all;
	size_t n;

	if (act_filters_bindings(filters, &all, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (streq(all[i]->interface, interface) && (all[i]->learns_ipv4 || all[i]->learns_ipv6)) {
			*ret = filter_binding_copy(all[i]);
			return 0;
		}
	return error_set(err, ERROR_STATE, "no addresses of \"%s\" are learned", interface);
}

/* What cannot be written is known as long as the learner lives. */
static void note(struct context *context, const struct filter_binding *binding, const struct learned_request *request,
		 const char *address)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_leases_ struct leases leases = { 0 };

	if (leases_read(context->settings->state_dir, binding, &leases, &err) < 0) {
		log_warning("%s, ignoring", err.message);
		error_clear(&err);
	}
	if (request->remove)
		leases_remove(&leases, address);
	else
		leases_set(&leases, address, request->source, request->until_ms);
	if (leases_write(context->settings->state_dir, binding, &leases, &err) < 0)
		log_warning("%s, ignoring", err.message);
}

static void without(char ***list, const char *word)
{
	char **kept = NULL;

	for (char **at = *list; at && *at; at++)
		if (!streq(*at, word))
			strv_add(&kept, *at);
	strv_free(*list);
	*list = kept;
}

static int change_rules(struct filters *filters, const struct filter_binding *binding, bool remove, const char *address,
			struct error *err)
{
	_cleanup_filter_binding_ struct filter_binding *changed = filter_binding_copy(binding);
	_cleanup_problems_ struct problems problems = { 0 };

	if (remove)
		without(&changed->learned, address);
	else
		strv_add(&changed->learned, address);
	if (act_filters_put(filters, changed, &problems) < 0)
		return problems_to_error(&problems, ERROR_SPEC, "the filter with this address", err);
	return act_filters_commit(filters, err);
}

/* On disk a lease is never longer than in force: it goes first and comes last. */
int op_filter_learned(struct context *context, const struct learned_request *request, struct error *err)
{
	_cleanup_filters_ struct filters *filters = NULL;
	_cleanup_filter_binding_ struct filter_binding *binding = NULL;
	char address[46];
	bool known;

	if (canonical(request->address, address, err) < 0 ||
	    act_filters_begin(context, "filter learned", &filters, err) < 0 ||
	    find_binding(filters, request->interface, &binding, err) < 0)
		return -1;
	known = strv_contains(binding->learned, address);
	if (!request->remove && !known && check_owner(filters, binding, address, err) < 0)
		return -1;
	if (request->remove)
		note(context, binding, request, address);
	if (known == request->remove && change_rules(filters, binding, request->remove, address, err) < 0)
		return -1;
	if (!request->remove)
		note(context, binding, request, address);
	return 0;
}
