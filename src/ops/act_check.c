/* Comparing a spec with this host. */
#include "ops/act_check.h"

#include "base/text.h"
#include "ops/act_nic_filters.h"
#include "ops/act_plan.h"
#include "vm/binary.h"
#include "vm/host_check.h"

/* What only a plan finds out: machine types, devices, CPU models, PCI places, caches. The caller's uid
 * stands for the guest's. */
static int check_plan(struct context *context, const struct spec *spec, const struct probe *probe, struct error *err)
{
	_cleanup_(facts_free) struct facts facts = { 0 };
	_cleanup_plan_ struct plan *plan = NULL;

	if (facts_gather(spec, &facts, err) < 0)
		return -1;
	const struct plan_input input = {
		.spec = spec, .settings = context->settings, .probe = probe, .facts = &facts
	};
	return act_plan(context, &input, &plan, err);
}

int act_check_things(struct context *context, struct spec *spec, const struct probe *probe, struct error *err)
{
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_free_ char *what = xprintf("instance \"%s\" cannot run on this host", spec->name);

	if (act_nic_filters_complete(context, spec, err) < 0)
		return -1;
	host_check_collect(spec, context->settings, probe, NULL, &problems);
	act_nic_filters_check(context, spec, &problems);
	return problems_to_error(&problems, ERROR_HOST, what, err);
}

/* A binary that cannot be asked is a problem of its own, said after those that need no binary. */
int act_check_host(struct context *context, struct spec *spec, struct error *err)
{
	_cleanup_probe_ struct probe *probe = NULL;
	_cleanup_error_ struct error probe_error = ERROR_INIT;
	struct deadline deadline = context_step(context, context->settings->timeouts.start);

	if (binary_probe(spec->hv.kvm_path, context->settings, deadline, &probe, &probe_error) < 0) {
		if (act_check_things(context, spec, NULL, err) < 0)
			return -1;
		return error_move(err, &probe_error);
	}
	if (act_check_things(context, spec, probe, err) < 0)
		return -1;
	return check_plan(context, spec, probe, err);
}
