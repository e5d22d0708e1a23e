/* argv: the plan that start would realise, made from the same facts; nothing is taken and nothing is written. */
#include "ops/verbs.h"

#include "base/text.h"
#include "ops/act_plan.h"
#include "ops/act_spec.h"
#include "vm/binary.h"

/* The uid of a pool is decided at start: here the first one stands for it. */
static void choose_identity(const struct settings *settings, const struct spec *spec, struct facts *facts)
{
	if (streq(spec->hv.security_model, "pool") && settings->uid_last)
		facts->uid = facts->gid = settings->uid_first;
}

int op_argv(struct context *context, const struct spec_source *source, bool allow_unsafe_cache, struct plan **ret,
	    struct error *err)
{
	_cleanup_spec_loaded_ struct spec_loaded loaded = SPEC_LOADED_INIT;
	_cleanup_probe_ struct probe *probe = NULL;
	_cleanup_(facts_free) struct facts facts = { 0 };
	struct deadline deadline = context_step(context, context->settings->timeouts.start);

	if (spec_load(context, source, &loaded, err) < 0 ||
	    binary_probe(loaded.spec->hv.kvm_path, context->settings, deadline, &probe, err) < 0 ||
	    facts_gather(loaded.spec, &facts, err) < 0)
		return -1;
	choose_identity(context->settings, loaded.spec, &facts);
	struct plan_input input = {
		.spec = loaded.spec,
		.settings = context->settings,
		.probe = probe,
		.facts = &facts,
		.allow_unsafe_cache = allow_unsafe_cache,
	};
	return act_plan(context, &input, ret, err);
}
