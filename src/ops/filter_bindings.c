/* filter bindings: which interface has what. */
#include "ops/verbs.h"

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_binding.h"
#include "vm/filter_cache.h"
#include "vm/filter_kernel.h"
#include "vm/filter_references.h"

/* NULL: the kernel may not be asked. */
static struct json *in_force(struct filter_listing *listing, const struct filter_binding *binding)
{
	_cleanup_filter_existing_ struct filter_existing existing = { 0 };

	if (!listing)
		return NULL;
	filter_listing_of(listing, binding->interface, &existing);
	return json_new_bool(existing.chains);
}

static int add_row(struct context *context, const char *interface, const char *filter, struct filter_cache *cache,
		   struct filter_listing *listing, struct json *rows, struct error *err)
{
	_cleanup_filter_binding_ struct filter_binding *binding = NULL;
	struct filter_source source = filter_cache_source(cache);
	struct json *row;
	int read = filter_binding_read(&context->rundir, interface, &binding, err);

	/* One that cannot be read is shown as such: the others are there as well. */
	if (read < 0 && err->kind != ERROR_HOST) {
		row = json_new_object();
		json_put_string(row, "interface", interface);
		json_put_string(row, "error", err->message);
		json_append(rows, row);
		error_clear(err);
		return 0;
	}
	if (read <= 0 || (filter && !filter_reaches(&source, binding->filter, (char *[]){ (char *)filter, NULL })))
		return read < 0 ? -1 : 0;
	row = filter_binding_to_json(binding);
	json_remove(row, "number");
	json_put(row, "in_force", in_force(listing, binding));
	json_append(rows, row);
	return 0;
}

/* That nothing has it is an answer only where there is one. */
static int check_filter(const struct filter_store *store, const char *name, struct error *err)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_filter_ struct filter *filter = NULL;

	if (filter_store_read(store, name, &filter, NULL, err) == 0)
		return 0;
	if (err->kind == ERROR_NO_INSTANCE || !filter_name_is_valid(name, &ignored))
		return -1;
	error_clear(err);
	return 0;
}

int op_filter_bindings(struct context *context, const char *filter, struct json **ret, struct error *err)
{
	_cleanup_filter_store_ struct filter_store store = { 0 };
	_cleanup_filter_cache_ struct filter_cache cache = { .store = &store };
	_cleanup_filter_listing_ struct filter_listing *listing = NULL;
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_json_ struct json *document = json_new_object();
	_cleanup_strv_ char **names = NULL;
	struct json *rows = json_new_array();

	json_put(document, "bindings", rows);
	filter_store_open(context->settings->filter_dir, &store);
	if (filter_binding_list(&context->rundir, &names, err) < 0)
		return -1;
	if (names && filter_kernel_list(&listing, &ignored) < 0)
		listing = NULL;
	for (char *const *name = names; name && *name; name++)
		if (add_row(context, *name, filter, &cache, listing, rows, err) < 0)
			return -1;
	if (filter && json_length(rows) == 0 && check_filter(&store, filter, err) < 0)
		return -1;
	*ret = take_ptr(document);
	return 0;
}
