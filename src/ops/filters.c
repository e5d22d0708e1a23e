/* The store of filters: list, show, undefine. */
#include "ops/verbs.h"

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_store.h"

static struct json *filter_row(const struct filter_store *store, const char *name)
{
	_cleanup_filter_ struct filter *filter = NULL;
	_cleanup_error_ struct error damage = ERROR_INIT;
	struct json *row = json_new_object();
	int64_t rules = 0, references = 0;
	bool shipped = false;

	json_put_string(row, "name", name);
	if (filter_store_read(store, name, &filter, &shipped, &damage) < 0) {
		json_put_string(row, "error", damage.message);
		return row;
	}
	for (size_t i = 0; i < filter->n_entries; i++) {
		rules += filter->entries[i].kind == FILTER_ENTRY_RULE;
		references += filter->entries[i].kind == FILTER_ENTRY_REFERENCE;
	}
	json_put_string(row, "uuid", filter->uuid);
	json_put_string(row, "chain", filter->chain);
	json_put_int(row, "priority", filter->priority);
	json_put_int(row, "rules", rules);
	json_put_int(row, "references", references);
	json_put_bool(row, "shipped", shipped);
	return row;
}

int op_filter_list(struct context *context, struct json **ret, struct error *err)
{
	_cleanup_filter_store_ struct filter_store store = { 0 };
	_cleanup_strv_ char **names = NULL;
	struct json *document = json_new_object(), *filters = json_new_array();

	filter_store_open(context->settings->filter_dir, &store);
	json_put(document, "filters", filters);
	if (filter_store_list(&store, &names, err) < 0) {
		json_free(document);
		return -1;
	}
	for (char **name = names; name && *name; name++)
		json_append(filters, filter_row(&store, *name));
	*ret = document;
	return 0;
}

int op_filter_show(struct context *context, const char *name, struct filter **ret, struct error *err)
{
	_cleanup_filter_store_ struct filter_store store = { 0 };

	filter_store_open(context->settings->filter_dir, &store);
	return filter_store_read(&store, name, ret, NULL, err);
}
