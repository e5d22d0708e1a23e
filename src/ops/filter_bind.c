/* filter bind, unbind: interfaces that somebody else made. */
#include "ops/verbs.h"

#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/link.h"
#include "ops/act_filters.h"
#include "ops/act_learner.h"
#include "vm/filter_compile.h"

/* Frames of other links do not come by the rules: they would be without effect. */
static int find_bridge(const struct bind_request *request, char **ret, struct error *err)
{
	bool is_bridge;

	if (request->bridge)
		*ret = xstrdup(request->bridge);
	else if (link_bridge_of(request->interface, ret, err) < 0)
		return -1;
	if (!**ret) {
		error_set(err, ERROR_HOST, "\"%s\" is in no bridge: only ports of Linux bridges can be filtered",
			  request->interface);
		return error_hint(err, "put it into a bridge first, or name the one that it will be in with --bridge");
	}
	if (link_is_bridge(*ret, &is_bridge, err) < 0)
		return -1;
	return is_bridge ? 0 : error_set(err, ERROR_HOST, "\"%s\" is no bridge", *ret);
}

static int make_binding(const struct bind_request *request, struct filter_binding **ret, struct error *err)
{
	_cleanup_filter_binding_ struct filter_binding *binding = NULL;
	_cleanup_free_ char *bridge = NULL;
	char mac[18];
	int index;

	if (filter_interface_check(request->interface, err) < 0 ||
	    (request->filter && !filter_name_is_valid(request->filter, err)) ||
	    parse_mac(request->mac, "--mac", mac, err) < 0) {
		err->kind = ERROR_USAGE;
		return -1;
	}
	binding = filter_binding_new(request->interface, mac);
	text_replace(&binding->filter, request->filter ? request->filter : "");
	binding->groups = strv_copy(request->groups);
	if (filter_parameters_from_words(request->parameters, &binding->parameters, &binding->n_parameters, err) < 0 ||
	    link_index(request->interface, &index, err) < 0 || find_bridge(request, &bridge, err) < 0)
		return -1;
	for (size_t i = 0; i < binding->n_parameters; i++)
		if (streq(binding->parameters[i].name, "MAC"))
			return error_set(err, ERROR_USAGE, "MAC is given with --mac, not as a parameter");
	text_replace(&binding->bridge, bridge);
	*ret = take_ptr(binding);
	return 0;
}

/* What an instance has is changed where the instance is. */
static int check_owner(struct context *context, const char *interface, bool must_exist, struct error *err)
{
	_cleanup_filter_binding_ struct filter_binding *old = NULL;
	int read = filter_binding_read(&context->rundir, interface, &old, err);

	if (read < 0 && err->kind != ERROR_SPEC)
		return -1;
	error_clear(err);
	if (read == 0 && must_exist)
		return error_set(err, ERROR_STATE, "\"%s\" is not bound to a filter", interface);
	if (read <= 0 || !*old->instance)
		return 0;
	error_set(err, ERROR_STATE, "\"%s\" is a NIC of the instance \"%s\"", interface, old->instance);
	return error_hint(err,
			  "its filter is the key \"filter\" of the NIC; \"kvmctl cleanup\" takes away what an ended "
			  "instance has left");
}

/* The rules stand: without a learner they stay as they are now. */
static int learn(struct context *context, const char *interface, struct error *err)
{
	_cleanup_filter_binding_ struct filter_binding *binding = NULL;

	if (filter_binding_read(&context->rundir, interface, &binding, err) <= 0)
		return -1;
	if (act_learner_settle(context, binding, err) >= 0)
		return 0;
	return error_hint(err, "\"%s\" is filtered as without an address; \"kvmctl cleanup\" tries again", interface);
}

int op_filter_bind(struct context *context, const struct bind_request *request, struct error *err)
{
	_cleanup_filter_binding_ struct filter_binding *binding = NULL;
	_cleanup_filters_ struct filters *filters = NULL;
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_free_ char *what =
		request->filter ? xprintf("filter \"%s\"", request->filter) : xstrdup("its security groups");

	if (make_binding(request, &binding, err) < 0 || act_filters_begin(context, "filter bind", &filters, err) < 0 ||
	    check_owner(context, request->interface, false, err) < 0)
		return -1;
	/* A damaged record is no obstacle: it is written anew. */
	act_filters_remove(filters, request->interface);
	act_learner_recall(context, binding);
	if (act_filters_put(filters, binding, &problems) < 0)
		return problems_to_error(&problems, ERROR_SPEC, what, err);
	act_filters_warn_unused(filters, binding, request->interface);
	return act_filters_commit(filters, err) < 0 ? -1 : learn(context, request->interface, err);
}

int op_filter_unbind(struct context *context, const char *interface, struct error *err)
{
	_cleanup_filters_ struct filters *filters = NULL;

	if (filter_interface_check(interface, err) < 0 ||
	    act_filters_begin(context, "filter unbind", &filters, err) < 0 ||
	    check_owner(context, interface, true, err) < 0 || act_learner_stop(context, interface, err) < 0)
		return -1;
	act_filters_remove(filters, interface);
	return act_filters_commit(filters, err);
}
