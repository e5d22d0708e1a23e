/* Limits of nftables that somebody has wiped (nft flush ruleset) are put in force again. What tc does goes with the TAP only. */
#include "ops/act_repair.h"

#include "base/strv.h"
#include "base/text.h"
#include "host/link.h"
#include "ops/act_bandwidth.h"
#include "ops/act_network.h"
#include "vm/resource.h"
#include "vm/state.h"

/* One that was taken off by nic-set stays on record. */
static int put_back(struct repairs *repairs, const struct state *state, const struct spec *spec, char *const *there,
		    struct error *err)
{
	_cleanup_free_ struct network_nic *nics = network_nics(repairs->context, spec);

	for (size_t i = 0; i < spec->n_nics; i++) {
		const struct bandwidth_rate *rate = &spec->nics[i].bandwidth.outbound;
		const char *tap = nics[i].tap;

		if (!rate->average || !act_bandwidth_is_recorded(state->resources, tap) || strv_contains(there, tap) ||
		    !link_exists(tap))
			continue;
		if (!repairs->dry_run && bandwidth_outbound(tap, rate, BANDWIDTH_NFT, err) < 0)
			return -1;
		repair_say(repairs, state->name, false, "the limit of what \"%s\" sends was gone: %s", tap,
			   repairs->dry_run ? "would be put back" : "put back");
	}
	return 0;
}

/* With the lock: nobody changes the limit or ends the instance meanwhile. */
static int repair_one(struct repairs *repairs, const char *name, struct error *err)
{
	struct context *context = repairs->context;
	_cleanup_instance_ struct instance instance = { 0 };
	_cleanup_state_ struct state *state = NULL;
	_cleanup_strv_ char **there = NULL;
	_cleanup_close_ int lock = -1;
	struct spec *spec = NULL;
	int result, read;

	if (rundir_lock(&context->rundir, name, "cleanup", deadline_in(0), &lock, err) < 0 ||
	    instance_look(&context->rundir, name, &context->here, &instance, err) < 0)
		return -1;
	if (instance.state == INSTANCE_STALE || instance.state == INSTANCE_STOPPED)
		return 0;
	read = state_read(&context->rundir, name, &state, err);
	if (read <= 0)
		return read;
	if (bandwidth_links(&there, err) < 0 ||
	    spec_from_json(state->spec, "recorded spec", name, context->settings, &spec, err) < 0)
		return -1;
	result = put_back(repairs, state, spec, there, err);
	spec_free(spec);
	return result;
}

/* Without the lock: whether there is anything to be done. */
static bool is_wanted(struct repairs *repairs, const char *name, char ***there, bool *asked)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_state_ struct state *state = NULL;

	if (state_read(&repairs->context->rundir, name, &state, &ignored) <= 0)
		return false;
	for (size_t i = 0; i < json_length(state->resources); i++) {
		const struct json *resource = json_at(state->resources, i);
		const char *link = json_get_string(resource, "link", "");

		if (!streq(json_get_string(resource, "kind", ""), RESOURCE_BANDWIDTH) || !link_exists(link))
			continue;
		/* Where nothing has such a limit nothing is loaded. */
		if (!*asked && bandwidth_links(there, &ignored) < 0)
			return false;
		*asked = true;
		if (!strv_contains(*there, link))
			return true;
	}
	return false;
}

void repair_bandwidth(struct repairs *repairs, char *const *names)
{
	_cleanup_strv_ char **there = NULL;
	bool asked = false;

	for (; names && *names; names++) {
		_cleanup_error_ struct error err = ERROR_INIT;

		if (!is_wanted(repairs, *names, &there, &asked) || repair_one(repairs, *names, &err) == 0)
			continue;
		if (err.kind == ERROR_BUSY)
			repair_say(repairs, *names, false, "skipped: %s", err.message);
		else
			repair_failed(repairs, *names, &err);
	}
}
