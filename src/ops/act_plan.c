/* The places that a plan writes down, and the plan: one code for start and argv, so that argv prints
 * exactly what start would run. */
#include "ops/act_plan.h"

#include "base/text.h"

struct plan *act_plan_collect(const struct context *context, const struct plan_input *input, struct problems *problems)
{
	const char *name = input->spec->name;
	_cleanup_free_ char *chroot = rundir_path(&context->rundir, RUNDIR_CHROOT, name, "");
	_cleanup_free_ char *variables = xprintf("%s/%s/vars.fd", context->settings->state_dir, name);
	_cleanup_free_ char *ctrl = xprintf("%s/%s", context->rundir.path, rundir_part_name(RUNDIR_CTRL));
	struct plan_input complete = *input;

	complete.paths = (struct plan_paths){ .chroot = chroot, .variables = variables, .ctrl_dir = ctrl };
	return plan_collect(&complete, problems);
}

int act_plan(const struct context *context, const struct plan_input *input, struct plan **ret, struct error *err)
{
	_cleanup_problems_ struct problems problems = { 0 };
	struct plan *plan = act_plan_collect(context, input, &problems);

	if (problems_to_error(&problems, ERROR_SPEC, input->spec->name, err) < 0)
		return -1;
	*ret = plan;
	return 0;
}
