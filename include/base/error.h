/* The one error convention: int 0 or -1, last argument `struct error *err`.
 *
 * A callee that fails fills *err once; a caller that only passes it on may put its own context in front.
 * Only main prints it, and exits with its kind (the exit statuses of DESIGN are the kinds' numbers).
 * The message names the thing in double quotes and says what happened; the hint says what to do next. */
#ifndef KVMCTL_BASE_ERROR_H
#define KVMCTL_BASE_ERROR_H

#include "base/cleanup.h"

enum error_kind {
	ERROR_NONE = 0,
	ERROR_OTHER = 1,
	ERROR_USAGE = 2,
	ERROR_SPEC = 3, /* the spec or the settings are not valid */
	ERROR_NO_INSTANCE = 4,
	ERROR_STATE = 5, /* the instance is not in a state for it */
	ERROR_HOST = 6,  /* the host refused */
	ERROR_QEMU = 7,  /* QEMU refused, or ended */
	ERROR_TIMEOUT = 8,
	ERROR_BUSY = 9,
	ERROR_UNKNOWN = 10, /* could not be verified */
	ERROR_MAX
};

struct error {
	enum error_kind kind;
	int errnum;    /* errno behind it, or 0 */
	char *message; /* owned */
	char *hint;    /* owned, NULL: none */
};

#define ERROR_INIT ((struct error){ 0 })
#define _cleanup_error_ _cleanup_(error_clear)

/* All three return -1, so that `return error_set(...)` is one line. They replace what *err held. */
int error_set(struct error *err, enum error_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* As error_set, and ": " and the text of errnum at the end. EACCES and EPERM, ENOSPC, EROFS get a hint of their own. */
int error_errno(struct error *err, enum error_kind kind, int errnum, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Puts "CONTEXT: " before the message. */
int error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sets the hint (replacing one). Returns -1 too. */
int error_hint(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Moves src into dst; src is empty afterwards. Returns -1. */
int error_move(struct error *dst, struct error *src);

/* An error on its way from one process of ours to another, in one write or message: smaller than
 * PIPE_BUF, so it arrives whole. Longer texts are cut. */
struct error_report {
	int kind, errnum;
	char message[1024];
	char hint[512];
};
struct error_report error_to_report(const struct error *err);
/* What was reported; a report of `size` bytes that is none is ERROR_OTHER. Returns -1. */
int error_from_report(const struct error_report *report, size_t size, struct error *err);

/* What these return is a constant to the compiler and to the analyser, so that they see which paths are failures. */
static inline int error_returned(int minus_one)
{
	(void)minus_one;
	return -1;
}
#define error_set(...) error_returned(error_set(__VA_ARGS__))
#define error_errno(...) error_returned(error_errno(__VA_ARGS__))
#define error_prefix(...) error_returned(error_prefix(__VA_ARGS__))
#define error_hint(...) error_returned(error_hint(__VA_ARGS__))
#define error_move(...) error_returned(error_move(__VA_ARGS__))
#define error_from_report(...) error_returned(error_from_report(__VA_ARGS__))

void error_clear(struct error *err);

/* "other", "usage", "invalid-spec", "no-such-instance", "wrong-state", "host-refused", "qemu-refused",
 * "timeout", "busy", "unknown": the `kind` of --json. */
const char *error_kind_to_string(enum error_kind kind);

#endif
