/* What NICs are filtered by, for another host to compare; and what was found out about them. */
#include "ops/act_nic_filters.h"

#include "base/strv.h"
#include "base/text.h"
#include "ops/act_learner.h"
#include "vm/filter_binding.h"
#include "vm/filter_cache.h"
#include "vm/filter_digest.h"
#include "vm/secgroup_store.h"

static struct json *filters_of(struct context *context, const struct spec *spec)
{
	_cleanup_filter_store_ struct filter_store store = { 0 };
	_cleanup_filter_cache_ struct filter_cache cache = { .store = &store };
	struct filter_source source = filter_cache_source(&cache);
	_cleanup_strv_ char **names = NULL;

	for (size_t i = 0; i < spec->n_nics; i++)
		if (spec->nics[i].filter)
			strv_add(&names, spec->nics[i].filter->filter);
	if (!names)
		return NULL;
	filter_store_open(context->settings->filter_dir, &store);
	return filter_digests(&source, names);
}

/* What its rules say: its members are each host's own. */
static void add_group(const struct secgroup_store *store, const char *name, struct json *digests)
{
	_cleanup_secgroup_ struct secgroup *group = NULL;
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_json_ struct json *document =
		secgroup_store_read(store, name, &group, &ignored) == 0 ? secgroup_to_json(group) : NULL;
	_cleanup_free_ char *text = document ? json_to_text(document) : NULL;
	_cleanup_free_ char *digest = text ? text_digest(text, strlen(text)) : NULL;

	json_put_string(digests, name, digest ? digest : "");
}

static struct json *groups_of(struct context *context, const struct spec *spec)
{
	_cleanup_secgroup_store_ struct secgroup_store store = { 0 };
	struct json *digests = json_new_object();

	secgroup_store_open(context->settings->secgroup_dir, &store);
	for (size_t i = 0; i < spec->n_nics; i++)
		for (char *const *name = spec->nics[i].groups; name && *name; name++)
			if (!json_get(digests, *name))
				add_group(&store, *name, digests);
	if (json_length(digests) > 0)
		return digests;
	json_free(digests);
	return NULL;
}

void act_nic_filters_digest(struct context *context, const struct spec *spec, struct json **ret_filters,
			    struct json **ret_groups)
{
	*ret_filters = filters_of(context, spec);
	*ret_groups = groups_of(context, spec);
}

struct json *act_nic_filters_learned(struct context *context, const char *name, const struct spec *spec)
{
	struct json *learned = json_new_array();
	bool any = false;

	for (size_t i = 0; i < spec->n_nics; i++) {
		_cleanup_filter_binding_ struct filter_binding *binding = NULL;
		_cleanup_error_ struct error ignored = ERROR_INIT;
		_cleanup_free_ char *tap = network_tap(context, name, i);
		_cleanup_strv_ char **leases = NULL;

		if (tap)
			(void)filter_binding_read(&context->rundir, tap, &binding, &ignored);
		any |= binding && binding->learned;
		if (binding)
			leases = act_learner_pack(context, binding);
		json_append(learned, json_new_strings(leases));
	}
	if (any)
		return learned;
	json_free(learned);
	return NULL;
}
