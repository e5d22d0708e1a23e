/* Aligned tables for people. */
#ifndef KVMCTL_CLI_TABLE_H
#define KVMCTL_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum table_style { STYLE_PLAIN, STYLE_GOOD, STYLE_WARN, STYLE_BAD, STYLE_HEAD, TABLE_STYLE_MAX };

struct table_column {
	const char *title;
	bool right; /* numbers */
};

struct table {
	const struct table_column *columns; /* borrowed */
	size_t n_columns;
	char **cells;             /* row after row */
	enum table_style *styles; /* one per row: of its coloured cell */
	size_t n_rows;
	size_t coloured; /* which column has the style */
	size_t shown;    /* how many columns are printed; 0: all */
	int indent;      /* blanks before each line */
};

#define _cleanup_table_ __attribute__((cleanup(table_clear)))

/* Copies n_columns cells; what a terminal would act on is made printable, NULL and "" are "-". */
void table_add(struct table *table, enum table_style style, const char *const *cells);
/* Titles in capitals, two blanks between columns, none at the end of a line. Width is counted in code points. */
void table_print(const struct table *table, FILE *out, bool colour);
void table_clear(struct table *table);

/* The escape sequence that begins a style; "" for STYLE_PLAIN. */
const char *table_style_begin(enum table_style style);

#endif
