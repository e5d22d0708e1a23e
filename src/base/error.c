/* The one error convention. The names in brackets are the functions behind the macros of the header. */
#include "base/error.h"

#include <limits.h>

#include "base/text.h"

static int replace(struct error *err, enum error_kind kind, int errnum, char *message)
{
	free(err->message);
	free(err->hint);
	*err = (struct error){ .kind = kind, .errnum = errnum, .message = message };
	return -1;
}

int(error_set)(struct error *err, enum error_kind kind, const char *format, ...)
{
	va_list ap;
	char *message;

	va_start(ap, format);
	message = xvprintf(format, ap); /* before the old message goes: it may be among the arguments */
	va_end(ap);
	return replace(err, kind, 0, message);
}

/* The refusals that have the same cure wherever they come from. */
static const char *hint_of_errno(int errnum)
{
	switch (errnum) {
	case EACCES:
	case EPERM:
		return geteuid() == 0 ? "root was refused: look at the file's attributes, the mount options and the "
					"container's limits"
				      : "run it as root, or as a user who has the right to it";
	case ENOSPC:
		return "the file system is full: free some space or inodes, then try again";
	case EROFS:
		return "the file system is read-only: mount it writable, or name another directory";
	case EDQUOT:
		return "the disk quota is used up";
	case EMFILE:
		return "raise the limit of open files (ulimit -n)";
	default:
		return NULL;
	}
}

int(error_errno)(struct error *err, enum error_kind kind, int errnum, const char *format, ...)
{
	_cleanup_free_ char *what = NULL;
	va_list ap;

	va_start(ap, format);
	what = xvprintf(format, ap);
	va_end(ap);
	replace(err, kind, errnum, xprintf("%s: %s", what, strerror(errnum)));
	err->hint = xstrdup(hint_of_errno(errnum));
	return -1;
}

int(error_prefix)(struct error *err, const char *format, ...)
{
	_cleanup_free_ char *context = NULL, *message = err->message;
	va_list ap;

	va_start(ap, format);
	context = xvprintf(format, ap);
	va_end(ap);
	err->message = xprintf("%s: %s", context, message ? message : "failed");
	return -1;
}

int(error_hint)(struct error *err, const char *format, ...)
{
	va_list ap;
	char *hint;

	va_start(ap, format);
	hint = xvprintf(format, ap); /* before the old one goes: it may be among the arguments */
	va_end(ap);
	free(err->hint);
	err->hint = hint;
	return -1;
}

void error_clear(struct error *err)
{
	replace(err, ERROR_NONE, 0, NULL);
}

int(error_move)(struct error *dst, struct error *src)
{
	struct error moved = *src;

	*src = ERROR_INIT;
	error_clear(dst);
	*dst = moved;
	return -1;
}

const char *error_kind_to_string(enum error_kind kind)
{
	static const char *const names[ERROR_MAX] = {
		[ERROR_NONE] = "none",
		[ERROR_OTHER] = "other",
		[ERROR_USAGE] = "usage",
		[ERROR_SPEC] = "invalid-spec",
		[ERROR_NO_INSTANCE] = "no-such-instance",
		[ERROR_STATE] = "wrong-state",
		[ERROR_HOST] = "host-refused",
		[ERROR_QEMU] = "qemu-refused",
		[ERROR_TIMEOUT] = "timeout",
		[ERROR_BUSY] = "busy",
		[ERROR_UNKNOWN] = "unknown",
	};

	return kind >= 0 && kind < ERROR_MAX ? names[kind] : "other";
}

_Static_assert(sizeof(struct error_report) <= PIPE_BUF, "a report must fit into one atomic write");

struct error_report error_to_report(const struct error *err)
{
	struct error_report report = { .kind = (int)err->kind, .errnum = err->errnum };

	snprintf(report.message, sizeof(report.message), "%s", err->message ? err->message : "");
	snprintf(report.hint, sizeof(report.hint), "%s", err->hint ? err->hint : "");
	return report;
}

/* The other process is ours, but it may have been killed while it wrote. */
int(error_from_report)(const struct error_report *report, size_t size, struct error *err)
{
	if (size != sizeof(*report) || report->kind <= ERROR_NONE || report->kind >= ERROR_MAX)
		return error_set(err, ERROR_OTHER, "its report is damaged");
	error_set(err, (enum error_kind)report->kind, "%.*s", (int)sizeof(report->message) - 1, report->message);
	err->errnum = report->errnum;
	if (report->hint[0])
		error_hint(err, "%.*s", (int)sizeof(report->hint) - 1, report->hint);
	return -1;
}
