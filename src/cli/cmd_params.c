/* params: the hypervisor parameters, from their rows. */
#include <stdio.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/table.h"
#include "vm/params.h"

static const char *kind_of(enum param_kind kind)
{
	static const char *const names[PARAM_KIND_MAX] = {
		[PARAM_BOOL] = "bool", [PARAM_INT] = "int", [PARAM_TEXT] = "text", [PARAM_PATH] = "path", [PARAM_CHOICE] = "choice"
	};
	return names[kind];
}

static const char *seen_by(const struct param_row *row)
{
	return row->seen == SEEN_GUEST ? "guest" : "host";
}

static struct json *param_document(const struct param_row *row)
{
	struct json *document = json_new_object();

	json_put_string(document, "name", row->name);
	json_put_string(document, "kind", kind_of(row->kind));
	json_put_string(document, "default", row->fallback);
	json_put_string(document, "seen_by", seen_by(row));
	json_put(document, "min", row->kind == PARAM_INT ? json_new_int(row->min) : NULL);
	json_put(document, "max", row->kind == PARAM_INT ? json_new_int(row->max) : NULL);
	json_put_string(document, "choices", row->choices);
	json_put_string(document, "doc", row->doc);
	return document;
}

static void print_param(const struct param_row *row)
{
	printf("%s\n  kind: %s\n", row->name, kind_of(row->kind));
	if (row->choices)
		printf("  values: %s\n", row->choices);
	else if (row->kind == PARAM_INT)
		printf("  range: %lld to %lld\n", (long long)row->min, (long long)row->max);
	printf("  default: %s\n  seen by: the %s\n  %s\n", *row->fallback ? row->fallback : "\"\"", seen_by(row), row->doc);
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

static void all_params(void)
{
	static const struct table_column columns[] = { { "PARAMETER", false }, { "KIND", false }, { "SEEN BY", false },
						       { "DEFAULT", false } };
	_cleanup_table_ struct table table = { .columns = columns, .n_columns = ELEMENTS(columns) };

	for (size_t i = 0; i < HV_MAX; i++) {
		const struct param_row *row = &param_rows[i];
		table_add(&table, STYLE_PLAIN, (const char *[]){ row->name, kind_of(row->kind), seen_by(row), row->fallback });
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
	struct json *document = json_new_object(), *list = json_new_array();
	for (size_t i = 0; i < HV_MAX; i++)
		json_append(list, param_document(&param_rows[i]));
	json_put(document, "params", list);
	output_json_take(document);
	return 0;
}
