/* migration info: for a program on another host, so people and programs get the same. */
#include "cli/command.h"
#include "cli/migration_options.h"
#include "cli/output.h"
#include "ops/act_migration_info.h"

int cmd_migration_info(struct invocation *invocation, struct error *err)
{
	_cleanup_migration_info_ struct migration_info *info = NULL;
	struct migration_options options;
	const char *name;

	if (invocation_name(invocation, &name, err) < 0 || migration_options_read(invocation, &options, err) < 0 ||
	    act_migration_info(invocation->context, name, &options, &info, NULL, err) < 0)
		return -1;
	output_json_take(migration_info_to_json(info));
	return 0;
}
