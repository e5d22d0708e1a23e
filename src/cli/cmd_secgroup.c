/* secgroup list, show, define, delete, add, remove. */
#include <stdio.h>

#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/table.h"
#include "ops/verbs.h"

static char *number(const struct json *row, const char *key)
{
	return json_get(row, key) ? xprintf("%d", (int)json_get_int(row, key, 0)) : NULL;
}

static void print_row(struct table *table, const struct json *row)
{
	const char *damage = json_get_string(row, "error", NULL);
	_cleanup_free_ char *rules = number(row, "rules"), *addresses = number(row, "addresses");
	_cleanup_free_ char *instances = number(row, "instances"), *interfaces = number(row, "interfaces");
	const char *cells[] = { json_get_string(row, "name", "?"),
				rules,
				addresses,
				instances,
				interfaces || damage ? interfaces : "?",
				damage ? "damaged" : json_get_string(row, "description", NULL) };

	if (damage)
		log_warning("%s", damage);
	table_add(table, damage ? STYLE_BAD : STYLE_PLAIN, cells);
}

int cmd_secgroup_list(struct invocation *invocation, struct error *err)
{
	static const struct table_column columns[] = { { "name", false },      { "rules", true },
						       { "addresses", true },  { "instances", true },
						       { "interfaces", true }, { "description", false } };
	_cleanup_table_ struct table table = { .columns = columns, .n_columns = ELEMENTS(columns), .coloured = 5 };
	_cleanup_json_ struct json *document = NULL;

	if (op_secgroup_list(invocation->context, &document, err) < 0)
		return -1;
	if (invocation->globals.json) {
		output_json(document);
		return 0;
	}
	const struct json *groups = json_get(document, "groups");
	for (size_t i = 0; i < json_length(groups); i++)
		print_row(&table, json_at(groups, i));
	table_print(&table, stdout, output_colour());
	return 0;
}

/* A member a line; what a NIC is known by behind it. */
static void print_members(const struct json *document)
{
	const struct json *addresses = json_get(document, "addresses"), *instances = json_get(document, "instances");
	const struct json *interfaces = json_get(document, "interfaces");

	for (size_t i = 0; i < json_length(addresses); i++)
		puts(json_string(json_at(addresses, i), ""));
	for (size_t i = 0; i < json_length(instances); i++)
		puts(json_string(json_at(instances, i), ""));
	for (size_t i = 0; i < json_length(interfaces); i++) {
		const struct json *row = json_at(interfaces, i), *list = json_get(row, "addresses");
		const char *instance = json_get_string(row, "instance", "");

		printf("%s", json_get_string(row, "interface", ""));
		if (*instance)
			printf(" (%s/%d)", instance, (int)json_get_int(row, "nic", 0));
		for (size_t k = 0; k < json_length(list); k++)
			printf(" %s", json_string(json_at(list, k), ""));
		putchar('\n');
	}
}

int cmd_secgroup_show(struct invocation *invocation, struct error *err)
{
	_cleanup_json_ struct json *document = NULL;
	bool members = invocation_has(invocation, "members");

	if ((members ? op_secgroup_members(invocation->context, invocation->args[0], &document, err)
		     : op_secgroup_show(invocation->context, invocation->args[0], &document, err)) < 0)
		return -1;
	if (members && !invocation->globals.json) {
		print_members(document);
		return 0;
	}
	_cleanup_free_ char *text = invocation->globals.json ? json_to_text(document) : json_to_pretty(document);
	puts(text);
	return 0;
}

int cmd_secgroup_define(struct invocation *invocation, struct error *err)
{
	_cleanup_problems_ struct problems warnings = { 0 };
	_cleanup_secgroup_ struct secgroup *group = NULL;
	size_t n;

	if (op_secgroup_define(invocation->context, invocation->args[0], &group, &n, &warnings, err) < 0)
		return -1;
	if (!invocation->globals.json) {
		for (size_t i = 0; i < warnings.n; i++)
			log_warning("%s", warnings.list[i].message);
		return 0;
	}

	struct json *document = json_new_object(), *list = json_new_array();
	json_put_string(document, "name", group->name);
	json_put_string(document, "done", invocation->command->name);
	json_put_int(document, "interfaces", (int64_t)n);
	json_put(document, "warnings", list);
	for (size_t i = 0; i < warnings.n; i++)
		json_append_string(list, warnings.list[i].message);
	output_json_take(document);
	return 0;
}

int cmd_secgroup_delete(struct invocation *invocation, struct error *err)
{
	if (op_secgroup_delete(invocation->context, invocation->args[0], err) < 0)
		return -1;
	return invocation_done(invocation, invocation->args[0]);
}

/* A member whose NICs run without any filter is told: nothing holds there before the next start. */
static void print_changed(const struct invocation *invocation, struct json *document)
{
	const struct json *members = json_get(document, "members");
	bool added = streq(json_get_string(document, "done", ""), "secgroup add");

	if (invocation->globals.json) {
		output_json(document);
		return;
	}
	for (size_t i = 0; i < json_length(members); i++) {
		const struct json *row = json_at(members, i), *interfaces = json_get(row, "interfaces");

		if (!json_get_bool(row, "known", true))
			log_notice("%s: there is no such instance on this host; %s", json_get_string(row, "member", ""),
				   added ? "it counts once there is one, from its start"
					 : "nothing else is to be done");
		else if (json_get_bool(row, "by_spec", false))
			log_notice("%s: no longer by hand; its spec gives it the group still",
				   json_get_string(row, "member", ""));
		else if (interfaces && json_length(interfaces) == 0)
			log_notice("%s: no NIC of it is filtered now; it counts from the next start",
				   json_get_string(row, "member", ""));
	}
}

static int change(struct invocation *invocation,
		  int (*op)(struct context *context, const char *group, char *const *members, struct json **ret,
			    struct error *err),
		  struct error *err)
{
	_cleanup_json_ struct json *document = NULL;

	if (op(invocation->context, invocation->args[0], (char *const *)(invocation->args + 1), &document, err) < 0)
		return -1;
	print_changed(invocation, document);
	return 0;
}

int cmd_secgroup_add(struct invocation *invocation, struct error *err)
{
	return change(invocation, op_secgroup_add, err);
}

int cmd_secgroup_remove(struct invocation *invocation, struct error *err)
{
	return change(invocation, op_secgroup_remove, err);
}
