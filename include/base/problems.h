/* Problems found while reading and checking: all of them are collected, then reported at once as one
 * ERROR_SPEC (or ERROR_HOST). */
#ifndef KVMCTL_BASE_PROBLEMS_H
#define KVMCTL_BASE_PROBLEMS_H

#include <stddef.h>

#include "base/error.h"

struct problem {
	char *path; /* JSON path: "hvparams.acpi", "disks[0].path", "" for the whole */
	char *message;
};

struct problems {
	struct problem *list;
	size_t n;
};

#define _cleanup_problems_ _cleanup_(problems_free)

void problems_add(struct problems *problems, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Takes the error's message (and hint, in brackets) as a problem of path; err is empty afterwards. */
void problems_add_error(struct problems *problems, const char *path, struct error *err);
/* Copies of all of them, their paths as "PREFIX: PATH", or just one of the two where the other is empty. */
void problems_add_all(struct problems *problems, const struct problems *more, const char *prefix);
/* 0 when there are none; else -1 with one error: "WHAT: 3 problems:\n  disks[0].path: ...\n ..." (one: on
 * the same line). */
int problems_to_error(const struct problems *problems, enum error_kind kind, const char *what, struct error *err);
void problems_free(struct problems *problems);

#endif
