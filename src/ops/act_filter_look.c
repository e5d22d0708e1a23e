/* From what a person says to bindings, trees and rules. */
#include "ops/act_filter_look.h"

#include <arpa/inet.h>
#include <inttypes.h>

#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/nft.h"
#include "vm/secgroup_binding.h"
#include "vm/secgroup_filter.h"
#include "vm/secgroup_members.h"

/* --- which binding --- */

/* nic: -1, whichever there is. */
static int find_nic(struct context *context, const char *instance, int64_t nic, struct filter_binding **ret,
		    struct error *err)
{
	_cleanup_strv_ char **interfaces = NULL, **mine = NULL;
	_cleanup_filter_binding_ struct filter_binding *found = NULL;

	if (filter_binding_list(&context->rundir, &interfaces, err) < 0)
		return -1;
	for (char **interface = interfaces; interface && *interface; interface++) {
		_cleanup_filter_binding_ struct filter_binding *binding = NULL;

		if (filter_binding_read(&context->rundir, *interface, &binding, err) < 0)
			return -1;
		if (!binding || !streq(binding->instance, instance) || (nic >= 0 && binding->nic != nic))
			continue;
		strv_addf(&mine, "%s/%" PRId64, instance, binding->nic);
		filter_binding_free(found);
		found = take_ptr(binding);
	}
	if (mine && strv_length(mine) > 1) {
		strv_sort(mine);
		_cleanup_free_ char *list = strv_join(mine, ", ");

		error_set(err, ERROR_USAGE, "the instance \"%s\" has several NICs that are filtered", instance);
		return error_hint(err, "say which: %s", list);
	}
	*ret = take_ptr(found);
	return 0;
}

int act_filter_find(struct context *context, const char *name, struct filter_binding **ret, struct error *err)
{
	const char *slash = strchr(name, '/');
	_cleanup_filter_binding_ struct filter_binding *found = NULL;
	_cleanup_free_ char *instance = xstrndup(name, strcspn(name, "/"));
	int64_t nic = -1;

	if (slash && parse_int(slash + 1, "NIC", 0, INT32_MAX, &nic, err) < 0)
		return -1;
	if (!slash && filter_binding_read(&context->rundir, name, &found, err) < 0)
		return -1;
	if (!found && find_nic(context, instance, nic, &found, err) < 0)
		return -1;
	if (!found) {
		error_set(err, ERROR_NO_INSTANCE, "nothing is filtered on \"%s\"", name);
		return error_hint(err,
				  "\"kvmctl filter bindings\" shows the interfaces and instances where something is");
	}
	*ret = take_ptr(found);
	return 0;
}

/* Chains only, and of the one table that every NIC has some in: a host may have many rules. */
int act_filter_in_kernel(const char *interface, struct filter_existing *ret, struct error *err)
{
	_cleanup_filter_listing_ struct filter_listing *listing = filter_listing_new();
	_cleanup_json_ struct json *document = NULL;
	_cleanup_free_ char *text = NULL;

	if (nft_list("chains bridge", NFT_JSON, &text, err) < 0 ||
	    json_parse(text, strlen(text), strlen(text), JSON_SPEC_MAX_DEPTH, "what nft lists", &document, err) < 0)
		return -1;
	filter_listing_add(listing, document);
	filter_listing_of(listing, interface, ret);
	if (ret->chains)
		return 0;
	filter_existing_clear(ret);
	error_set(err, ERROR_STATE, "the rules of \"%s\" are not in the kernel", interface);
	return error_hint(err, "somebody has removed them: \"kvmctl filter restore\" puts them back");
}

/* --- its tree --- */

void filter_looked_clear(struct filter_looked *looked)
{
	filter_tree_clear(&looked->tree);
	filter_parameters_clear(&looked->parameters);
	filter_cache_clear(&looked->cache);
	filter_store_close(&looked->store);
	secgroup_store_close(&looked->groups);
}

void act_filter_open(struct context *context, struct filter_looked *ret)
{
	filter_store_open(context->settings->filter_dir, &ret->store);
	secgroup_store_open(context->settings->secgroup_dir, &ret->groups);
	ret->cache.store = &ret->store;
	ret->context = context;
}

int act_filter_tree(struct context *context, const struct filter_binding *binding, struct filter_looked *ret,
		    struct problems *problems)
{
	struct secgroup_nic nic = { .interface = binding->interface,
				    .filter = binding->filter,
				    .parameters = binding->parameters,
				    .n_parameters = binding->n_parameters,
				    .groups = binding->groups };
	_cleanup_free_ char *name = NULL;

	act_filter_open(context, ret);
	if (secgroup_filter_expand(&ret->groups, &nic, &ret->cache, &name, problems) < 0)
		return -1;

	struct filter_source source = filter_cache_source(&ret->cache);
	return filter_parameters_build(&source, name, binding, &ret->parameters, &ret->tree, problems);
}

/* --- members --- */

static bool has_address(char *const *addresses, const char *wanted, bool ipv6)
{
	for (; addresses && *addresses; addresses++) {
		struct secgroup_member member = { 0 };
		bool same = secgroup_address_parse(*addresses, &member) && member.ipv6 == ipv6 &&
			    streq(member.address, wanted);

		secgroup_member_clear(&member);
		if (same)
			return true;
	}
	return false;
}

static bool is_nic(struct filter_looked *looked, const char *group, const char *address, bool ipv6)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_strv_ char **interfaces = NULL;
	bool found = false;

	if (filter_binding_list(&looked->context->rundir, &interfaces, &ignored) < 0)
		return false;
	for (char **interface = interfaces; interface && *interface && !found; interface++) {
		_cleanup_filter_binding_ struct filter_binding *binding = NULL;

		if (filter_binding_read(&looked->context->rundir, *interface, &binding, &ignored) < 0 || !binding ||
		    !strv_contains(binding->groups, group))
			continue;
		_cleanup_strv_ char **addresses = secgroup_binding_addresses(binding);
		found = has_address(addresses, address, ipv6);
	}
	return found;
}

static bool is_member(void *arg, const char *group, const uint8_t *bytes)
{
	struct filter_looked *looked = arg;
	_cleanup_error_ struct error ignored = ERROR_INIT;
	bool ipv6 = looked->family == FILTER_FAMILY_IPV6;
	char address[INET6_ADDRSTRLEN];
	_cleanup_strv_ char **by_hand = NULL;

	inet_ntop(ipv6 ? AF_INET6 : AF_INET, bytes, address, sizeof(address));
	if (secgroup_addresses(&looked->groups, group, &by_hand, &ignored) == 0 && has_address(by_hand, address, ipv6))
		return true;
	return is_nic(looked, group, address, ipv6);
}

void act_filter_members(struct filter_looked *looked, struct filter_packet *packet)
{
	looked->family = packet->family;
	packet->is_member = is_member;
	packet->is_member_arg = looked;
}

/* --- a rule in words --- */

static bool stands_at(const struct filter *filter, size_t entry, const char *place)
{
	_cleanup_free_ char *own = NULL;
	int line;

	/* The quick way first: there may be thousands. */
	if (sscanf(place, "line %d", &line) == 1 && line != filter->entries[entry].line)
		return false;
	own = filter_entry_place(filter, entry);
	return streq(own, place);
}

char *act_filter_rule(struct filter_looked *looked, const char *filter, const char *place)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	struct filter_source source = filter_cache_source(&looked->cache);
	const struct filter *found = *filter ? source.find(source.arg, filter, &ignored) : NULL;

	for (size_t i = 0; found && i < found->n_entries; i++)
		if (found->entries[i].kind == FILTER_ENTRY_RULE && stands_at(found, i, place))
			return filter_rule_text(&found->entries[i].rule);
	return NULL;
}
