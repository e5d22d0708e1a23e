/* What is filtered on the NICs of an instance, to look at. */
#include "ops/act_nic_filters.h"

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_kernel.h"
#include "vm/nic_binding.h"

static struct json *parameters_of(const struct filter_binding *binding)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < binding->n_parameters; i++)
		for (char *const *value = binding->parameters[i].values; value && *value; value++) {
			_cleanup_free_ char *text = xprintf("%s=%s", binding->parameters[i].name, *value);

			json_append_string(list, text);
		}
	return list;
}

/* What is on record for the TAP; without a record, what there would be. NULL: nothing. */
static struct filter_binding *binding_of(struct context *context, const struct spec *spec, size_t i, const char *tap)
{
	struct filter_binding *binding = NULL;
	_cleanup_error_ struct error ignored = ERROR_INIT;

	if (tap && filter_binding_read(&context->rundir, tap, &binding, &ignored) == 1)
		return binding;
	return nic_is_filtered(&spec->nics[i]) ? nic_binding(spec, i, tap ? tap : "") : NULL;
}

static struct json *row_of(const struct filter_binding *binding, struct filter_listing *listing)
{
	_cleanup_filter_existing_ struct filter_existing existing = { 0 };
	struct json *row = json_new_object();

	json_put_int(row, "nic", binding->nic);
	json_put_string(row, "filter", binding->filter);
	json_put(row, "security_groups", json_new_strings(binding->groups));
	json_put(row, "parameters", parameters_of(binding));
	json_put(row, "learned", json_new_strings(binding->learned));
	if (listing)
		filter_listing_of(listing, binding->interface, &existing);
	json_put(row, "in_force", listing ? json_new_bool(existing.chains) : NULL);
	return row;
}

struct json *act_nic_filters_shown(struct context *context, const char *name, const struct spec *spec, bool running)
{
	_cleanup_filter_listing_ struct filter_listing *listing = NULL;
	_cleanup_error_ struct error ignored = ERROR_INIT;
	struct json *rows = json_new_array();

	for (size_t i = 0; i < spec->n_nics; i++) {
		_cleanup_free_ char *tap = network_tap(context, name, i);
		_cleanup_filter_binding_ struct filter_binding *binding = binding_of(context, spec, i, tap);

		if (binding && running && !listing && filter_kernel_list(&listing, &ignored) < 0)
			running = false;
		if (binding)
			json_append(rows, row_of(binding, listing));
	}
	return rows;
}
