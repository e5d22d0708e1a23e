/* What goes to standard output, and in which form. */
#ifndef KVMCTL_CLI_OUTPUT_H
#define KVMCTL_CLI_OUTPUT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/json.h"

/* One JSON document and a newline: indented on a terminal, on one line else. */
void output_json(const struct json *document);
/* Takes the document: output_json, then frees it. */
void output_json_take(struct json *document);

/* Standard output is a terminal, NO_COLOR is unset or empty, TERM is not "dumb". */
bool output_colour(void);

/* Keeps what is printed in `buffer` until it is full or flushed: one write for most commands, and its
 * errno is known. */
void output_buffer(char *buffer, size_t size);
/* Pushes out what is buffered. A reader that went away is no error (*ret_gone, may be NULL); a full disk
 * is: ERROR_OTHER. */
int output_flush(bool *ret_gone, struct error *err);

/* Prints the one error: on stderr, or with json as a document on stdout. */
void output_error(const struct error *err, bool json);

/* "3d 04:05:06", "04:05:06"; "-" below 0. Owned by the caller. */
char *text_of_seconds(int64_t seconds);
/* "512 MiB", "1.5 GiB", "1025 MiB", "23.5 GiB" (rounded from 10 GiB on). Owned by the caller. */
char *text_of_mib(int64_t mib);
/* "512 B", "4.0 KiB", "33.6 MiB", "1.5 GiB". Owned by the caller. */
char *text_of_bytes(int64_t bytes);

#endif
