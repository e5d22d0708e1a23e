/* nic-set: the NICs of a running instance. */
#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"
#include "cli/command.h"
#include "ops/verbs.h"

/* Whether the numbers make sense together is said by the checks of a spec. */
static int parse_rate(const char *text, const char *option, struct bandwidth_rate *ret, struct error *err)
{
	_cleanup_strv_ char **parts = strv_split(text, ',');
	struct bandwidth_rate rate = { 0 };
	int64_t *const numbers[] = { &rate.average, &rate.peak, &rate.burst };
	size_t n = strv_length(parts);

	if (streq(text, "none")) {
		*ret = rate;
		return 0;
	}
	if (n < 1 || n > ELEMENTS(numbers)) {
		error_set(err, ERROR_USAGE, "--%s \"%s\": not AVERAGE[,PEAK[,BURST]]", option, text);
		return error_hint(err,
				  "KiB a second, and KiB of burst: 1000 or 1000,2000,500; none takes a limit away");
	}
	for (size_t i = 0; i < n; i++) {
		/* An empty one in the middle is the default. */
		if (i > 0 && is_empty(parts[i]) && i + 1 < n)
			continue;
		if (parse_int(parts[i], option, i == 0, INT64_C(1) << 40, numbers[i], err) < 0) {
			err->kind = ERROR_USAGE;
			return error_prefix(err, "--%s \"%s\"", option, text);
		}
	}
	*ret = rate;
	return 0;
}

int cmd_nic_set(struct invocation *invocation, struct error *err)
{
	static const char *const options[] = { "bandwidth-inbound", "bandwidth-outbound" };
	const char *inbound = invocation_option(invocation, options[0]);
	const char *outbound = invocation_option(invocation, options[1]);
	const char *link = invocation_option(invocation, "link"), *name;
	struct bandwidth_rate in, out;
	struct nic_change change = { inbound ? &in : NULL, outbound ? &out : NULL, link ? streq(link, "up") : -1 };

	if (!inbound && !outbound && !link) {
		error_set(err, ERROR_USAGE, "nothing is to be changed");
		return error_hint(err, "--bandwidth-inbound, --bandwidth-outbound or --link says what");
	}
	if (invocation_name(invocation, &name, err) < 0 || (inbound && parse_rate(inbound, options[0], &in, err) < 0) ||
	    (outbound && parse_rate(outbound, options[1], &out, err) < 0) ||
	    op_nic_set(invocation->context, name, invocation->args[1], &change, err) < 0)
		return -1;
	return invocation_done(invocation, name);
}
