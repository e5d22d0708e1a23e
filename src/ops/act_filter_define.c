/* A definition changes together with the rules of all who use it: the new file lies ready on the disk, the kernel takes the rules, the file
 * comes into its place. What is cut off between has new rules and the old definition: verify says so, and restore puts the old ones back. */
#include "ops/act_filter.h"

#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "ops/act_filters.h"
#include "ops/act_learner.h"
#include "vm/filter_references.h"

struct redefinition {
	struct filters *filters;
	bool loaded;
};

static int load_rules(void *arg, struct error *err)
{
	struct redefinition *change = arg;

	if (act_filters_commit(change->filters, err) < 0)
		return -1;
	change->loaded = true;
	return 0;
}

/* Rules for everybody who uses it, out of what the session's cache has for it. */
static int compile_users(struct filters *filters, const char *name, struct error *err)
{
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_free_ char *what = xprintf("the filter \"%s\" is in use, and its users cannot take it so", name);
	char *names[] = { (char *)name, NULL };

	if (act_filters_refresh(filters, names, NULL, NULL, &problems, err) == 0)
		return 0;
	return problems.n > 0 ? problems_to_error(&problems, ERROR_SPEC, what, err) : -1;
}

/* The definition could not come into its place: the rules go back to the one that counts. */
static void undo(struct redefinition *change, const char *name)
{
	_cleanup_error_ struct error failure = ERROR_INIT;

	if (change->loaded &&
	    (compile_users(change->filters, name, &failure) < 0 || act_filters_commit(change->filters, &failure) < 0))
		log_warning("%s; \"kvmctl filter restore\" tries again", failure.message);
}

/* Nobody else's change is lost. */
static int check_unchanged(const struct filter_store *store, const struct filter *before, struct error *err)
{
	_cleanup_filter_ struct filter *now = NULL;

	if (!before)
		return 0;
	if (filter_store_read(store, before->name, &now, NULL, err) < 0)
		return -1;
	if (filter_equal(before, now))
		return 0;
	return error_set(err, ERROR_STATE, "the filter \"%s\" was changed by somebody else meanwhile", before->name);
}

/* Rules say from which line they come: so they are compiled from what will be in the store. */
static int define(struct redefinition *change, const struct filter_store *store, struct filter *filter,
		  struct error *err)
{
	struct filter_cache *cache = act_filters_cache(change->filters);
	struct filter *written;
	int result;

	if (filter_store_as_written(store, filter, &written, err) < 0)
		return -1;
	filter_cache_add(cache, written);
	result = compile_users(change->filters, filter->name, err);
	if (result == 0)
		result = filter_store_write_after(store, filter, load_rules, change, err);
	filter_free(filter_cache_take(cache, filter->name));
	return result;
}

int act_filter_define(struct context *context, const char *file, const struct filter *before, struct filter **ret,
		      struct problems *warnings, struct error *err)
{
	_cleanup_filter_store_ struct filter_store store = { 0 };
	_cleanup_filter_ struct filter *filter = NULL;
	_cleanup_filters_ struct filters *filters = NULL;
	struct redefinition change = { 0 };

	filter_store_open(context->settings->filter_dir, &store);
	if (act_filter_check(context, file, &filter, warnings, err) < 0 ||
	    act_filters_lock(context, "filter define", &filters, err) < 0 ||
	    act_filter_check_loop(&store, filter, err) < 0 || check_unchanged(&store, before, err) < 0)
		return -1;
	change.filters = filters;
	if (define(&change, &store, filter, err) < 0) {
		undo(&change, filter->name);
		return -1;
	}
	/* It may refer to addresses now that nobody has given, or no longer. */
	act_learner_settle_all(context);
	*ret = take_ptr(filter);
	return 0;
}

/* --- away with it --- */

static int check_references(const struct filter_store *store, const char *name, struct error *err)
{
	_cleanup_strv_ char **users = NULL;

	if (filter_find_users(store, name, &users, err) < 0)
		return -1;
	if (!users)
		return 0;
	_cleanup_free_ char *list = strv_join(users, "\", \"");
	error_set(err, ERROR_STATE, "the filter \"%s\" is in use: \"%s\" refers to it", name, list);
	return error_hint(err, "undefine those first, or take the reference out of them");
}

static int check_bindings(struct filters *filters, const char *name, struct error *err)
{
	struct filter_source source = filter_cache_source(act_filters_cache(filters));
	struct filter_binding *const *bindings;
	_cleanup_strv_ char **users = NULL;
	char *names[] = { (char *)name, NULL };
	size_t n;

	if (act_filters_bindings(filters, &bindings, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (filter_reaches(&source, bindings[i]->filter, names))
			strv_take(&users, act_filters_binding_text(bindings[i]));
	if (!users)
		return 0;
	_cleanup_free_ char *list = strv_join(users, ", ");
	error_set(err, ERROR_STATE, "the filter \"%s\" is in use by %s", name, list);
	return error_hint(err, "kvmctl filter bindings %s", name);
}

/* Kvmctl's own of that name comes to light: its rules first. */
static int uncover(struct filters *filters, const struct filter_store *store, struct filter *shipped, struct error *err)
{
	struct filter_cache *cache = act_filters_cache(filters);
	struct redefinition change = { .filters = filters };
	_cleanup_free_ char *name = xstrdup(shipped->name);
	int result;

	filter_cache_add(cache, shipped);
	result = compile_users(filters, name, err) < 0 || load_rules(&change, err) < 0 ? -1 : 0;
	if (result == 0)
		result = filter_store_remove(store, name, err);
	filter_free(filter_cache_take(cache, name));
	if (result < 0)
		undo(&change, name);
	return result;
}

int act_filter_undefine(struct context *context, const char *name, struct error *err)
{
	_cleanup_filter_store_ struct filter_store store = { 0 };
	_cleanup_filters_ struct filters *filters = NULL;
	struct filter *shipped = NULL;
	int found;

	filter_store_open(context->settings->filter_dir, &store);
	if (act_filters_lock(context, "filter undefine", &filters, err) < 0)
		return -1;
	found = filter_store_read_shipped(&store, name, &shipped, err);
	if (found < 0)
		return -1;
	if (found && filter_store_has_own(&store, name)) {
		if (uncover(filters, &store, shipped, err) < 0)
			return -1;
		act_learner_settle_all(context);
		return 0;
	}
	filter_free(shipped);
	if (!found && (check_references(&store, name, err) < 0 || check_bindings(filters, name, err) < 0))
		return -1;
	return filter_store_remove(&store, name, err);
}
