/* filter list, show, define, edit, undefine, check, compile. */
#include <stdio.h>

#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/table.h"
#include "ops/act_filter.h"
#include "ops/verbs.h"
#include "vm/filter_json.h"
#include "vm/filter_xml.h"

static void print_row(struct table *table, const struct json *filter)
{
	bool good = !json_get(filter, "error");
	_cleanup_free_ char *priority = xprintf("%d", (int)json_get_int(filter, "priority", 0));
	_cleanup_free_ char *rules = xprintf("%d", (int)json_get_int(filter, "rules", 0));
	_cleanup_free_ char *references = xprintf("%d", (int)json_get_int(filter, "references", 0));
	const char *cells[] = { json_get_string(filter, "name", "?"),
				json_get_string(filter, "uuid", NULL),
				json_get_string(filter, "chain", NULL),
				good ? priority : NULL,
				good ? rules : NULL,
				good ? references : NULL,
				!good                                     ? "damaged"
				: json_get_bool(filter, "shipped", false) ? "kvmctl"
									  : "here" };

	table_add(table, good ? STYLE_PLAIN : STYLE_BAD, cells);
}

int cmd_filter_list(struct invocation *invocation, struct error *err)
{
	static const struct table_column columns[] = { { "name", false },    { "uuid", false }, { "chain", false },
						       { "priority", true }, { "rules", true }, { "references", true },
						       { "defined", false } };
	_cleanup_table_ struct table table = { .columns = columns, .n_columns = ELEMENTS(columns), .coloured = 6 };
	_cleanup_json_ struct json *document = NULL;

	if (op_filter_list(invocation->context, &document, err) < 0)
		return -1;
	if (invocation->globals.json) {
		output_json(document);
		return 0;
	}
	const struct json *filters = json_get(document, "filters");
	for (size_t i = 0; i < json_length(filters); i++) {
		const char *damage = json_get_string(json_at(filters, i), "error", NULL);

		print_row(&table, json_at(filters, i));
		if (damage)
			log_warning("%s", damage);
	}
	table_print(&table, stdout, output_colour());
	return 0;
}

int cmd_filter_show(struct invocation *invocation, struct error *err)
{
	const char *format = invocation_option(invocation, "format");
	_cleanup_filter_ struct filter *filter = NULL;

	if (op_filter_show(invocation->context, invocation->args[0], &filter, err) < 0)
		return -1;
	if (format ? streq(format, "json") : invocation->globals.json) {
		output_json_take(filter_to_json(filter));
		return 0;
	}
	_cleanup_free_ char *xml = filter_to_xml(filter);
	fputs(xml, stdout);
	return 0;
}

static struct json *warnings_to_json(const struct problems *warnings)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < warnings->n; i++) {
		struct json *warning = json_new_object();

		json_put_string(warning, "place", warnings->list[i].path);
		json_put_string(warning, "message", warnings->list[i].message);
		json_append(list, warning);
	}
	return list;
}

static void print_defined(const struct invocation *invocation, const char *name, const struct problems *warnings,
			  const char *word)
{
	if (invocation->globals.json) {
		struct json *document = json_new_object();

		json_put_string(document, "name", name);
		json_put_string(document, "done", invocation->command->name);
		json_put(document, "warnings", warnings_to_json(warnings));
		output_json_take(document);
		return;
	}
	for (size_t i = 0; i < warnings->n; i++)
		log_warning("%s%s%s", warnings->list[i].path, *warnings->list[i].path ? ": " : "",
			    warnings->list[i].message);
	if (word && !invocation->globals.quiet)
		printf("%s: %s\n", name, word);
}

int cmd_filter_check(struct invocation *invocation, struct error *err)
{
	_cleanup_problems_ struct problems warnings = { 0 };
	_cleanup_filter_ struct filter *filter = NULL;

	if (act_filter_check(invocation->context, invocation->args[0], &filter, &warnings, err) < 0)
		return -1;
	print_defined(invocation, filter->name, &warnings, "ok");
	return 0;
}

int cmd_filter_define(struct invocation *invocation, struct error *err)
{
	_cleanup_problems_ struct problems warnings = { 0 };
	_cleanup_filter_ struct filter *filter = NULL;

	if (act_filter_define(invocation->context, invocation->args[0], NULL, &filter, &warnings, err) < 0)
		return -1;
	print_defined(invocation, filter->name, &warnings, NULL);
	return 0;
}

int cmd_filter_edit(struct invocation *invocation, struct error *err)
{
	_cleanup_problems_ struct problems warnings = { 0 };
	bool changed = false;

	if (op_filter_edit(invocation->context, invocation->args[0], &changed, &warnings, err) < 0)
		return -1;
	print_defined(invocation, invocation->args[0], &warnings, changed ? "defined" : "not changed");
	return 0;
}

int cmd_filter_undefine(struct invocation *invocation, struct error *err)
{
	if (act_filter_undefine(invocation->context, invocation->args[0], err) < 0)
		return -1;
	return invocation_done(invocation, invocation->args[0]);
}

int cmd_filter_compile(struct invocation *invocation, struct error *err)
{
	_cleanup_json_ struct json *document = NULL;
	_cleanup_strv_ char **parameters = NULL;

	for (size_t i = 1; i < invocation->n_args; i++)
		strv_add(&parameters, invocation->args[i]);
	if (op_filter_compile(invocation->context, invocation->args[0], parameters,
			      invocation_option(invocation, "interface"), &document, err) < 0)
		return -1;
	if (invocation->globals.json) {
		output_json(document);
		return 0;
	}
	const struct json *warnings = json_get(document, "warnings");
	for (size_t i = 0; i < json_length(warnings); i++)
		log_warning("%s", json_string(json_at(warnings, i), ""));
	fputs(json_get_string(document, "text", ""), stdout);
	return 0;
}
