/* Vectors of strings, ended by NULL: argument lists, environments, lists of names. */
#ifndef KVMCTL_BASE_STRV_H
#define KVMCTL_BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define _cleanup_strv_ _cleanup_(strv_free_ptr)

/* Every function takes NULL for the empty vector. The vector owns its strings. */
void strv_free(char **v);
void strv_free_ptr(char ***v);
size_t strv_length(char *const *v);
void strv_add(char ***v, const char *s); /* a copy of s */
void strv_take(char ***v, char *s);      /* s itself */
void strv_addf(char ***v, const char *format, ...) __attribute__((format(printf, 2, 3)));
void strv_extend(char ***v, char *const *more); /* copies */
char **strv_copy(char *const *v);
bool strv_contains(char *const *v, const char *s);
void strv_sort(char **v);        /* by strcmp(3) */
void strv_sort_unique(char **v); /* and each once */
char *strv_join(char *const *v, const char *separator);
/* "a,b,,c" with ',' gives a b "" c; the empty text gives the empty vector. */
char **strv_split(const char *s, char separator);

/* Splits as a POSIX shell splits words: blanks, '...', "..." with \ before $ ` " \ and newline, \
 * elsewhere. No expansion of any kind. ERROR_SPEC on a quote without an end or a \ at the end. */
int strv_split_shell(const char *s, char ***ret, struct error *err);
/* One word quoted so that a shell reads it back (for printing commands). */
char *text_quote_shell(const char *s);

#endif
