/* From what a person says to bindings, trees and rules. */
#include "ops/act_filter_look.h"

#include <inttypes.h>

#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"

/* --- which binding --- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* nic: -1, whichever there is. */
static int find_nic(struct context *context, const char *instance, int64_t nic, struct filter_binding **ret,
		    struct error *err)
{
	_cleanup_strv_ char **interfaces = NULL, **mine = NULL;
	_cleanup_filter_binding_ struct filter_binding *found = NULL;

	if (filter_binding_list(&context->rundir, &interfaces, err) < 0)
		return -1;
	for (char **interface = interfaces; interface && *interface; interface++) {
		_cleanup_filter_binding_ struct filter_binding *binding = NULL;

		if (filter_binding_read(&context->rundir, *interface, &binding, err) < 0)
			return -1;
		if (!binding || !streq(binding->instance, instance) || (nic >= 0 && binding->nic != nic))
			continue;
		strv_addf(&mine, "%s/%" PRId64, instance, binding->nic);
		filter_binding_free(found);
		found = take_ptr(binding);
	}
	if (strv_length(mine) > 1) {
		qsort(mine, strv_length(mine), sizeof(*mine),
		      compare_names); /* NOLINT(bugprone-sizeof-expression): of pointers */
		_cleanup_free_ char *list = strv_join(mine, ", ");

		error_set(err, ERROR_USAGE, "the instance \"%s\" has several NICs that are filtered", instance);
		return error_hint(err, "say which: %s", list);
	}
	*ret = take_ptr(found);
	return 0;
}

int act_filter_find(struct context *context, const char *name, struct filter_binding **ret, struct error *err)
{
	const char *slash = strchr(name, '/');
	_cleanup_filter_binding_ struct filter_binding *found = NULL;
	_cleanup_free_ char *instance = xstrndup(name, strcspn(name, "/"));
	int64_t nic = -1;

	if (slash && parse_int(slash + 1, "NIC", 0, INT32_MAX, &nic, err) < 0)
		return -1;
	if (!slash && filter_binding_read(&context->rundir, name, &found, err) < 0)
		return -1;
	if (!found && find_nic(context, instance, nic, &found, err) < 0)
		return -1;
	if (!found) {
		error_set(err, ERROR_NO_INSTANCE, "nothing is filtered on \"%s\"", name);
		return error_hint(err,
				  "\"kvmctl filter bindings\" shows the interfaces and instances where something is");
	}
	*ret = take_ptr(found);
	return 0;
}

/* --- its tree --- */

void filter_looked_clear(struct filter_looked *looked)
{
	filter_tree_clear(&looked->tree);
	filter_parameters_clear(&looked->parameters);
	filter_cache_clear(&looked->cache);
	filter_store_close(&looked->store);
}

void act_filter_open(struct context *context, struct filter_looked *ret)
{
	filter_store_open(context->settings->filter_dir, &ret->store);
	ret->cache.store = &ret->store;
}

int act_filter_tree(struct context *context, const struct filter_binding *binding, struct filter_looked *ret,
		    struct problems *problems)
{
	struct filter_source source;

	act_filter_open(context, ret);
	source = filter_cache_source(&ret->cache);
	return filter_parameters_build(&source, binding->filter, binding, &ret->parameters, &ret->tree, problems);
}

/* --- a rule in words --- */

static bool stands_at(const struct filter *filter, size_t entry, const char *place)
{
	_cleanup_free_ char *own = NULL;
	int line;

	/* The quick way first: there may be thousands. */
	if (sscanf(place, "line %d", &line) == 1 && line != filter->entries[entry].line)
		return false;
	own = filter_entry_place(filter, entry);
	return streq(own, place);
}

char *act_filter_rule(struct filter_looked *looked, const char *filter, const char *place)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	struct filter_source source = filter_cache_source(&looked->cache);
	const struct filter *found = *filter ? source.find(source.arg, filter, &ignored) : NULL;

	for (size_t i = 0; found && i < found->n_entries; i++)
		if (found->entries[i].kind == FILTER_ENTRY_RULE && stands_at(found, i, place))
			return filter_rule_text(&found->entries[i].rule);
	return NULL;
}
