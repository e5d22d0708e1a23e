/* argv: the plan that start would realise, made from the same facts; nothing is taken and nothing is written. */
#include "ops/verbs.h"

#include "base/text.h"
#include "ops/act_spec.h"
#include "vm/binary.h"
#include "vm/host_check.h"

/* The uid of a pool is decided at start: here the first one stands for it. */
static void stand_in_uid(const struct settings *settings, const struct spec *spec, struct facts *facts)
{
	if (streq(spec->hv.security_model, "pool") && settings->uid_first)
		facts->uid = facts->gid = settings->uid_first;
}

static int plan_for(struct context *context, const struct spec *spec, const struct probe *probe, const struct facts *facts,
		    struct plan **ret, struct error *err)
{
	_cleanup_free_ char *chroot = rundir_path(&context->rundir, RUNDIR_CHROOT, spec->name, "");
	_cleanup_free_ char *ctrl = xprintf("%s/%s", context->rundir.path, rundir_part_name(RUNDIR_CTRL));
	_cleanup_free_ char *variables = xprintf("%s/%s/uefi-vars.fd", context->settings->state_dir, spec->name);
	struct plan_input input = {
		.spec = spec, .settings = context->settings, .probe = probe, .facts = facts,
		.paths = { .chroot = chroot, .variables = variables, .ctrl_dir = ctrl },
	};
	return plan_make(&input, ret, err);
}

int op_argv(struct context *context, const struct spec_source *source, struct plan **ret, struct error *err)
{
	_cleanup_spec_loaded_ struct spec_loaded loaded = SPEC_LOADED_INIT;
	_cleanup_probe_ struct probe *probe = NULL;
	_cleanup_(facts_free) struct facts facts = { 0 };
	struct deadline deadline = context_step(context, context->settings->timeouts.start);

	if (spec_load(context, source, &loaded, err) < 0)
		return -1;
	if (binary_probe(loaded.spec->hv.kvm_path, context->settings, deadline, &probe, err) < 0)
		return -1;
	if (facts_gather(loaded.spec, context->settings, &facts, err) < 0)
		return -1;
	stand_in_uid(context->settings, loaded.spec, &facts);
	return plan_for(context, loaded.spec, probe, &facts, ret, err);
}
