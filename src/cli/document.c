/* From the keys' rows to what people read. */
#include "cli/document.h"

#include "base/strv.h"
#include "base/text.h"
#include "cli/output.h"

const struct key_row key_rows[] = {
#define KEY(document, kind, key, label, doc) { DOCUMENT_##document, KEY_##kind, key, label, doc },
#include "cli/keys.def"
#undef KEY
};
const size_t key_n_rows = ELEMENTS(key_rows);

const char *document_to_string(enum document document)
{
	static const char *const names[DOCUMENT_MAX] = { [DOCUMENT_LIST] = "list",
							 [DOCUMENT_INFO] = "info",
							 [DOCUMENT_HOST] = "host",
							 [DOCUMENT_MIGRATE] = "migrate",
							 [DOCUMENT_MIGRATION] = "migration" };
	return names[document];
}

const char *key_kind_to_string(enum key_kind kind)
{
	static const char *const names[KEY_KIND_MAX] = {
		[KEY_TEXT] = "string",
		[KEY_NUMBER] = "integer",
		[KEY_MIB] = "integer, MiB",
		[KEY_BYTES] = "integer, bytes",
		[KEY_RATE] = "integer, bytes a second",
		[KEY_MS] = "integer, milliseconds",
		[KEY_SECONDS] = "seconds",
		[KEY_FLAG] = "boolean",
		[KEY_TEXTS] = "array of strings",
		[KEY_TABLE] = "array of objects",
		[KEY_OBJECT] = "object",
		[KEY_GROUP] = "",
	};
	return names[kind];
}

enum table_style state_style(const char *state)
{
	static const char *const bad[] = { "stale", "orphaned", "unresponsive", "unknown" };

	if (streq(state, "running"))
		return STYLE_GOOD;
	if (streq(state, "stopped"))
		return STYLE_PLAIN;
	for (size_t i = 0; i < ELEMENTS(bad); i++)
		if (streq(state, bad[i]))
			return STYLE_BAD;
	return STYLE_WARN;
}

static char *join_strings(const struct json *array)
{
	_cleanup_strv_ char **words = json_strings(array);

	return strv_join(words, ", ");
}

/* A rate of 0 is one, too. */
static char *text_of_rate(int64_t bytes)
{
	_cleanup_free_ char *text = text_of_bytes(bytes);

	return xprintf("%s/s", text);
}

char *key_text(enum key_kind kind, const struct json *value)
{
	if (json_type_of(value) == JSON_NULL)
		return xstrdup("");
	switch (kind) {
	case KEY_NUMBER:
		return xprintf("%lld", (long long)json_int(value, 0));
	case KEY_MIB:
		return text_of_mib(json_int(value, 0));
	case KEY_BYTES:
		return text_of_bytes(json_int(value, 0));
	case KEY_RATE:
		return text_of_rate(json_int(value, 0));
	case KEY_MS:
		return xprintf("%lld ms", (long long)json_int(value, 0));
	case KEY_SECONDS:
		return text_of_seconds((int64_t)json_number(value, 0)); /* CPU time has fractions */
	case KEY_FLAG:
		return xstrdup(json_bool(value, false) ? "yes" : "no");
	case KEY_TEXTS:
		return join_strings(value);
	case KEY_TEXT:
	case KEY_TABLE:
	case KEY_OBJECT:
	case KEY_GROUP:
	case KEY_KIND_MAX:
		break;
	}
	return xstrdup(json_string(value, ""));
}

struct printer {
	FILE *out;
	bool colour;
	const char *heading; /* waits for the first line under it; NULL: printed */
	bool any;
};

/* A heading without a line under it would only be noise: it waits for the first. */
static void print_heading(struct printer *p)
{
	if (!p->heading)
		return;
	const char *begin = p->colour ? table_style_begin(STYLE_HEAD) : "";
	fprintf(p->out, "%s%s%s%s\n", p->any ? "\n" : "", begin, p->heading, *begin ? "\033[0m" : "");
	p->heading = NULL;
	p->any = true;
}

/* Values of several lines (a guest's last words) go on under each other; what is not known is left out. */
static void print_line(struct printer *p, const struct key_row *row, const char *member, const struct json *values)
{
	_cleanup_free_ char *text = key_text(row->kind, json_get(values, member));
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	const char *label = row->label;
	const char *begin = p->colour && streq(row->key, "state") ? table_style_begin(state_style(text)) : "";

	if (!*text)
		return;
	print_heading(p);
	for (char **line = lines; *line; line++, label = "") {
		_cleanup_free_ char *shown = text_printable(*line, strlen(*line), 4096);
		fprintf(p->out, "  %-18s %s%s%s\n", label, begin, shown, *begin ? "\033[0m" : "");
	}
}

/* How many rows "KEY[].x" stand behind `row`: the columns of its table. */
static size_t count_columns(const struct key_row *row)
{
	size_t length = strlen(row->key), n = 0;

	for (const struct key_row *next = row + 1; next < key_rows + key_n_rows; next++, n++)
		if (!starts_with(next->key, row->key) || next->key[length] != '[')
			break;
	return n;
}

static void add_table_row(struct table *table, const struct key_row *row, const struct json *object)
{
	_cleanup_strv_ char **cells = NULL;

	for (size_t i = 1; i <= table->n_columns; i++)
		strv_take(&cells,
			  key_text(row[i].kind, json_get(object, row[i].key + strlen(row->key) + strlen("[]."))));
	table_add(table, STYLE_PLAIN, (const char *const *)cells);
}

static void print_table(struct printer *p, const struct key_row *row, const struct json *list)
{
	size_t n = count_columns(row);
	_cleanup_free_ struct table_column *columns = xcalloc(n + 1, sizeof(*columns));
	_cleanup_table_ struct table table = { .columns = columns, .n_columns = n, .indent = 4 };

	if (!json_length(list))
		return;
	for (size_t i = 0; i < n; i++)
		columns[i] = (struct table_column){ row[1 + i].label, row[1 + i].kind != KEY_TEXT };
	for (size_t i = 0; i < json_length(list); i++)
		add_table_row(&table, row, json_at(list, i));
	print_heading(p);
	fprintf(p->out, "  %s\n", row->label);
	table_print(&table, p->out, p->colour);
}

/* The rows' order is the page's: the same table makes the manual, so both read alike. */
void document_print(enum document document, const struct json *values, FILE *out, bool colour)
{
	struct printer p = { .out = out, .colour = colour };

	for (const struct key_row *row = key_rows; row < key_rows + key_n_rows; row++) {
		const char *dot = strchr(row->key, '.');
		if (row->document != document || !*row->label || strchr(row->key, '['))
			continue;
		if (row->kind == KEY_GROUP || row->kind == KEY_OBJECT) {
			p.heading = row->label;
		} else if (row->kind == KEY_TABLE) {
			print_table(&p, row, json_get(values, row->key));
		} else if (dot) {
			_cleanup_free_ char *object = xstrndup(row->key, (size_t)(dot - row->key));
			print_line(&p, row, dot + 1, json_get(values, object));
		} else {
			print_line(&p, row, row->key, values);
		}
	}
}
