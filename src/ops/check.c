/* check: reads a spec, and where it is asked for compares it with this host. */
#include "ops/verbs.h"

#include "ops/act_check.h"
#include "ops/act_spec.h"

int op_check(struct context *context, const struct spec_source *source, bool host, struct spec **ret, struct error *err)
{
	_cleanup_spec_loaded_ struct spec_loaded loaded = SPEC_LOADED_INIT;

	if (spec_load(context, source, &loaded, err) < 0)
		return -1;
	if (host && act_check_host(context, loaded.spec, err) < 0)
		return -1;
	*ret = take_ptr(loaded.spec);
	return 0;
}
