/* Aligned tables: all cells are kept until the widths are known. */
#include "cli/table.h"

#include <limits.h>

#include "base/text.h"

const char *table_style_begin(enum table_style style)
{
	static const char *const begin[TABLE_STYLE_MAX] = {
		[STYLE_PLAIN] = "",       [STYLE_GOOD] = "\033[32m", [STYLE_WARN] = "\033[33m",
		[STYLE_BAD] = "\033[31m", [STYLE_HEAD] = "\033[1m",
	};
	return begin[style];
}

/* Code points: every byte that does not continue one (10xxxxxx). */
static size_t width_of(const char *s)
{
	size_t width = 0;
	for (; *s; s++)
		width += ((unsigned char)*s & 0xc0) != 0x80;
	return width;
}

/* Printable copies: a reason or a path may hold what a terminal would obey. */
void table_add(struct table *table, enum table_style style, const char *const *cells)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		size_t at = table->n_rows * table->n_columns + i;
		const char *cell = is_empty(cells[i]) ? "-" : cells[i];
		grow_array(table->cells, at);
		table->cells[at] = text_printable(cell, strlen(cell), INT_MAX);
	}
	grow_array(table->styles, table->n_rows);
	table->styles[table->n_rows++] = style;
}

static void print_blanks(FILE *out, size_t n)
{
	for (; n > 0; n--)
		putc_unlocked(' ', out);
}

/* Without printf: a list of 1,000 instances has 8,000 of them. */
static void print_cell(FILE *out, const char *text, size_t width, bool right, bool last, const char *begin)
{
	size_t blanks = width - width_of(text);

	if (right)
		print_blanks(out, blanks);
	if (*begin)
		fputs_unlocked(begin, out);
	fputs_unlocked(text, out);
	if (*begin)
		fputs_unlocked("\033[0m", out);
	if (!last)
		print_blanks(out, (right ? 0 : blanks) + 2);
}

static size_t column_width(const struct table *table, size_t column)
{
	size_t width = width_of(table->columns[column].title);
	for (size_t row = 0; row < table->n_rows; row++) {
		size_t cell = width_of(table->cells[row * table->n_columns + column]);
		width = cell > width ? cell : width;
	}
	return width;
}

/* No column is cut: a narrow terminal breaks lines, and a pipe gets what there is. */
void table_print(const struct table *table, FILE *out, bool colour)
{
	size_t n = table->shown ? table->shown : table->n_columns;
	_cleanup_free_ size_t *widths = xcalloc(n, sizeof(*widths));

	for (size_t i = 0; i < n; i++)
		widths[i] = column_width(table, i);
	fprintf(out, "%*s", table->indent, "");
	for (size_t i = 0; i < n; i++)
		print_cell(out, table->columns[i].title, widths[i], table->columns[i].right, i + 1 == n,
			   colour ? table_style_begin(STYLE_HEAD) : "");
	fputc('\n', out);
	for (size_t row = 0; row < table->n_rows; row++) {
		fprintf(out, "%*s", table->indent, "");
		for (size_t i = 0; i < n; i++)
			print_cell(out, table->cells[row * table->n_columns + i], widths[i], table->columns[i].right,
				   i + 1 == n,
				   colour && i == table->coloured ? table_style_begin(table->styles[row]) : "");
		fputc('\n', out);
	}
}

void table_clear(struct table *table)
{
	for (size_t i = 0; i < table->n_rows * table->n_columns; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table->styles);
	table->cells = NULL;
	table->styles = NULL;
	table->n_rows = 0;
}
