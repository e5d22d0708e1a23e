/* filter stats: what the rules of a NIC have counted, or those of a filter wherever it is in force. */
#include "ops/verbs.h"

#include "base/strv.h"
#include "base/text.h"
#include "host/nft.h"
#include "ops/act_filter_look.h"
#include "ops/act_filters.h"
#include "vm/filter_compile.h"
#include "vm/filter_rows.h"

static struct json *sums_to_json(struct filter_looked *looked, const struct filter_rows *rows, const char *only)
{
	struct json *list = json_new_array();
	size_t n;
	_cleanup_free_ struct filter_sum *sums = filter_rows_sum(rows, only, &n);

	for (size_t i = 0; i < n; i++) {
		struct json *rule = json_new_object();
		_cleanup_free_ char *text = act_filter_rule(looked, sums[i].filter, sums[i].place);

		json_put_string(rule, "filter", sums[i].filter);
		json_put_string(rule, "place", sums[i].place);
		json_put_string(rule, "direction", filter_direction_to_string(sums[i].direction));
		json_put_string(rule, "layer", sums[i].layer == FILTER_LAYER_LINK ? "link" : "network");
		json_put_int(rule, "packets", sums[i].packets);
		json_put_int(rule, "bytes", sums[i].bytes);
		json_put_string(rule, "rule", text);
		json_append(list, rule);
	}
	return list;
}

/* Only its own chains are listed: a host may have many. */
static int read_interface(const char *interface, struct filter_rows *rows, struct error *err)
{
	_cleanup_filter_existing_ struct filter_existing existing = { 0 };

	if (act_filter_in_kernel(interface, &existing, err) < 0)
		return -1;
	for (char **chain = existing.chains; *chain; chain++) {
		_cleanup_free_ char *what = xprintf("chain bridge kvmctl %s", *chain), *rules = NULL;
		_cleanup_filter_chain_name_ struct filter_chain_name name = { 0 };

		if (!filter_chain_name_parse(*chain, &name))
			continue;
		if (nft_list(what, NFT_JSON, &rules, err) < 0 || filter_rows_add(rows, rules, err) < 0)
			return error_prefix(err, "interface \"%s\"", interface);
	}
	return 0;
}

/* A filter that counts nothing may be one that is in force nowhere, but it has to be one. */
static int put_sums(struct json *document, struct filter_looked *looked, const struct filter_rows *rows,
		    const char *filter, struct error *err)
{
	struct filter_source source = filter_cache_source(&looked->cache);
	struct json *sums = sums_to_json(looked, rows, filter);
	_cleanup_error_ struct error ignored = ERROR_INIT;

	json_put(document, "rules", sums);
	if (!filter || json_length(sums) > 0 || source.find(source.arg, filter, err))
		return 0;
	/* One that cannot be read is there. */
	if (err->kind != ERROR_NONE && filter_name_is_valid(filter, &ignored))
		return -1;
	error_clear(err);
	error_set(err, ERROR_NO_INSTANCE, "no rule of a filter \"%s\" is in force, and there is no such filter",
		  filter);
	return error_hint(err, "\"kvmctl filter list\" shows those that there are");
}

/* Counters cannot be set to zero in rules that stay; not by all kernels, nor at one moment. The same rules put in again in one
 * transaction begin to count anew. */
static int put_anew(struct filters *filters, const struct filter_binding *binding, struct error *err)
{
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_free_ char *what =
		xprintf("the rules of \"%s\" stay as they are, and their counters", binding->interface);

	act_filters_force(filters);
	if (act_filters_put(filters, binding, &problems) < 0)
		return problems_to_error(&problems, ERROR_SPEC, what, err);
	return act_filters_commit(filters, err);
}

static int stats_of_binding(struct context *context, const char *name, const char *filter, bool reset,
			    struct json *document, struct error *err)
{
	_cleanup_filter_binding_ struct filter_binding *binding = NULL;
	_cleanup_filter_looked_ struct filter_looked looked = { 0 };
	_cleanup_problems_ struct problems ignored = { 0 };
	_cleanup_filter_rows_ struct filter_rows rows = { 0 };
	_cleanup_filters_ struct filters *filters = NULL;

	if (act_filter_find(context, name, &binding, err) < 0)
		return -1;
	if (reset) {
		/* As it is under the lock: what is put in again nobody changes meanwhile. */
		filter_binding_free_ptr(&binding);
		binding = NULL;
		if (act_filters_begin(context, "filter stats", &filters, err) < 0 ||
		    act_filter_find(context, name, &binding, err) < 0)
			return -1;
	}
	if (read_interface(binding->interface, &rows, err) < 0 || (reset && put_anew(filters, binding, err) < 0))
		return -1;
	/* What cannot be read any more has counted all the same: then only the words of its rules are missing. */
	(void)act_filter_tree(context, binding, &looked, &ignored);
	json_put_string(document, "name", name);
	json_put_string(document, "interface", binding->interface);
	json_put_bool(document, "reset", reset);
	return put_sums(document, &looked, &rows, filter, err);
}

static int stats_of_filter(struct context *context, const char *filter, struct json *document, struct error *err)
{
	_cleanup_filter_looked_ struct filter_looked looked = { 0 };
	_cleanup_filter_rows_ struct filter_rows rows = { 0 };
	_cleanup_free_ char *text = NULL;

	if (nft_list("table bridge kvmctl", NFT_JSON, &text, err) < 0) {
		error_clear(err);
		text = xstrdup("{}");
	}
	if (filter_rows_add(&rows, text, err) < 0)
		return -1;
	act_filter_open(context, &looked);
	json_put_string(document, "name", filter);
	json_put(document, "interface", NULL);
	json_put_bool(document, "reset", false);
	return put_sums(document, &looked, &rows, filter, err);
}

int op_filter_stats(struct context *context, const char *name, const char *filter, bool reset, struct json **ret,
		    struct error *err)
{
	_cleanup_json_ struct json *document = json_new_object();

	if ((name ? stats_of_binding(context, name, filter, reset, document, err)
		  : stats_of_filter(context, filter, document, err)) < 0)
		return -1;
	*ret = take_ptr(document);
	return 0;
}
