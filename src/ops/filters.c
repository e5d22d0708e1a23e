/* The store of filters: list, show, undefine. */
#include "ops/verbs.h"

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_references.h"

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

/* A shipped one of that name takes its place: then nobody is left without. */
static int check_users(const struct filter_store *store, const char *name, struct error *err)
{
	_cleanup_filter_store_ struct filter_store only_shipped = { 0 };
	_cleanup_filter_ struct filter *shipped = NULL;
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_strv_ char **users = NULL;

	filter_store_open_at(store->shipped ? store->shipped : store->dir, NULL, &only_shipped);
	if (store->shipped && filter_store_read(&only_shipped, name, &shipped, NULL, &ignored) == 0)
		return 0;
	if (filter_find_users(store, name, &users, err) < 0)
		return -1;
	if (!users)
		return 0;
	_cleanup_free_ char *list = strv_join(users, "\", \"");
	error_set(err, ERROR_STATE, "the filter \"%s\" is in use: \"%s\" refers to it", name, list);
	return error_hint(err, "undefine those first, or take the reference out of them");
}

int op_filter_undefine(struct context *context, const char *name, struct error *err)
{
	_cleanup_filter_store_ struct filter_store store = { 0 };

	filter_store_open(context->settings->filter_dir, &store);
	if (check_users(&store, name, err) < 0)
		return -1;
	return filter_store_remove(&store, name, err);
}
