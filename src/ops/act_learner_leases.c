/* What was learned: for a learner that begins, for a NIC that is made anew, for a guest that moves. */
#include "ops/act_learner.h"

#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_parameters.h"
#include "vm/value.h"

/* What passes already, with what is on disk about it. */
void act_learner_known(struct context *context, const struct filter_binding *binding, struct leases *ret)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_leases_ struct leases leases = { 0 };
	enum filter_learning learning = FILTER_LEARNING_DHCP;
	_cleanup_problems_ struct problems ignored = { 0 };

	(void)filter_parameters_learning(binding, &learning, &ignored);
	if (leases_read(context->settings->state_dir, binding, &leases, &err) < 0)
		log_warning("%s, ignoring", err.message);
	for (char *const *address = binding->learned; address && *address; address++) {
		const struct lease *lease = leases_find(&leases, *address);
		struct lease guess = { 0 };

		if (!lease)
			lease_guess(*address, learning == FILTER_LEARNING_ANY, &guess);
		leases_set(ret, *address, lease ? lease->source : guess.source,
			   lease ? lease->until_ms : guess.until_ms);
		free(guess.address);
	}
}

/* --- what is known from before --- */

/* How it is known has to be a way in which it would be learned now: what was learned before the addresses were given is nobody's. */
static bool is_good(const struct lease *lease, const struct filter_binding *binding, enum filter_learning learning)
{
	bool seen = lease->source == LEARN_BY_TRAFFIC;
	int version = text_ip_version(lease->address);

	if ((lease->until_ms && lease->until_ms <= clock_realtime_ms()) ||
	    !filter_parameters_may_learn(binding, version))
		return false;
	return version == 6 || seen == (learning == FILTER_LEARNING_ANY);
}

static bool has_owner(struct context *context, const struct filter_binding *binding, const char *address)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_strv_ char **names = NULL;
	bool owned = false;

	if (filter_binding_list(&context->rundir, &names, &ignored) < 0)
		return true;
	for (char *const *name = names; name && *name && !owned; name++) {
		_cleanup_filter_binding_ struct filter_binding *other = NULL;

		if (filter_binding_read(&context->rundir, *name, &other, &ignored) <= 0)
			error_clear(&ignored);
		else
			owned = filter_address_owner(&other, 1, binding, address);
	}
	return owned;
}

void act_learner_recall(struct context *context, struct filter_binding *binding)
{
	_cleanup_problems_ struct problems ignored = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_leases_ struct leases leases = { 0 };
	_cleanup_filter_binding_ struct filter_binding *old = NULL;
	enum filter_learning learning;

	if (filter_parameters_learning(binding, &learning, &ignored) < 0 || learning == FILTER_LEARNING_NONE)
		return;
	if (leases_read(context->settings->state_dir, binding, &leases, &err) < 0) {
		log_warning("%s, ignoring", err.message);
		return;
	}
	if (filter_binding_read(&context->rundir, binding->interface, &old, &err) < 0)
		error_clear(&err);
	/* An address that a guest was only seen to use is not held against it when its NIC is made anew: it may have another one by
	 * now. Where there is a binding already it stays. */
	if (old && (!streq(old->mac, binding->mac) || !streq(old->instance, binding->instance)))
		filter_binding_free_ptr(&old), old = NULL;
	for (size_t i = 0; i < leases.n; i++) {
		const struct lease *lease = &leases.list[i];

		if (is_good(lease, binding, learning) &&
		    ((old && strv_contains(old->learned, lease->address)) || lease->source != LEARN_BY_TRAFFIC) &&
		    !strv_contains(binding->learned, lease->address) && !has_owner(context, binding, lease->address))
			strv_add(&binding->learned, lease->address);
	}
}

/* --- to another host --- */

char **act_learner_pack(struct context *context, const struct filter_binding *binding)
{
	_cleanup_leases_ struct leases leases = { 0 };
	char **texts = NULL;

	act_learner_known(context, binding, &leases);
	for (size_t i = 0; i < leases.n; i++)
		strv_take(&texts, lease_to_text(&leases.list[i]));
	return texts;
}

void act_learner_unpack(struct context *context, struct filter_binding *binding, char *const *texts)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_leases_ struct leases leases = { 0 };

	if (leases_read(context->settings->state_dir, binding, &leases, &err) < 0)
		error_clear(&err); /* written anew */
	for (; texts && *texts; texts++) {
		struct lease lease = { 0 };

		if (!lease_from_text(*texts, &lease))
			continue;
		if (!strv_contains(binding->learned, lease.address))
			strv_add(&binding->learned, lease.address);
		leases_set(&leases, lease.address, lease.source, lease.until_ms);
		free(lease.address);
	}
	if (leases_write(context->settings->state_dir, binding, &leases, &err) < 0)
		log_warning("%s, ignoring", err.message);
}
