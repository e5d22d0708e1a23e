/* What the kernel has against what it should have, thing by thing. What it should have is found out by loading it: into a network namespace
 * where nobody is, from which it is listed in the same words. */
#include "ops/act_filters_parts.h"

#include "base/strv.h"
#include "base/text.h"
#include "host/netns.h"
#include "host/nft.h"

static const char *const tables[] = { "bridge", "inet" };

/* --- one listing, so that equal things have equal texts --- */

/* What passes by changes it. */
static struct json *without_counts(const struct json *expression)
{
	struct json *copy = json_new_array();

	for (size_t i = 0; i < json_length(expression); i++)
		if (!json_get(json_at(expression, i), "counter"))
			json_append(copy, json_ref(json_at(expression, i)));
	return copy;
}

/* Elements come in any order; those of a dynamic set are the traffic's. */
static void add_elements(struct json *list, const struct json *set)
{
	const struct json *flags = json_get(set, "flags"), *elements = json_get(set, "elem");
	size_t n = json_length(elements);
	_cleanup_strv_ char **texts = xcalloc(n + 1, sizeof(*texts)); /* NOLINT: of pointers */

	for (size_t i = 0; i < json_length(flags); i++)
		if (streq(json_string(json_at(flags, i), ""), "dynamic"))
			return;
	for (size_t i = 0; i < n; i++)
		texts[i] = json_to_text(json_at(elements, i));
	strv_sort(texts);
	for (char **text = texts; *text; text++)
		json_append_string(list, *text);
}

/* The list of that thing, made when there is none. */
static struct json *list_of(struct json *things, const char *family, const char *name)
{
	_cleanup_free_ char *key = xprintf("%s %s", family, name);

	if (!json_get(things, key))
		json_put(things, key, json_new_array());
	return json_get(things, key);
}

static void add_thing(struct json *things, const struct json *object, const char *family)
{
	const struct json *chain = json_get(object, "chain"), *rule = json_get(object, "rule");
	const struct json *set = json_get(object, "set") ? json_get(object, "set") : json_get(object, "map");

	if (rule) {
		_cleanup_json_ struct json *expression = without_counts(json_get(rule, "expr"));
		_cleanup_free_ char *text = json_to_text(expression);

		json_append_string(list_of(things, family, json_get_string(rule, "chain", "")), text);
	} else if (chain) {
		struct json *list = list_of(things, family, json_get_string(chain, "name", ""));
		_cleanup_free_ char *hook =
			xprintf("%s %d %s", json_get_string(chain, "hook", ""), (int)json_get_int(chain, "prio", 0),
				json_get_string(chain, "policy", ""));

		json_append_string(list, hook);
	} else if (set) {
		add_elements(list_of(things, family, json_get_string(set, "name", "")), set);
	}
}

static bool has_table(const struct json *listed, const char *family)
{
	const struct json *list = json_get(listed, "nftables");

	for (size_t i = 0; i < json_length(list); i++) {
		const struct json *table = json_get(json_at(list, i), "table");

		if (streq(json_get_string(table, "name", ""), "kvmctl") &&
		    streq(json_get_string(table, "family", ""), family))
			return true;
	}
	return false;
}

static int list(const char *what, struct json **ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;

	return nft_list(what, true, &text, err) < 0
		       ? -1
		       : json_parse(text, strlen(text), strlen(text), JSON_SPEC_MAX_DEPTH, "what nft lists", ret, err);
}

/* {"bridge o2-tap0": [how it hangs in, rule, rule ...], "bridge s-tap0/…": [element ...]} */
static int look(struct json **ret, struct error *err)
{
	_cleanup_json_ struct json *things = json_new_object(), *there = NULL;

	if (list("tables", &there, err) < 0)
		return -1;
	for (size_t i = 0; i < ELEMENTS(tables); i++) {
		_cleanup_free_ char *what = xprintf("table %s kvmctl", tables[i]);
		_cleanup_json_ struct json *listed = NULL;

		if (!has_table(there, tables[i]))
			continue;
		if (list(what, &listed, err) < 0)
			return -1;
		const struct json *objects = json_get(listed, "nftables");
		for (size_t j = 0; j < json_length(objects); j++)
			add_thing(things, json_at(objects, j), tables[i]);
	}
	*ret = take_ptr(things);
	return 0;
}

/* --- what should be there --- */

static char *whole_text(struct filters *filters)
{
	_cleanup_filter_transaction_ struct filter_transaction *transaction = filter_transaction_new(&filters->kernel);
	const struct filter_existing nothing = { 0 };

	for (size_t i = 0; i < filters->n_changes; i++) {
		const struct filters_change *change = &filters->changes[i];
		struct filter_nic nic = { change->interface, (unsigned)change->binding->number };

		filter_transaction_put(transaction, &nic, *change->binding->bridge ? change->binding->bridge : NULL,
				       &change->program, &nothing);
	}
	return xstrdup(filter_transaction_text(transaction));
}

static int look_elsewhere(struct filters *filters, struct json **ret, struct error *err)
{
	_cleanup_free_ char *text = whole_text(filters);
	_cleanup_error_ struct error way_back = ERROR_INIT;
	_cleanup_close_ int back = -1;
	int result;

	if (netns_enter_new(&back, err) < 0)
		return -1;
	result = nft_load(text, NULL, err) < 0 || look(ret, err) < 0 ? -1 : 0;
	if (netns_leave(&back, &way_back) < 0)
		return error_move(err, &way_back);
	return result;
}

/* --- the difference --- */

/* Shared with what other run directories bind, or with who is in a group: more may be in it. */
static bool is_shared(const char *key)
{
	static const char *const shared[] = { "bridge o2",      "bridge o3",    "bridge i3", "bridge i2",
					      "bridge limited", "inet limited", "inet hosts" };

	for (size_t i = 0; i < ELEMENTS(shared); i++)
		if (streq(shared[i], key))
			return true;
	return false;
}

static bool has_each(const struct json *have, const struct json *wanted)
{
	_cleanup_json_ struct json *known = json_new_object();

	for (size_t i = 0; i < json_length(have); i++)
		json_put_bool(known, json_string(json_at(have, i), ""), true);
	for (size_t i = 0; i < json_length(wanted); i++)
		if (!json_get(known, json_string(json_at(wanted, i), "")))
			return false;
	return true;
}

static bool is_as_wanted(const char *key, const struct json *have, const struct json *wanted)
{
	if (starts_with(key, "bridge g"))
		return have; /* of a group: its members are looked after elsewhere */
	return have && (is_shared(key) ? has_each(have, wanted) : json_equal(have, wanted));
}

/* Of what is shared nobody is named: so of the tables themselves. */
static void note(struct filters_findings *findings, const char *key)
{
	const char *name = strchr(key, ' ') + 1;
	_cleanup_free_ char *interface = filter_thing_interface(name);
	struct filters_finding *finding = filters_finding_of(findings, interface ? interface : "");

	finding->n++;
	if (finding->n > FILTERS_THINGS_NAMED)
		return;
	char *longer = xprintf("%s%s\"%s\"", is_empty(finding->things) ? "" : finding->things,
			       is_empty(finding->things) ? "" : ", ", name);
	free(finding->things);
	finding->things = longer;
}

int filters_compare(struct filters *filters, struct filters_findings *findings, struct error *err)
{
	_cleanup_json_ struct json *have = NULL, *wanted = NULL;

	if (filters->n_changes == 0)
		return 0;
	if (look_elsewhere(filters, &wanted, err) < 0 || look(&have, err) < 0)
		return -1;
	for (struct json_iter it = json_iter(wanted); json_next(&it);)
		if (!is_as_wanted(it.key, json_get(have, it.key), it.value))
			note(findings, it.key);
	return 0;
}
