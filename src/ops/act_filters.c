/* A change of what is filtered: the session that holds the lock, and what is to be changed in it. */
#include "ops/act_filters.h"

#include "base/strv.h"
#include "base/text.h"
#include "host/link.h"
#include "ops/act_filters_parts.h"
#include "vm/filter_kernel.h"
#include "vm/filter_references.h"

static void change_clear(struct filters_change *change)
{
	free(change->interface);
	filter_binding_free(change->binding);
	filter_program_clear(&change->program);
	*change = (struct filters_change){ 0 };
}

void filters_forget(struct filters *filters)
{
	for (size_t i = 0; i < filters->n_changes; i++)
		change_clear(&filters->changes[i]);
	free(take_ptr(filters->changes));
	for (size_t i = 0; i < filters->n_bindings; i++)
		filter_binding_free(filters->bindings[i]);
	free(take_ptr(filters->bindings)); /* NOLINT: of pointers */
	filters->n_changes = filters->n_bindings = 0;
	filters->read = false;
}

void filters_free_ptr(struct filters **p)
{
	struct filters *filters = *p;

	if (!filters)
		return;
	filters_forget(filters);
	filter_cache_clear(&filters->cache);
	filter_cache_clear(&filters->stored);
	filter_store_close(&filters->store);
	problems_free(&filters->unread);
	close_fd(&filters->lock);
	free(filters);
	*p = NULL;
}

int filters_ask_kernel(struct filters *filters, struct error *err)
{
	struct context *context = filters->context;

	if (!filters->kernel_known && filter_kernel_known(&context->rundir, context->settings->filter_mark_mask, false,
							  &filters->kernel, err) < 0)
		return -1;
	filters->kernel_known = true;
	return 0;
}

static struct filters *filters_new(struct context *context)
{
	struct filters *filters = xcalloc(1, sizeof(*filters));

	filters->context = context;
	filters->lock = -1;
	filter_store_open(context->settings->filter_dir, &filters->store);
	filters->cache.store = filters->stored.store = &filters->store;
	return filters;
}

int act_filters_look(struct context *context, struct filters **ret, struct error *err)
{
	_cleanup_filters_ struct filters *filters = filters_new(context);

	if (filters_ask_kernel(filters, err) < 0)
		return -1;
	*ret = take_ptr(filters);
	return 0;
}

int act_filters_lock(struct context *context, const char *verb, struct filters **ret, struct error *err)
{
	_cleanup_filters_ struct filters *filters = filters_new(context);

	if (rundir_lock_filters(&context->rundir, verb, context->wait, &filters->lock, err) < 0)
		return -1;
	*ret = take_ptr(filters);
	return 0;
}

int act_filters_begin(struct context *context, const char *verb, struct filters **ret, struct error *err)
{
	_cleanup_filters_ struct filters *filters = NULL;

	if (act_filters_lock(context, verb, &filters, err) < 0 || filters_ask_kernel(filters, err) < 0)
		return -1;
	*ret = take_ptr(filters);
	return 0;
}

int act_filters_begin_locked(struct context *context, int *lock, struct filters **ret, struct error *err)
{
	_cleanup_filters_ struct filters *filters = filters_new(context);

	filters->lock = take_fd(lock);
	if (filters_ask_kernel(filters, err) < 0)
		return -1;
	*ret = take_ptr(filters);
	return 0;
}

struct filter_cache *act_filters_cache(struct filters *filters)
{
	return &filters->cache;
}

static struct filters_change *find_change(const struct filters *filters, const char *interface)
{
	for (size_t i = 0; i < filters->n_changes; i++)
		if (streq(filters->changes[i].interface, interface))
			return &filters->changes[i];
	return NULL;
}

/* --- what is recorded --- */

/* What goes anyway need not be read. */
static bool is_taken_out(const struct filters *filters, const char *interface)
{
	const struct filters_change *change = find_change(filters, interface);

	return change && !change->binding;
}

static int read_bindings(struct filters *filters, struct error *err)
{
	_cleanup_strv_ char **names = NULL;

	if (filter_binding_list(&filters->context->rundir, &names, err) < 0)
		return -1;
	problems_free(&filters->unread);
	filters->unread = (struct problems){ 0 };
	filters->bindings = xcalloc(strv_length(names) + 1, sizeof(*filters->bindings)); /* NOLINT: of pointers */
	for (char *const *name = names; name && *name; name++) {
		struct filter_binding *binding = NULL;
		int read = filter_binding_read(&filters->context->rundir, *name, &binding, err);

		if (read > 0 && filter_binding_check_place(&filters->context->rundir, binding, err) < 0) {
			filter_binding_free(binding);
			read = -1;
		}
		if (read < 0 && err->kind == ERROR_SPEC && is_taken_out(filters, *name)) {
			error_clear(err);
			continue;
		}
		if (read < 0 && filters->tolerant) {
			problems_add_error(&filters->unread, *name, err);
			error_clear(err);
			continue;
		}
		if (read < 0 && err->kind == ERROR_STATE)
			return -1;
		if (read < 0)
			return error_hint(err, "what is filtered there cannot be told: bind it again, or unbind it");
		if (read > 0)
			filters->bindings[filters->n_bindings++] = binding;
	}
	filters->read = true;
	return 0;
}

int act_filters_bindings(struct filters *filters, struct filter_binding *const **ret, size_t *ret_n, struct error *err)
{
	if (!filters->read && read_bindings(filters, err) < 0)
		return -1;
	*ret = filters->bindings;
	*ret_n = filters->n_bindings;
	return 0;
}

int filters_recorded(struct filters *filters, const char *interface, const struct filter_binding **ret,
		     struct error *err)
{
	struct filter_binding *const *bindings;
	size_t n;

	if (act_filters_bindings(filters, &bindings, &n, err) < 0)
		return -1;
	*ret = NULL;
	for (size_t i = 0; i < n && !*ret; i++)
		if (streq(bindings[i]->interface, interface))
			*ret = bindings[i];
	return 0;
}

/* --- what is to be changed --- */

bool filters_is_changed(const struct filters *filters, const char *interface)
{
	return find_change(filters, interface) != NULL;
}

struct filters_change *filters_change_of(struct filters *filters, const char *interface)
{
	struct filters_change *change = find_change(filters, interface);

	if (!change) {
		grow_array(filters->changes, filters->n_changes);
		change = &filters->changes[filters->n_changes++];
		*change = (struct filters_change){ 0 };
	}
	change_clear(change);
	change->interface = xstrdup(interface);
	return change;
}

int filters_put(struct filters *filters, const struct filter_binding *binding, struct problems *problems)
{
	_cleanup_filter_binding_ struct filter_binding *copy = filter_binding_copy(binding);
	_cleanup_filter_program_ struct filter_program program = { 0 };
	struct filters_change *change;

	if (filters_compile(filters, copy, &program, problems) < 0)
		return -1;
	change = filters_change_of(filters, binding->interface);
	change->binding = take_ptr(copy);
	change->program = program;
	program = (struct filter_program){ 0 };
	return 0;
}

int act_filters_put(struct filters *filters, const struct filter_binding *binding, struct problems *problems)
{
	_cleanup_problems_ struct problems own = { 0 };
	_cleanup_free_ char *whose = NULL;

	if (filters_put(filters, binding, &own) == 0)
		return 0;
	whose = act_filters_binding_text(binding);
	problems_add_all(problems, &own, whose);
	return -1;
}

int act_filters_check(struct filters *filters, const struct filter_binding *binding, struct problems *problems)
{
	_cleanup_filter_binding_ struct filter_binding *copy = filter_binding_copy(binding);
	_cleanup_filter_program_ struct filter_program program = { 0 };

	return filters_compile(filters, copy, &program, problems);
}

void act_filters_remove(struct filters *filters, const char *interface)
{
	filters_change_of(filters, interface);
}

/* --- who is concerned --- */

static bool is_concerned(struct filters *filters, const struct filter_binding *binding, char *const *names,
			 char *const *groups)
{
	struct filter_source source = filter_cache_source(&filters->cache);
	bool concerned = (!names && !groups) || filter_reaches(&source, binding->filter, names);

	for (char *const *group = binding->groups; group && *group; group++)
		concerned |= strv_contains(groups, *group);
	return concerned;
}

int act_filters_refresh(struct filters *filters, char *const *filters_changed, char *const *groups_changed,
			size_t *ret_n, struct problems *problems, struct error *err)
{
	struct filter_binding *const *bindings;
	size_t n, before = problems->n, concerned = 0;

	if (act_filters_bindings(filters, &bindings, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (is_concerned(filters, bindings[i], filters_changed, groups_changed)) {
			concerned++;
			act_filters_put(filters, bindings[i], problems);
		}
	if (ret_n)
		*ret_n = concerned;
	return problems->n > before ? -1 : 0;
}

void act_filters_tolerate(struct filters *filters)
{
	filters->tolerant = true;
}

void act_filters_unread(const struct filters *filters, struct problems *problems)
{
	problems_add_all(problems, &filters->unread, "");
}

void act_filters_force(struct filters *filters)
{
	filters->force = true;
}

int act_filters_remove_strangers(struct filters *filters, char ***ret_removed, char ***ret_left, struct error *err)
{
	_cleanup_filter_listing_ struct filter_listing *listing = NULL;
	_cleanup_strv_ char **there = NULL;

	if (filter_kernel_list(&listing, err) < 0)
		return -1;
	there = filter_listing_interfaces(listing);
	for (char *const *name = there; name && *name; name++) {
		const struct filter_binding *recorded;

		if (filters_recorded(filters, *name, &recorded, err) < 0)
			return -1;
		if (recorded)
			continue;
		strv_add(link_exists(*name) ? ret_left : ret_removed, *name);
		if (!link_exists(*name))
			act_filters_remove(filters, *name);
	}
	return 0;
}
