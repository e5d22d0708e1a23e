/* names: for the completion. Whatever cannot be read is left out: a completion has nobody to tell. */
#include <stdio.h>

#include "base/strv.h"
#include "base/text.h"
#include "cli/command.h"
#include "ops/act_spec.h"
#include "vm/filter_store.h"
#include "vm/secgroup_store.h"

static int filter_names(const struct invocation *invocation, struct error *err)
{
	_cleanup_filter_store_ struct filter_store store = { 0 };
	_cleanup_strv_ char **names = NULL;

	filter_store_open(invocation->context->settings->filter_dir, &store);
	if (filter_store_list(&store, &names, err) < 0)
		error_clear(err);
	for (char **name = names; name && *name; name++)
		puts(*name);
	return 0;
}

static int group_names(const struct invocation *invocation, struct error *err)
{
	_cleanup_secgroup_store_ struct secgroup_store store = { 0 };
	_cleanup_strv_ char **names = NULL;

	secgroup_store_open(invocation->context->settings->secgroup_dir, &store);
	if (secgroup_store_list(&store, &names, err) < 0)
		error_clear(err);
	for (char **name = names; name && *name; name++)
		puts(*name);
	return 0;
}

int cmd_names(struct invocation *invocation, struct error *err)
{
	if (invocation_has(invocation, "filters"))
		return filter_names(invocation, err);
	if (invocation_has(invocation, "groups"))
		return group_names(invocation, err);

	_cleanup_strv_ char **records = NULL;
	_cleanup_strv_ char **names = spec_names(invocation->context->settings->spec_dir);

	if (rundir_names(&invocation->context->rundir, &records, err) < 0)
		error_clear(err);
	strv_extend(&names, records);
	strv_sort_unique(names);
	for (char **name = names; name && *name; name++)
		puts(*name);
	return 0;
}
