/* The locks under which security groups are changed. */
#include "ops/act_secgroup.h"

#include "base/strv.h"
#include "base/text.h"

static int is_bound(struct context *context, bool *ret, struct error *err)
{
	_cleanup_strv_ char **interfaces = NULL;

	if (filter_binding_list(&context->rundir, &interfaces, err) < 0)
		return -1;
	*ret = interfaces && *interfaces;
	return 0;
}

int secgroup_change_begin(struct context *context, const char *verb, struct secgroup_change *change, struct error *err)
{
	change->context = context;
	secgroup_store_open(context->settings->secgroup_dir, &change->store);
	if (rundir_lock_filters(&context->rundir, verb, context->wait, &change->filters_lock, err) < 0 ||
	    is_bound(context, &change->bound, err) < 0)
		return -1;
	return secgroup_store_lock(&change->store, verb, context->wait, &change->store_lock, err);
}

void secgroup_change_end(struct secgroup_change *change)
{
	secgroup_store_close(&change->store);
	close_fd(&change->filters_lock);
	close_fd(&change->store_lock);
}

int secgroup_change_session(struct secgroup_change *change, struct filters **ret, struct error *err)
{
	*ret = NULL;
	if (!change->bound)
		return 0;
	/* Never let go and taken again: somebody else who has it by then waits for the lock of the store. */
	return act_filters_begin_locked(change->context, &change->filters_lock, ret, err);
}
