/* Bindings of what is gone are taken away; rules that somebody has wiped are put back. */
#include "ops/act_repair.h"

#include "base/strv.h"
#include "base/text.h"
#include "host/link.h"
#include "ops/act_filters.h"
#include "ops/act_learner.h"

/* Whom a line is about: the instance, else the interface. */
static const char *name_of(const struct filter_binding *binding)
{
	return *binding->instance ? binding->instance : binding->interface;
}

/* Only with its lock: one that is just being started has bindings before anything else tells of it. */
static bool instance_is_gone(struct repairs *repairs, const char *name)
{
	struct context *context = repairs->context;
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_instance_ struct instance instance = { 0 };
	_cleanup_close_ int lock = -1;

	return rundir_lock(&context->rundir, name, "cleanup", deadline_in(0), &lock, &ignored) == 0 &&
	       instance_look(&context->rundir, name, &context->here, &instance, &ignored) == 0 &&
	       instance.state == INSTANCE_STOPPED && !instance.has_status;
}

/* What nobody else takes down. */
static void remove_gone(struct repairs *repairs, struct filters *filters, const struct filter_binding *binding,
			char ***gone)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	bool is_gone =
		*binding->instance ? instance_is_gone(repairs, binding->instance) : !link_exists(binding->interface);

	if (!is_gone)
		return;
	strv_add(gone, binding->interface);
	if (!repairs->dry_run && act_learner_stop(repairs->context, binding->interface, &err) < 0) {
		repair_failed(repairs, name_of(binding), &err);
		return;
	}
	act_filters_remove(filters, binding->interface);
	repair_say(repairs, name_of(binding), false, "the filter of \"%s\", which is gone: %s", binding->interface,
		   repairs->dry_run ? "would be removed" : "removed");
}

static void put_back(struct repairs *repairs, struct filters *filters, const struct filters_finding *finding,
		     struct filter_binding *const *bindings, size_t n)
{
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_free_ char *what = strv_join(finding->what, "; ");
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		if (!streq(bindings[i]->interface, finding->interface))
			continue;
		found = true;
		if (!finding->wrong_rules || act_filters_put(filters, bindings[i], &problems) < 0)
			repair_say(repairs, name_of(bindings[i]), true, "the filter of \"%s\": %s", finding->interface,
				   what);
		else
			repair_say(repairs, name_of(bindings[i]), false, "the filter of \"%s\": %s: %s",
				   finding->interface, what, repairs->dry_run ? "would be put back" : "put back");
	}
	if (!found && *finding->interface)
		repair_say(repairs, finding->interface, true,
			   "\"%s\": %s: what is filtered there cannot be told: bind it again, or unbind it",
			   finding->interface, what);
}

static int repair_all(struct repairs *repairs, struct filters *filters, struct error *err)
{
	_cleanup_(filters_findings_free) struct filters_findings findings = { 0 };
	_cleanup_strv_ char **gone = NULL, **closed = NULL;
	struct filter_binding *const *bindings;
	size_t n;

	act_filters_tolerate(filters);
	if (act_filters_verify(filters, false, &findings, err) < 0 ||
	    act_filters_bindings(filters, &bindings, &n, err) < 0)
		return -1;
	act_filters_force(filters);
	for (size_t i = 0; i < n; i++)
		remove_gone(repairs, filters, bindings[i], &gone);
	for (size_t i = 0; i < findings.n; i++)
		if (!strv_contains(gone, findings.list[i].interface))
			put_back(repairs, filters, &findings.list[i], bindings, n);
	if (repairs->dry_run)
		return 0;
	return act_filters_close_rest(filters, &closed, err) < 0 ? -1 : act_filters_commit(filters, err);
}

void repair_filters(struct repairs *repairs)
{
	struct context *context = repairs->context;
	_cleanup_filters_ struct filters *filters = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_strv_ char **names = NULL;

	/* Where nothing is bound nothing is loaded. */
	if (filter_binding_list(&context->rundir, &names, &err) == 0 && !names)
		return;
	if (act_filters_begin(context, "cleanup", &filters, &err) == 0 && repair_all(repairs, filters, &err) == 0)
		return;
	if (err.kind == ERROR_BUSY)
		repair_say(repairs, "filters", false, "skipped: %s", err.message);
	else
		repair_failed(repairs, "filters", &err);
}
