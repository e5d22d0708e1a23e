/* Filters of NICs. What is made is on record twice: the TAP in the instance's state, before anything is made, and what is to be filtered there in
 * the binding's own record, before the rules are. */
#include "ops/act_nic_filters.h"

#include "base/strv.h"
#include "base/text.h"
#include "host/link.h"
#include "ops/act_filters.h"
#include "ops/act_learner.h"
#include "vm/nic_binding.h"
#include "vm/resource.h"
#include "vm/secgroup_members.h"

/* --- what they are --- */

int act_nic_filters_complete(struct context *context, struct spec *spec, struct error *err)
{
	_cleanup_secgroup_store_ struct secgroup_store store = { 0 };

	secgroup_store_open(context->settings->secgroup_dir, &store);
	for (size_t i = 0; i < spec->n_nics; i++) {
		struct nic *nic = &spec->nics[i];

		/* "All of its NICs" are those that can be filtered. */
		if ((nic->mode == NIC_BRIDGED || nic->mode == NIC_EXT) &&
		    secgroup_instance_groups(&store, spec->name, (int64_t)i, &nic->groups, err) < 0)
			return -1;
	}
	return 0;
}

/* --- whether they can be --- */

static char *place(const struct spec *spec, size_t i)
{
	const struct nic *nic = &spec->nics[i];

	return xprintf("nics[%zu]%s", i, !nic->filter ? ".security_groups" : nic->groups ? "" : ".filter");
}

/* No TAP is there yet: any name will do. */
static void check_nic(struct filters *filters, const struct spec *spec, size_t i, struct problems *problems)
{
	_cleanup_filter_binding_ struct filter_binding *binding = nic_binding(spec, i, "kvt0000000000");
	_cleanup_problems_ struct problems found = { 0 };
	_cleanup_free_ char *at = place(spec, i);

	if (act_filters_check(filters, binding, &found) == 0)
		act_filters_warn_unused(filters, binding, at);
	problems_add_all(problems, &found, at);
}

void act_nic_filters_check(struct context *context, const struct spec *spec, struct problems *problems)
{
	_cleanup_filters_ struct filters *filters = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;

	for (size_t i = 0; i < spec->n_nics; i++) {
		if (!nic_is_filtered(&spec->nics[i]))
			continue;
		if (!filters && act_filters_look(context, &filters, &err) < 0) {
			_cleanup_free_ char *at = place(spec, i);

			problems_add_error(problems, at, &err);
			return;
		}
		check_nic(filters, spec, i, problems);
	}
}

/* --- in force --- */

void act_nic_filters_record(const struct network_setup *setup, struct json *list)
{
	for (size_t i = 0; i < setup->spec->n_nics; i++)
		if (nic_is_filtered(&setup->spec->nics[i]))
			json_append(list, resource_filter(setup->nics[i].tap));
}

static int put(struct filters *filters, struct filter_binding *binding, struct error *err)
{
	_cleanup_problems_ struct problems problems = { 0 };

	if (act_filters_put(filters, binding, &problems) == 0)
		return 0;
	return problems_to_error(&problems, ERROR_SPEC, "its filters", err);
}

/* What was found where the guest comes from is its own still: it goes on without asking for it again (NWF-112). */
static void take_learned(const struct network_setup *setup, size_t nic, struct filter_binding *binding)
{
	_cleanup_strv_ char **leases = json_strings(json_at(setup->learned, nic));

	if (leases)
		act_learner_unpack(setup->context, binding, leases);
}

static int put_all(const struct network_setup *setup, struct error *err)
{
	_cleanup_filters_ struct filters *filters = NULL;

	if (act_filters_begin(setup->context, "start", &filters, err) < 0)
		return -1;
	for (size_t i = 0; i < setup->spec->n_nics; i++) {
		_cleanup_filter_binding_ struct filter_binding *binding = NULL;

		if (!nic_is_filtered(&setup->spec->nics[i]))
			continue;
		binding = nic_binding(setup->spec, i, setup->nics[i].tap);
		act_learner_recall(setup->context, binding);
		take_learned(setup, i, binding);
		if (put(filters, binding, err) < 0)
			return error_prefix(err, "nics[%zu]", i);
	}
	return act_filters_commit(filters, err);
}

static int read_binding(struct context *context, const char *tap, struct filter_binding **ret, struct error *err)
{
	int found = filter_binding_read(&context->rundir, tap, ret, err);

	if (found == 0)
		return error_set(err, ERROR_UNKNOWN, "the record of what is filtered on \"%s\" is gone", tap);
	return found < 0 ? -1 : 0;
}

/* The learners: as long as one has not found an address, nothing passes but what is needed for it. */
static int settle_learner(const struct network_setup *setup, size_t i, struct error *err)
{
	_cleanup_filter_binding_ struct filter_binding *binding = NULL;

	if (read_binding(setup->context, setup->nics[i].tap, &binding, err) < 0 ||
	    act_learner_settle(setup->context, binding, err) < 0)
		return error_prefix(err, "nics[%zu]", i);
	return 0;
}

int act_nic_filters_up(const struct network_setup *setup, struct error *err)
{
	if (!spec_is_filtered(setup->spec))
		return 0;
	if (put_all(setup, err) < 0)
		return -1;
	for (size_t i = 0; i < setup->spec->n_nics; i++)
		if (nic_is_filtered(&setup->spec->nics[i]) && settle_learner(setup, i, err) < 0)
			return -1;
	return 0;
}

static int move_to_bridge(struct context *context, struct filter_binding *binding, const char *bridge,
			  struct error *err)
{
	_cleanup_filters_ struct filters *filters = NULL;

	if (streq(binding->bridge, bridge))
		return 0;
	text_replace(&binding->bridge, bridge);
	if (act_filters_begin(context, "start", &filters, err) < 0 || put(filters, binding, err) < 0)
		return -1;
	return act_filters_commit(filters, err);
}

int act_nic_filters_connected(const struct network_setup *setup, size_t nic, struct error *err)
{
	_cleanup_filter_binding_ struct filter_binding *binding = NULL;
	const char *tap = setup->nics[nic].tap;
	_cleanup_free_ char *bridge = NULL;
	bool is_bridge = false;
	int found = filter_binding_read(&setup->context->rundir, tap, &binding, err);

	if (found <= 0 && (found < 0 || !nic_is_filtered(&setup->spec->nics[nic])))
		return found;
	if (link_bridge_of(tap, &bridge, err) < 0 || (*bridge && link_is_bridge(bridge, &is_bridge, err) < 0))
		return -1;
	if (is_bridge && binding)
		return move_to_bridge(setup->context, binding, bridge, err);
	error_set(err, ERROR_HOST,
		  "its script has not put \"%s\" on a bridge of the kernel: its filter would have no effect", tap);
	return error_hint(err, "the rules hang in the bridge: let the script attach $INTERFACE to one, or take the "
			       "filter off the NIC");
}

/* --- down --- */

/* The name of a TAP may have come to another instance since. */
static int remove_one(struct context *context, const char *instance, const char *tap, struct filters **filters,
		      struct error *err)
{
	_cleanup_filter_binding_ struct filter_binding *binding = NULL;
	int found;

	if (!*filters && act_filters_begin(context, "teardown", filters, err) < 0)
		return -1;
	found = filter_binding_read(&context->rundir, tap, &binding, err);
	if (found <= 0 || !streq(binding->instance, instance))
		return found < 0 ? -1 : 0;
	if (act_learner_stop(context, tap, err) < 0)
		return -1;
	act_filters_remove(*filters, tap);
	return 0;
}

/* Without a record there are no rules, and none need be looked for. */
static bool has_record(struct context *context, const char *tap)
{
	_cleanup_filter_binding_ struct filter_binding *binding = NULL;
	_cleanup_error_ struct error ignored = ERROR_INIT;

	return filter_binding_read(&context->rundir, tap, &binding, &ignored) != 0;
}

int act_nic_filters_down(struct context *context, struct state *state, struct error *err)
{
	_cleanup_filters_ struct filters *filters = NULL;
	_cleanup_json_ struct json *left = json_new_array();

	for (size_t i = 0; i < json_length(state->resources); i++) {
		struct json *record = json_at(state->resources, i);
		const char *tap = json_get_string(record, "link", "");

		if (!resource_is_filter(record))
			json_append(left, json_ref(record));
		else if (has_record(context, tap) && remove_one(context, state->name, tap, &filters, err) < 0)
			return error_prefix(err, "cannot take down the filter of \"%s\"", tap);
	}
	if (filters && act_filters_commit(filters, err) < 0)
		return -1;
	json_free(state->resources);
	state->resources = take_ptr(left);
	return 0;
}
