/* names: for the completion. Whatever cannot be read is left out: a completion has nobody to tell. */
#include <stdio.h>

#include "base/strv.h"
#include "base/text.h"
#include "cli/command.h"
#include "ops/act_spec.h"

int cmd_names(struct invocation *invocation, struct error *err)
{
	_cleanup_strv_ char **records = NULL;
	_cleanup_strv_ char **specs = spec_names(invocation->context->settings->spec_dir);

	if (rundir_names(&invocation->context->rundir, &records, err) < 0)
		error_clear(err);
	for (char **name = specs; name && *name; name++)
		puts(*name);
	for (char **name = records; name && *name; name++)
		if (!strv_contains(specs, *name))
			puts(*name);
	return 0;
}
