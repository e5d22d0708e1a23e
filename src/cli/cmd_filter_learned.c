/* filter learned: hidden, for learners. */
#include "base/parse.h"
#include "base/text.h"
#include "cli/command.h"
#include "ops/verbs.h"

int cmd_filter_learned(struct invocation *invocation, struct error *err)
{
	const char *source = invocation_option(invocation, "source"), *until = invocation_option(invocation, "until");
	struct learned_request request = {
		.interface = invocation->args[0],
		.address = invocation->args[1],
		.remove = invocation_has(invocation, "remove"),
	};
	int known = learn_source_from_string(source ? source : "any");

	if (known < 0)
		return error_set(err, ERROR_USAGE, "--source: \"%s\" is not any, dhcp or nd", source);
	request.source = (enum learn_source)known;
	if (until && parse_int(until, "--until", 0, INT64_MAX / 2, &request.until_ms, err) < 0)
		return -1;
	return op_filter_learned(invocation->context, &request, err);
}
