/* Files of leases that nobody can use any more. */
#include "ops/act_repair.h"

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_binding.h"
#include "vm/leases.h"
#include "vm/state.h"

struct owners {
	struct context *context;
	char **instances, **interfaces; /* of what is bound */
};

static int read_owners(struct owners *owners, struct error *err)
{
	_cleanup_strv_ char **names = NULL;

	if (filter_binding_list(&owners->context->rundir, &names, err) < 0)
		return -1;
	for (char *const *name = names; name && *name; name++) {
		_cleanup_filter_binding_ struct filter_binding *binding = NULL;
		int read = filter_binding_read(&owners->context->rundir, *name, &binding, err);

		if (read < 0)
			return -1;
		strv_add(&owners->interfaces, *name);
		if (read > 0 && *binding->instance)
			strv_add(&owners->instances, binding->instance);
	}
	return 0;
}

/* Also an instance that is being started or rebooted, and has no NIC at the moment. */
static bool is_owner(void *arg, const char *instance, const char *interface)
{
	const struct owners *owners = arg;
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_state_ struct state *state = NULL;

	if (!*instance)
		return strv_contains(owners->interfaces, interface);
	return strv_contains(owners->instances, instance) ||
	       state_read(&owners->context->rundir, instance, &state, &ignored) < 0 || state;
}

bool repair_leases(struct repairs *repairs)
{
	struct context *context = repairs->context;
	struct owners owners = { .context = context };
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_close_ int lock = -1;
	bool found = false;

	/* Who changes what is bound writes leases, too: next time. */
	if (!leases_sweep(context->settings->state_dir, false, is_owner, &owners) ||
	    rundir_lock_filters(&context->rundir, "cleanup", context->wait, &lock, &ignored) < 0)
		return false;
	if (read_owners(&owners, &ignored) == 0)
		found = leases_sweep(context->settings->state_dir, !repairs->dry_run, is_owner, &owners);
	strv_free(owners.instances);
	strv_free(owners.interfaces);
	return found;
}
