/* The hook "started": once the guest runs here. */
#include "ops/act_hook.h"

#include "base/log.h"
#include "base/text.h"
#include "host/nic_script.h"

void act_hook_started(struct context *context, const struct spec *spec)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	const char *hook = spec->hooks ? json_get_string(spec->hooks, "started", NULL) : NULL;

	if (!is_empty(hook) &&
	    hook_run(hook, "started", spec->name, context_step(context, context->settings->timeouts.script), &err) < 0)
		log_warning("%s; the guest runs all the same", err.message);
}
