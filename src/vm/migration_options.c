/* The terms and the policy of one move: what the spec says, and over it what was asked for. */
#include "vm/migration_policy.h"

#include "base/strv.h"
#include "base/text.h"

#define DOWNTIME_MAX_DEFAULT 2000 /* ms; a connection survives it, a person notices */
#define RECOVER_DEFAULT 30000
#define CHANNELS_DEFAULT 2 /* QEMU's own */

/* The capabilities that we have words for, by QEMU's names; the others go to QEMU as they are. */
static void take_capability(const char *name, struct migration_terms *terms, struct migration_policy *policy)
{
	if (streq(name, "postcopy-ram"))
		terms->post_copy = true;
	else if (streq(name, "xbzrle"))
		terms->xbzrle = true;
	else if (streq(name, "multifd"))
		terms->channels = CHANNELS_DEFAULT;
	else if (streq(name, "auto-converge"))
		policy->auto_converge = true;
	else if (*name && !strv_contains(terms->capabilities, name))
		strv_add(&terms->capabilities, name);
}

static void defaults(const struct spec *spec, struct migration_terms *terms, struct migration_policy *policy)
{
	_cleanup_strv_ char **capabilities = strv_split(spec->hv.migration_caps, ':');

	policy->live = streq(spec->hv.migration_mode, "live");
	policy->bandwidth = spec->hv.migration_bandwidth;
	policy->downtime = spec->hv.migration_downtime;
	policy->downtime_max = DOWNTIME_MAX_DEFAULT;
	policy->recover_ms = RECOVER_DEFAULT;
	terms->compression = xstrdup("none");
	for (char **name = capabilities; name && *name; name++)
		take_capability(*name, terms, policy);
}

static void replace(int64_t *value, int64_t given)
{
	if (given >= 0)
		*value = given;
}

static void put_over(const struct migration_options *options, struct migration_terms *terms,
		     struct migration_policy *policy)
{
	replace(&policy->bandwidth, options->bandwidth);
	replace(&policy->downtime, options->downtime);
	replace(&policy->downtime_max, options->downtime_max);
	replace(&policy->post_copy_after, options->post_copy_after);
	replace(&policy->budget_ms, options->budget_ms);
	replace(&terms->channels, options->channels);
	if (options->on_budget >= 0)
		policy->on_budget = (enum migration_on_budget)options->on_budget;
	if (options->non_live)
		policy->live = false;
	policy->auto_converge |= options->auto_converge;
	terms->xbzrle |= options->xbzrle;
	terms->storage = options->storage;
	/* Who says when or for what it is to be used allows it. */
	terms->post_copy |=
		options->post_copy || options->post_copy_after > 0 || options->on_budget == BUDGET_POST_COPY;
	if (options->compression) {
		text_replace(&terms->compression, options->compression);
		if (terms->channels == 0 && options->channels < 0)
			terms->channels = CHANNELS_DEFAULT;
	}
	if (policy->downtime_max < policy->downtime)
		policy->downtime_max = policy->downtime;
}

/* What QEMU would refuse later, or silently not do. */
static int check(const struct migration_terms *terms, struct error *err)
{
	if (!streq(terms->compression, "none") && terms->channels == 0) {
		error_set(err, ERROR_USAGE, "\"--compress %s\" works on several channels only", terms->compression);
		return error_hint(err, "give \"--channels N\", or use \"--xbzrle\"");
	}
	if (terms->post_copy && terms->channels > 0) {
		error_set(err, ERROR_USAGE, "post-copy and several channels do not go together");
		return error_hint(err, "leave one of \"--post-copy\" and \"--channels\" (\"multifd\" and "
				       "\"postcopy-ram\" in \"migration_caps\") out");
	}
	return 0;
}

int migration_options_apply(const struct migration_options *options, const struct spec *spec,
			    struct migration_terms *ret_terms, struct migration_policy *ret_policy, struct error *err)
{
	_cleanup_migration_terms_ struct migration_terms terms = { 0 };
	struct migration_policy policy = { 0 };

	defaults(spec, &terms, &policy);
	put_over(options, &terms, &policy);
	if (check(&terms, err) < 0)
		return -1;
	*ret_policy = policy;
	*ret_terms = terms;
	terms = (struct migration_terms){ 0 };
	return 0;
}
