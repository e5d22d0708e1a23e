/* params: the hypervisor parameters, from their rows. */
#include <stdio.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/table.h"
#include "vm/params.h"
#include "vm/tables_doc.h"

/* The row of a parameter out of the listing of all. Owned by the caller. */
static struct json *param_document(const struct param_row *row)
{
	_cleanup_json_ struct json *list = tables_to_json("params");
	return json_ref(json_at(list, (size_t)(row - param_rows)));
}

static void print_param(const struct param_row *row)
{
	_cleanup_json_ struct json *document = param_document(row);

	printf("%s\n  values: %s\n  default: %s\n  seen by: the %s\n  %s\n", row->name,
	       json_get_string(document, "values", ""), *row->fallback ? row->fallback : "\"\"",
	       json_get_string(document, "seen_by", ""), row->doc);
}

static int one_param(const struct invocation *invocation, const char *name, struct error *err)
{
	const struct param_row *row = param_find(name);
	const char *names[HV_MAX];

	if (row) {
		if (invocation->globals.json)
			output_json_take(param_document(row));
		else
			print_param(row);
		return 0;
	}
	for (size_t i = 0; i < HV_MAX; i++)
		names[i] = param_rows[i].name;
	_cleanup_free_ char *shown = text_printable(name, strlen(name), 60);
	const char *nearest = text_nearest(name, names, HV_MAX);
	error_set(err, ERROR_USAGE, "no parameter \"%s\"", shown);
	if (nearest)
		return error_hint(err, "did you mean \"%s\"?", nearest);
	return error_hint(err, "\"kvmctl params\" lists all");
}

/* A list of many values would make one long column. */
#define VALUES_SHOWN 40

static void all_params(void)
{
	static const struct table_column columns[] = {
		{ "PARAMETER", false }, { "SEEN BY", false }, { "DEFAULT", false }, { "VALUES", false }
	};
	_cleanup_table_ struct table table = { .columns = columns, .n_columns = ELEMENTS(columns) };
	_cleanup_json_ struct json *list = tables_to_json("params");

	for (size_t i = 0; i < HV_MAX; i++) {
		const struct json *row = json_at(list, i);
		const char *values = json_get_string(row, "values", "");
		_cleanup_free_ char *shown =
			strlen(values) > VALUES_SHOWN ? xprintf("%.*s...", VALUES_SHOWN, values) : xstrdup(values);
		table_add(&table, STYLE_PLAIN,
			  (const char *[]){ param_rows[i].name, json_get_string(row, "seen_by", ""),
					    param_rows[i].fallback, shown });
	}
	table_print(&table, stdout, output_colour());
}

int cmd_params(struct invocation *invocation, struct error *err)
{
	if (invocation->n_args)
		return one_param(invocation, invocation->args[0], err);
	if (!invocation->globals.json) {
		all_params();
		return 0;
	}
	struct json *document = json_new_object();
	json_put(document, "params", tables_to_json("params"));
	output_json_take(document);
	return 0;
}
