/* filter explain: what is done with a packet that somebody thinks of, and which rule says so. */
#include "ops/verbs.h"

#include "base/strv.h"
#include "base/text.h"
#include "ops/act_filter_look.h"
#include "vm/filter_explain.h"

static void put_rule(struct json *document, const struct filter_applied *applied)
{
	_cleanup_free_ char *place = filter_entry_place(applied->rule->filter, applied->rule->entry);
	_cleanup_free_ char *text = filter_rule_text(applied->rule->rule);

	json_put_string(document, "filter", applied->rule->filter->name);
	json_put_string(document, "place", place);
	json_put_string(document, "rule", text);
	json_put_bool(document, "mirrored", applied->mirrored);
}

static struct json *layer_to_json(const struct filter_layer_verdict *layer)
{
	struct json *document = json_new_object(), *passed = json_new_array();

	json_put_string(document, "verdict", filter_action_to_string(layer->verdict));
	json_put_string(document, "why", filter_why_to_string(layer->why));
	json_put_string(document, "chain", layer->chain);
	if (layer->rule) {
		put_rule(document, &layer->applied[layer->n_applied - 1]);
	} else {
		for (const char *const *key = (const char *const[]){ "filter", "place", "rule", "mirrored", NULL };
		     *key; key++)
			json_put(document, *key, NULL);
	}
	json_put(document, "passed", passed);
	for (size_t i = 0; i + (layer->rule != NULL) < layer->n_applied; i++) {
		struct json *rule = json_new_object();

		put_rule(rule, &layer->applied[i]);
		json_append(passed, rule);
	}
	return document;
}

static int explain(struct filter_looked *looked, const char *mac, const char *words, struct json *ret,
		   struct error *err)
{
	_cleanup_filter_explanation_ struct filter_explanation explanation = { 0 };
	_cleanup_problems_ struct problems problems = { 0 };
	struct filter_packet_defaults defaults = { mac };
	struct filter_packet packet;

	if (filter_packet_parse(words, &defaults, &packet, err) < 0)
		return -1;
	act_filter_members(looked, &packet);
	if (filter_explain(&looked->tree, &packet, &explanation, &problems) < 0)
		return problems_to_error(&problems, ERROR_SPEC, "the filter", err);

	_cleanup_free_ char *text = filter_packet_text(&packet);
	json_put_string(ret, "packet", text);
	json_put_string(ret, "verdict", filter_action_to_string(explanation.verdict));
	json_put(ret, "link", layer_to_json(&explanation.link));
	json_put(ret, "network", layer_to_json(&explanation.network));
	return 0;
}

/* --- by itself --- */

static int explain_filter(struct context *context, const char *filter, char *const *words, const char *packet,
			  struct json *ret, struct error *err)
{
	_cleanup_filter_looked_ struct filter_looked looked = { 0 };
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_(filter_reference_clear) struct filter_reference given = { 0 };
	struct filter_source source;

	if (filter_parameters_from_words(words, &given.parameters, &given.n_parameters, err) < 0)
		return -1;

	char **mac = filter_reference_parameter(&given, "MAC")->values;
	if (!mac)
		strv_add(&filter_reference_parameter(&given, "MAC")->values, FILTER_PACKET_GUEST_MAC);
	filter_parameters_add_link_local(&given);
	act_filter_open(context, &looked);
	source = filter_cache_source(&looked.cache);
	if (filter_tree_build(&source, filter, given.parameters, given.n_parameters, &looked.tree, NULL, &problems) <
	    0) {
		_cleanup_free_ char *what = xprintf("filter \"%s\"", filter);

		return problems_to_error(&problems, ERROR_SPEC, what, err);
	}
	json_put_string(ret, "name", filter);
	json_put(ret, "interface", NULL);
	json_put(ret, "in_force", NULL);
	return explain(&looked, mac ? *mac : NULL, packet, ret, err);
}

/* --- where it is in force --- */

/* NULL: the kernel may not be asked. */
static struct json *in_force(const char *interface)
{
	_cleanup_filter_existing_ struct filter_existing existing = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;
	bool there = act_filter_in_kernel(interface, &existing, &err) == 0;

	return there || err.kind == ERROR_STATE ? json_new_bool(there) : NULL;
}

static int explain_binding(struct context *context, const char *name, const char *packet, struct json *ret,
			   struct error *err)
{
	_cleanup_filter_binding_ struct filter_binding *binding = NULL;
	_cleanup_filter_looked_ struct filter_looked looked = { 0 };
	_cleanup_problems_ struct problems problems = { 0 };

	if (act_filter_find(context, name, &binding, err) < 0)
		return -1;
	if (act_filter_tree(context, binding, &looked, &problems) < 0) {
		_cleanup_free_ char *what = xprintf("what is filtered on \"%s\"", binding->interface);

		return problems_to_error(&problems, ERROR_SPEC, what, err);
	}
	json_put_string(ret, "name", name);
	json_put_string(ret, "interface", binding->interface);
	json_put(ret, "in_force", in_force(binding->interface));
	return explain(&looked, binding->mac, packet, ret, err);
}

int op_filter_explain(struct context *context, const char *name, const char *filter, char *const *parameters,
		      const char *packet, struct json **ret, struct error *err)
{
	struct json *document = json_new_object();
	int status = filter ? explain_filter(context, filter, parameters, packet, document, err)
			    : explain_binding(context, name, packet, document, err);

	if (status < 0)
		json_free(document);
	else
		*ret = document;
	return status;
}
