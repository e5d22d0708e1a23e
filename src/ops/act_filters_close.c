/* Nobody is unfiltered because his filter cannot be compiled: where the kernel has no rules and none can be made, nothing passes. */
#include "ops/act_filters_parts.h"

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_json.h"
#include "vm/filter_kernel.h"

static const char nothing_passes[] =
	"{\"name\":\"nothing-passes\",\"entries\":[{\"rule\":{\"action\":\"drop\",\"direction\":\"inout\"}}]}";

static int compile_closed(struct filters *filters, const struct filter_binding *binding, struct filter_program *ret,
			  struct error *err)
{
	_cleanup_filter_cache_ struct filter_cache cache = { .store = &filters->store };
	_cleanup_filter_tree_ struct filter_tree tree = { 0 };
	_cleanup_problems_ struct problems problems = { 0 };
	struct filter_source source = filter_cache_source(&cache);
	struct filter_nic nic = { binding->interface, (unsigned)binding->number };
	struct filter *filter;

	if (filter_from_json(nothing_passes, strlen(nothing_passes), "nothing-passes", &filter, err) < 0)
		return -1;
	filter_cache_add(&cache, filter);
	if (filter_tree_build(&source, filter->name, NULL, 0, &tree, NULL, &problems) < 0 ||
	    filter_compile(&tree, &nic, &filters->kernel, ret, &problems) < 0)
		return problems_to_error(&problems, ERROR_SPEC, "nothing-passes", err);
	return 0;
}

int act_filters_close_rest(struct filters *filters, char ***ret_closed, struct error *err)
{
	_cleanup_filter_listing_ struct filter_listing *listing = NULL;
	struct filter_binding *const *bindings;
	size_t n;

	if (act_filters_bindings(filters, &bindings, &n, err) < 0 || filter_kernel_list(&listing, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		_cleanup_filter_existing_ struct filter_existing existing = { 0 };
		struct filters_change *change;

		filter_listing_of(listing, bindings[i]->interface, &existing);
		if (existing.chains || filters_is_changed(filters, bindings[i]->interface))
			continue;
		change = filters_change_of(filters, bindings[i]->interface);
		if (compile_closed(filters, bindings[i], &change->program, err) < 0)
			return -1;
		change->binding = filter_binding_copy(bindings[i]);
		strv_add(ret_closed, bindings[i]->interface);
	}
	return 0;
}
