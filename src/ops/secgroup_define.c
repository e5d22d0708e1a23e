/* secgroup define and delete. The definition and the rules of all NICs that have the group change together: the rules are made first,
 * then the definition is written, then the rules are loaded in one transaction; where that fails, what was written is taken back. Who is
 * killed between the two leaves the new definition, and rules that `filter restore` makes of it. */
#include "ops/verbs.h"

#include <unistd.h>

#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "ops/act_input.h"
#include "ops/act_secgroup.h"
#include "vm/secgroup_filter.h"

static int read_definition(struct context *context, const char *file, struct secgroup **ret, struct error *err)
{
	bool is_stdin = streq(file, "-");
	_cleanup_free_ char *what =
		is_stdin ? xstrdup("the security group on standard input") : xprintf("security group \"%s\"", file);
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	size_t length;

	if (!is_stdin && input_open(file, what, SECGROUP_MAX_BYTES, &fd, err) < 0)
		return -1;
	if (input_read(is_stdin ? STDIN_FILENO : fd, what, SECGROUP_MAX_BYTES,
		       context_step(context, context->settings->timeouts.start), &text, &length, err) < 0)
		return -1;
	return secgroup_parse(text, length, what, ret, err);
}

/* Groups may be defined in any order: one that is not there has no members. */
static void warn_of_missing(const struct secgroup_store *store, const struct secgroup *group, struct problems *warnings)
{
	_cleanup_strv_ char **references = secgroup_references(group);

	for (char **name = references; name && *name; name++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_secgroup_ struct secgroup *other = NULL;

		if (!streq(*name, group->name) && secgroup_store_read(store, *name, &other, &err) < 0)
			problems_add_error(warnings, "", &err);
	}
}

/* The rules of all who have it, as they would be. */
static int prepare(struct filters *filters, const struct secgroup *group, size_t *ret_n, struct error *err)
{
	_cleanup_problems_ struct problems problems = { 0 };
	char *const names[] = { group->name, NULL };
	_cleanup_free_ char *what = xprintf("the security group \"%s\" cannot be changed", group->name);

	filter_cache_add(act_filters_cache(filters), secgroup_to_filter(group));
	if (act_filters_refresh(filters, NULL, names, ret_n, &problems, err) == 0)
		return 0;
	return problems.n > 0 ? problems_to_error(&problems, ERROR_SPEC, what, err) : -1;
}

static void take_back(const struct secgroup_store *store, const char *name, const struct secgroup *old)
{
	_cleanup_error_ struct error failure = ERROR_INIT;

	if ((old ? secgroup_store_write(store, old, &failure) : secgroup_store_remove(store, name, &failure)) < 0)
		log_warning("%s, ignoring", failure.message);
}

int op_secgroup_define(struct context *context, const char *file, struct secgroup **ret, size_t *ret_n,
		       struct problems *warnings, struct error *err)
{
	_cleanup_secgroup_change_ struct secgroup_change change = SECGROUP_CHANGE_INIT;
	_cleanup_secgroup_ struct secgroup *group = NULL, *old = NULL;
	_cleanup_filters_ struct filters *filters = NULL;
	_cleanup_error_ struct error none = ERROR_INIT;

	*ret_n = 0;
	if (read_definition(context, file, &group, err) < 0 ||
	    secgroup_change_begin(context, "secgroup define", &change, err) < 0 ||
	    secgroup_change_session(&change, &filters, err) < 0)
		return -1;
	warn_of_missing(&change.store, group, warnings);
	if (filters && prepare(filters, group, ret_n, err) < 0)
		return -1;
	/* One that is damaged is replaced, and not put back. */
	if (secgroup_store_read(&change.store, group->name, &old, &none) < 0)
		old = NULL;
	if (secgroup_store_write(&change.store, group, err) < 0)
		return -1;
	if (filters && act_filters_commit(filters, err) < 0) {
		take_back(&change.store, group->name, old);
		return -1;
	}
	*ret = take_ptr(group);
	return 0;
}

/* --- delete --- */

static int refuse(const char *name, const char *what, char *const *who, const char *hint, struct error *err)
{
	_cleanup_free_ char *list = strv_join(who, "\", \"");

	error_set(err, ERROR_STATE, "the security group \"%s\" is in use: %s \"%s\"", name, what, list);
	return error_hint(err, "%s", hint);
}

static int check_interfaces(struct context *context, const char *name, struct error *err)
{
	_cleanup_strv_ char **interfaces = NULL, **users = NULL;

	if (filter_binding_list(&context->rundir, &interfaces, err) < 0)
		return -1;
	for (char **interface = interfaces; interface && *interface; interface++) {
		_cleanup_filter_binding_ struct filter_binding *binding = NULL;
		int read = filter_binding_read(&context->rundir, *interface, &binding, err);

		if (read < 0)
			return -1;
		if (read > 0 && strv_contains(binding->groups, name))
			strv_add(&users, *interface);
	}
	return users ? refuse(name, "it is in force on", users,
			      "kvmctl secgroup remove takes it off instances; what was bound by hand is bound again "
			      "without it",
			      err)
		     : 0;
}

int op_secgroup_delete(struct context *context, const char *name, struct error *err)
{
	_cleanup_secgroup_change_ struct secgroup_change change = SECGROUP_CHANGE_INIT;
	_cleanup_secgroup_ struct secgroup *group = NULL;
	_cleanup_strv_ char **users = NULL, **instances = NULL;

	if (secgroup_change_begin(context, "secgroup delete", &change, err) < 0)
		return -1;
	/* A damaged one can go. */
	if (secgroup_store_read(&change.store, name, &group, err) < 0 && err->kind == ERROR_NO_INSTANCE)
		return -1;
	error_clear(err);
	if (check_interfaces(context, name, err) < 0 || secgroup_store_users(&change.store, name, &users, err) < 0 ||
	    secgroup_instances(&change.store, name, &instances, err) < 0)
		return -1;
	if (users)
		return refuse(name, "rules name it in", users, "take it out of them first", err);
	if (instances)
		return refuse(name, "it is given to", instances, "kvmctl secgroup remove takes it off them", err);
	return secgroup_store_remove(&change.store, name, err);
}
