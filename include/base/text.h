/* Strings: what libc leaves out. Memory that cannot be had aborts. */
#ifndef KVMCTL_BASE_TEXT_H
#define KVMCTL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"

static inline bool streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* NULL and "" are the same to it. */
static inline bool is_empty(const char *s)
{
	return !s || !*s;
}

void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size);
char *xstrdup(const char *s); /* NULL stays NULL */
char *xstrndup(const char *s, size_t n);
char *xprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *xvprintf(const char *format, va_list ap) __attribute__((format(printf, 1, 0)));

/* Room for one more element at the end of an array of n; the array doubles as it grows.
 * `grow_array(list, n)` then `list[n++] = x`. */
#define grow_array(array, n) ((array) = array_reserve((array), (n), sizeof(*(array))))
void *array_reserve(void *array, size_t n, size_t size);

bool starts_with(const char *s, const char *prefix);
bool ends_with(const char *s, const char *suffix);
/* Frees *dst and puts a copy of src there. */
void text_replace(char **dst, const char *src);
/* A copy of s without white space at both ends. */
char *text_trim(const char *s);
/* Bytes of the UTF-8 character at s (at most `length` are looked at), 0 when there is none. */
size_t text_utf8_length(const char *s, size_t length);
/* The character `code` (at most 0x10ffff) as UTF-8. */
void text_put_utf8(FILE *out, unsigned int code);
/* A printable copy: control bytes and invalid UTF-8 as \xNN, at most max bytes of s, then "...". */
char *text_printable(const char *s, size_t length, size_t max);
/* Lines of somebody else's as one, "; " between them, empty ones left out; each as text_printable has it.
 * Owned by the caller. */
char *text_one_line(const char *s, size_t length, size_t max);
/* The same with the lines kept. */
char *text_printable_lines(const char *s, size_t length, size_t max);

/* FNV-1a, 64 bits: tells texts apart that nobody has made to be alike; it protects nothing. */
uint64_t text_hash(const char *text, size_t length);
/* The same as text, with the length: another digest is another text. Owned by the caller. */
char *text_digest(const char *text, size_t length);

/* The candidate nearest to `word` (edit distance at most a third of its length), or NULL. For "did you mean". */
const char *text_nearest(const char *word, const char *const *candidates, size_t n);

#endif
