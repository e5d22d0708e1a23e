/* filter stats: what the rules of a NIC have counted, or those of a filter wherever it is in force. */
#include "ops/verbs.h"

#include "base/strv.h"
#include "base/text.h"
#include "host/nft.h"
#include "ops/act_filter_look.h"
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
	_cleanup_filter_listing_ struct filter_listing *listing = filter_listing_new();
	_cleanup_filter_existing_ struct filter_existing existing = { 0 };
	_cleanup_json_ struct json *document = NULL;
	_cleanup_free_ char *text = NULL;

	if (nft_list("chains bridge", NFT_JSON, &text, err) < 0 ||
	    json_parse(text, strlen(text), strlen(text), JSON_SPEC_MAX_DEPTH, "what nft lists", &document, err) < 0)
		return -1;
	filter_listing_add(listing, document);
	filter_listing_of(listing, interface, &existing);
	if (!existing.chains) {
		error_set(err, ERROR_STATE, "the rules of \"%s\" are not in the kernel", interface);
		return error_hint(err, "somebody has removed them: \"kvmctl filter restore\" puts them back");
	}
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

static int stats_of_binding(struct context *context, const char *name, const char *filter, struct json **ret, struct error *err)
{
	_cleanup_filter_binding_ struct filter_binding *binding = NULL;
	_cleanup_filter_looked_ struct filter_looked looked = { 0 };
	_cleanup_problems_ struct problems ignored = { 0 };
	_cleanup_filter_rows_ struct filter_rows rows = { 0 };

	if (act_filter_find(context, name, &binding, err) < 0 || read_interface(binding->interface, &rows, err) < 0)
		return -1;
	/* What cannot be read any more has counted all the same: then only the words of its rules are missing. */
	(void)act_filter_tree(context, binding, &looked, &ignored);
	*ret = json_new_object();
	json_put_string(*ret, "name", name);
	json_put_string(*ret, "interface", binding->interface);
	json_put(*ret, "rules", sums_to_json(&looked, &rows, filter));
	return 0;
}

static int stats_of_filter(struct context *context, const char *filter, struct json **ret, struct error *err)
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
	*ret = json_new_object();
	json_put_string(*ret, "name", filter);
	json_put(*ret, "interface", NULL);
	json_put(*ret, "rules", sums_to_json(&looked, &rows, filter));
	return 0;
}

int op_filter_stats(struct context *context, const char *name, const char *filter, struct json **ret, struct error *err)
{
	return name ? stats_of_binding(context, name, filter, ret, err) : stats_of_filter(context, filter, ret, err);
}
