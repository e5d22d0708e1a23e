/* Learners that were killed get successors. */
#include "ops/act_repair.h"

#include "base/strv.h"
#include "base/text.h"
#include "ops/act_learner.h"

static void repair_one(struct repairs *repairs, const struct filter_binding *binding)
{
	const char *name = *binding->instance ? binding->instance : binding->interface;
	_cleanup_error_ struct error err = ERROR_INIT;

	if (!act_learner_is_missing(repairs->context, binding))
		return;
	if (!repairs->dry_run && act_learner_settle(repairs->context, binding, &err) < 0) {
		/* An interface that is gone is no longer a person's to look at: its binding goes. */
		if (err.errnum != ENODEV)
			repair_failed(repairs, name, &err);
		return;
	}
	repair_say(repairs, name, false, "the learner of \"%s\" was gone: %s", binding->interface,
		   repairs->dry_run ? "would get a new one" : "a new one looks for its addresses");
}

void repair_learners(struct repairs *repairs, const char *instance)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_strv_ char **names = NULL;

	if (filter_binding_list(&repairs->context->rundir, &names, &err) < 0)
		return; /* said by who looks after bindings */
	for (char *const *name = names; name && *name; name++) {
		_cleanup_filter_binding_ struct filter_binding *binding = NULL;
		_cleanup_error_ struct error damaged = ERROR_INIT;

		if (filter_binding_read(&repairs->context->rundir, *name, &binding, &damaged) > 0 &&
		    (!instance || streq(binding->instance, instance)))
			repair_one(repairs, binding);
	}
}
