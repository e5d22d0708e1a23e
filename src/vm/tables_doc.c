/* The tables for people: every row with its values, default and doc, as JSON and in the macros of man(7). */
#include "vm/tables_doc.h"

#include "base/text.h"
#include "vm/keys.h"
#include "vm/params.h"

const char *const tables_names[] = { "params",         "instance",      "disk",     "nic",           "bandwidth",
				     "bandwidth_rate", "network",       "hooks",    "settings",      "timeouts",
				     "spice_tls",      "migration_tls", "secgroup", "secgroup_rule", NULL };

static struct json *describe(const char *name, const struct value_rule *rule, const char *fallback, const char *doc)
{
	struct json *row = json_new_object();
	_cleanup_free_ char *values = value_kind_text(rule);
	json_put_string(row, "name", name);
	json_put_string(row, "values", values);
	if (fallback)
		json_put(row, "default", value_default_json(rule, fallback));
	json_put_string(row, "doc", doc);
	return row;
}

static struct json *params_to_json(void)
{
	struct json *list = json_new_array();
	for (size_t i = 0; i < HV_MAX; i++) {
		const struct param_row *row = &param_rows[i];
		struct value_rule rule = param_rule(row);
		struct json *described = describe(row->name, &rule, row->fallback, row->doc);
		json_put_string(described, "seen_by", row->seen == SEEN_GUEST ? "guest" : "host");
		json_append(list, described);
	}
	return list;
}

struct json *tables_to_json(const char *name)
{
	const struct key_table *table = keys_table(name);
	if (streq(name, "params"))
		return params_to_json();
	if (!table)
		return NULL;
	struct json *list = json_new_array();
	for (size_t i = 0; i < table->n; i++) {
		const struct keys_row *row = &table->rows[i];
		struct json *described =
			describe(row->name, &row->rule, row->required ? NULL : row->fallback, row->doc);
		json_put_bool(described, "required", row->required);
		json_append(list, described);
	}
	return list;
}

void tables_roff(const char *text, FILE *out)
{
	bool line_start = true;
	for (; *text; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			fputs("\\&", out);
		line_start = *text == '\n';
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else
			fputc(*text, out);
	}
}

/* "true or false; default true; seen by the guest" */
static void print_facts(const struct json *row, FILE *out)
{
	const struct json *fallback = json_get(row, "default");
	_cleanup_free_ char *number = json_to_text(fallback);
	const char *value = json_string(fallback, number), *seen = json_get_string(row, "seen_by", NULL);
	tables_roff(json_get_string(row, "values", ""), out);
	if (json_get_bool(row, "required", false))
		fputs("; required", out);
	if (fallback && *value) {
		fputs("; default ", out);
		tables_roff(value, out);
	}
	if (seen)
		fprintf(out, "; seen by the %s", seen);
}

bool tables_fragment(const char *name, FILE *out)
{
	_cleanup_json_ struct json *list = tables_to_json(name);
	if (!list)
		return false;
	for (size_t i = 0; i < json_length(list); i++) {
		const struct json *row = json_at(list, i);
		fputs(".TP\n\\fB", out);
		tables_roff(json_get_string(row, "name", ""), out);
		fputs("\\fR (", out);
		print_facts(row, out);
		fputs(")\n", out);
		tables_roff(json_get_string(row, "doc", ""), out);
		fputc('\n', out);
	}
	return true;
}
