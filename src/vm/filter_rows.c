/* nft's listing of rules, read and summed up. The comment of a rule, "FILTER, line N", says which it is. */
#include "vm/filter_rows.h"

#include "base/text.h"
#include "vm/filter_compile_internal.h"

/* --- names of chains --- */

bool filter_chain_name_parse(const char *name, struct filter_chain_name *ret)
{
	static const struct {
		const char *prefix;
		enum filter_direction direction;
		enum filter_layer layer;
	} prefixes[] = { { "o2-", FILTER_OUT, FILTER_LAYER_LINK },
			 { "o3-", FILTER_OUT, FILTER_LAYER_NETWORK },
			 { "i3-", FILTER_IN, FILTER_LAYER_NETWORK },
			 { "i2-", FILTER_IN, FILTER_LAYER_LINK } };
	_cleanup_free_ char *escaped = compile_name_interface(name);

	for (size_t i = 0; escaped && i < ELEMENTS(prefixes); i++) {
		if (!starts_with(name, prefixes[i].prefix))
			continue;

		const char *slash = strchr(name, '/');
		bool link = prefixes[i].layer == FILTER_LAYER_LINK;

		*ret = (struct filter_chain_name){ .interface = compile_name_unescape(escaped),
						   .direction = prefixes[i].direction,
						   .layer = prefixes[i].layer,
						   .chain = slash && link ? compile_name_unescape(slash + 1)
									  : xstrdup("root") };
		return true;
	}
	return false;
}

void filter_chain_name_clear(struct filter_chain_name *name)
{
	free(name->interface);
	free(name->chain);
	*name = (struct filter_chain_name){ 0 };
}

/* --- rules --- */

void filter_rows_clear(struct filter_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		free(rows->list[i].chain);
		free(rows->list[i].filter);
		free(rows->list[i].place);
	}
	free(rows->list);
	*rows = (struct filter_rows){ 0 };
}

/* "web, line 3" */
static void divide(const char *comment, struct filter_row *row)
{
	const char *comma = NULL;

	for (const char *s = strstr(comment, ", "); s; s = strstr(s + 1, ", "))
		comma = s;
	row->filter = comma ? xstrndup(comment, (size_t)(comma - comment)) : xstrdup("");
	row->place = xstrdup(comma ? comma + 2 : comment);
}

static void add(struct filter_rows *rows, const struct json *rule)
{
	const struct json *expressions = json_get(rule, "expr");
	struct filter_row row = { .chain = xstrdup(json_get_string(rule, "chain", "")),
				  .handle = (uint64_t)json_get_int(rule, "handle", 0) };

	divide(json_get_string(rule, "comment", ""), &row);
	for (size_t i = 0; i < json_length(expressions) && !row.counted; i++) {
		const struct json *counter = json_get(json_at(expressions, i), "counter");

		row.counted = counter != NULL;
		row.packets = json_get_int(counter, "packets", 0);
		row.bytes = json_get_int(counter, "bytes", 0);
	}
	grow_array(rows->list, rows->n);
	rows->list[rows->n++] = row;
}

int filter_rows_add(struct filter_rows *rows, const char *nft, struct error *err)
{
	_cleanup_json_ struct json *document = NULL;
	size_t length = strlen(nft);

	if (json_parse(nft, length, length, JSON_SPEC_MAX_DEPTH, "what nft lists", &document, err) < 0) {
		err->kind = ERROR_UNKNOWN;
		return -1;
	}

	const struct json *list = json_get(document, "nftables");
	for (size_t i = 0; i < json_length(list); i++) {
		const struct json *rule = json_get(json_at(list, i), "rule");

		if (rule && streq(json_get_string(rule, "table", ""), "kvmctl") &&
		    streq(json_get_string(rule, "family", ""), "bridge"))
			add(rows, rule);
	}
	return 0;
}

const struct filter_row *filter_rows_find(const struct filter_rows *rows, const char *chain, uint64_t handle)
{
	for (size_t i = 0; i < rows->n; i++)
		if (rows->list[i].handle == handle && streq(rows->list[i].chain, chain))
			return &rows->list[i];
	return NULL;
}

/* --- sums --- */

static int compare_rules(const void *a, const void *b)
{
	const struct filter_sum *x = a, *y = b;
	int order;

	if (x->direction != y->direction)
		return x->direction < y->direction ? -1 : 1;
	if (x->layer != y->layer)
		return x->layer < y->layer ? -1 : 1;
	if ((order = strcmp(x->filter, y->filter)) != 0)
		return order;
	if ((order = strcmp(x->place, y->place)) != 0)
		return order;
	return x->first < y->first ? -1 : x->first > y->first;
}

static int compare_places(const void *a, const void *b)
{
	const struct filter_sum *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static bool is_same(const struct filter_sum *a, const struct filter_sum *b)
{
	return a->direction == b->direction && a->layer == b->layer && streq(a->filter, b->filter) &&
	       streq(a->place, b->place);
}

struct filter_sum *filter_rows_sum(const struct filter_rows *rows, const char *only, size_t *ret_n)
{
	struct filter_sum *sums = NULL;
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < rows->n; i++) {
		const struct filter_row *row = &rows->list[i];
		_cleanup_filter_chain_name_ struct filter_chain_name name = { 0 };

		if (!row->counted || (only && !streq(row->filter, only)) || !filter_chain_name_parse(row->chain, &name))
			continue;
		grow_array(sums, n);
		sums[n++] = (struct filter_sum){ .filter = row->filter,
						 .place = row->place,
						 .direction = name.direction,
						 .layer = name.layer,
						 .packets = row->packets,
						 .bytes = row->bytes,
						 .first = i };
	}
	if (n > 0)
		qsort(sums, n, sizeof(*sums), compare_rules);
	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && is_same(&sums[kept - 1], &sums[i])) {
			sums[kept - 1].packets += sums[i].packets;
			sums[kept - 1].bytes += sums[i].bytes;
		} else {
			sums[kept++] = sums[i];
		}
	}
	if (kept > 0)
		qsort(sums, kept, sizeof(*sums), compare_places);
	*ret_n = kept;
	return sums;
}
