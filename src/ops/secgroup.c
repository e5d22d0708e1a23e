/* Security groups to look at: list, show, members. */
#include "ops/verbs.h"

#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "vm/secgroup_binding.h"

static struct json *to_array(char *const *list)
{
	struct json *array = json_new_array();

	for (; list && *list; list++)
		json_append_string(array, *list);
	return array;
}

/* Rows of what is bound on this host and has the group. */
static int bound_members(struct context *context, const char *group, struct json *rows, struct error *err)
{
	_cleanup_strv_ char **interfaces = NULL;

	if (filter_binding_list(&context->rundir, &interfaces, err) < 0)
		return -1;
	for (char **name = interfaces; name && *name; name++) {
		_cleanup_filter_binding_ struct filter_binding *binding = NULL;
		int read = filter_binding_read(&context->rundir, *name, &binding, err);

		if (read < 0)
			return -1;
		if (read == 0 || !strv_contains(binding->groups, group))
			continue;

		_cleanup_strv_ char **addresses = secgroup_binding_addresses(binding);
		struct json *row = json_new_object();
		json_put_string(row, "interface", *name);
		json_put_string(row, "instance", binding->instance);
		json_put_int(row, "nic", binding->nic);
		json_put(row, "addresses", to_array(addresses));
		json_append(rows, row);
	}
	return 0;
}

int op_secgroup_members(struct context *context, const char *name, struct json **ret, struct error *err)
{
	_cleanup_secgroup_store_ struct secgroup_store store = { 0 };
	_cleanup_secgroup_ struct secgroup *group = NULL;
	_cleanup_strv_ char **addresses = NULL, **instances = NULL;
	_cleanup_json_ struct json *document = json_new_object();
	struct json *rows = json_new_array();

	json_put(document, "interfaces", rows);
	secgroup_store_open(context->settings->secgroup_dir, &store);
	if (secgroup_store_read(&store, name, &group, err) < 0 ||
	    secgroup_addresses(&store, name, &addresses, err) < 0 ||
	    secgroup_instances(&store, name, &instances, err) < 0 || bound_members(context, name, rows, err) < 0)
		return -1;
	json_put_string(document, "name", name);
	json_put(document, "addresses", to_array(addresses));
	json_put(document, "instances", to_array(instances));
	*ret = take_ptr(document);
	return 0;
}

int op_secgroup_show(struct context *context, const char *name, struct json **ret, struct error *err)
{
	_cleanup_secgroup_store_ struct secgroup_store store = { 0 };
	_cleanup_secgroup_ struct secgroup *group = NULL;

	secgroup_store_open(context->settings->secgroup_dir, &store);
	if (secgroup_store_read(&store, name, &group, err) < 0)
		return -1;
	*ret = secgroup_to_json(group);
	return 0;
}

/* One that is damaged has "name" and "error". What is bound may be nothing for this user to see: then "interfaces" is null, and *unseen
 * says why. */
static struct json *list_row(struct context *context, const struct secgroup_store *store, const char *name,
			     struct error *unseen)
{
	_cleanup_secgroup_ struct secgroup *group = NULL;
	_cleanup_strv_ char **addresses = NULL, **instances = NULL;
	_cleanup_json_ struct json *bound = json_new_array();
	_cleanup_error_ struct error err = ERROR_INIT;
	struct json *row = json_new_object();

	json_put_string(row, "name", name);
	if (secgroup_store_read(store, name, &group, &err) < 0 ||
	    secgroup_addresses(store, name, &addresses, &err) < 0 ||
	    secgroup_instances(store, name, &instances, &err) < 0) {
		json_put_string(row, "error", err.message);
		return row;
	}
	error_clear(unseen);
	int seen = bound_members(context, name, bound, unseen);
	json_put_string(row, "description", group->description);
	json_put_int(row, "rules", (int64_t)group->n_rules);
	json_put_int(row, "addresses", (int64_t)strv_length(addresses));
	json_put_int(row, "instances", (int64_t)strv_length(instances));
	json_put(row, "interfaces", seen == 0 ? json_new_int((int64_t)json_length(bound)) : NULL);
	return row;
}

int op_secgroup_list(struct context *context, struct json **ret, struct error *err)
{
	_cleanup_secgroup_store_ struct secgroup_store store = { 0 };
	_cleanup_error_ struct error unseen = ERROR_INIT;
	_cleanup_strv_ char **names = NULL;
	struct json *groups = json_new_array();

	secgroup_store_open(context->settings->secgroup_dir, &store);
	*ret = json_new_object();
	json_put(*ret, "groups", groups);
	if (secgroup_store_list(&store, &names, err) < 0) {
		json_free_ptr(ret);
		*ret = NULL;
		return -1;
	}
	for (char **name = names; name && *name; name++)
		json_append(groups, list_row(context, &store, *name, &unseen));
	if (unseen.message)
		log_warning("which NICs have the groups is not known: %s, ignoring", unseen.message);
	return 0;
}
