/* The documents that --json prints, key by key: one table, from which the manual comes and what people
 * see at a terminal. */
#ifndef KVMCTL_CLI_DOCUMENT_H
#define KVMCTL_CLI_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/json.h"
#include "cli/table.h"

enum document { DOCUMENT_LIST, DOCUMENT_INFO, DOCUMENT_HOST, DOCUMENT_MIGRATE, DOCUMENT_MIGRATION, DOCUMENT_MAX };

enum key_kind {
	KEY_TEXT,
	KEY_NUMBER,
	KEY_MIB,
	KEY_BYTES,
	KEY_RATE,
	KEY_MS,
	KEY_SECONDS,
	KEY_FLAG,
	KEY_TEXTS,  /* array of strings */
	KEY_TABLE,  /* array of objects; the rows "KEY[].x" that follow are its columns */
	KEY_OBJECT, /* the rows "KEY.x" that follow are its members */
	KEY_GROUP,  /* no key: a heading for people */
	KEY_KIND_MAX
};

struct key_row {
	enum document document;
	enum key_kind kind;
	const char *key;   /* "memory", "nics[].mac", "last_exit.reason" */
	const char *label; /* for people; "": only in --json */
	const char *doc;
};
extern const struct key_row key_rows[];
extern const size_t key_n_rows;

const char *document_to_string(enum document document); /* "list", "info", "host" ... */
/* "string", "integer, MiB", ... as the manual says it. */
const char *key_kind_to_string(enum key_kind kind);

/* A value as people read it, by its kind; "" for null and what is not there. Owned by the caller. */
char *key_text(enum key_kind kind, const struct json *value);
/* Every row that has a label and a value: "label: value" lines under their headings, and tables. */
void document_print(enum document document, const struct json *values, FILE *out, bool colour);

/* How a state is shown: running is good, paused and the migrating ones are to be noticed, what needs cleanup is bad. */
enum table_style state_style(const char *state);

#endif
