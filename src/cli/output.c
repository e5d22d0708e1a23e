/* Standard output and the one error. */
#include "cli/output.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>

#include "base/file.h"
#include "base/text.h"

void output_json(const struct json *document)
{
	_cleanup_free_ char *text = isatty(STDOUT_FILENO) ? json_to_pretty(document) : json_to_text(document);
	puts(text);
}

void output_json_take(struct json *document)
{
	output_json(document);
	json_free(document);
}

bool output_colour(void)
{
	const char *term = getenv("TERM");
	return is_empty(getenv("NO_COLOR")) && isatty(STDOUT_FILENO) && !is_empty(term) && !streq(term, "dumb");
}

void output_buffer(char *buffer, size_t size)
{
	setvbuf(stdout, buffer, _IOFBF, size);
}

/* A pipe or socket whose other end is closed. */
static bool reader_is_gone(void)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };
	return poll(&p, 1, 0) > 0 && (p.revents & POLLERR);
}

int output_flush(bool *ret_gone, struct error *err)
{
	errno = 0;
	bool failed = fflush(stdout) != 0;
	int errnum = errno;
	/* A write that failed before, when the buffer was full: its errno is lost. */
	bool gone = errnum == EPIPE || (!failed && ferror(stdout) && reader_is_gone());

	if (ret_gone)
		*ret_gone = gone;
	if (gone || (!failed && !ferror(stdout)))
		return 0;
	return error_errno(err, ERROR_OTHER, errnum ? errnum : EIO, "cannot write to standard output");
}

static struct json *error_document(const struct error *err)
{
	struct json *document = json_new_object();

	json_put(document, "error", json_new_error(err));
	return document;
}

void output_error(const struct error *err, bool json)
{
	_cleanup_free_ char *text = NULL;
	const char *message = err->message ? err->message : "failed";

	if (json) {
		output_json_take(error_document(err));
		return;
	}
	text = err->hint ? xprintf("kvmctl: %s\n  hint: %s\n", message, err->hint) : xprintf("kvmctl: %s\n", message);
	/* One write: lines of parallel commands do not mix. */
	if (file_write_all(STDERR_FILENO, text, strlen(text)) < 0)
		return; /* nowhere to say it; the exit status still does */
}

char *text_of_seconds(int64_t seconds)
{
	int64_t days = seconds / 86400;

	if (seconds < 0)
		return xstrdup("-");
	if (days)
		return xprintf("%" PRId64 "d %02d:%02d:%02d", days, (int)(seconds / 3600 % 24),
			       (int)(seconds / 60 % 60), (int)(seconds % 60));
	return xprintf("%02d:%02d:%02d", (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60));
}

char *text_of_mib(int64_t mib)
{
	/* Exact where a person has chosen it; what was measured is large and odd, and rounded. */
	if (mib < 1024 || (mib < 10 * 1024 && mib % 128))
		return xprintf("%" PRId64 " MiB", mib);
	if (mib % 1024 == 0)
		return xprintf("%" PRId64 " GiB", mib / 1024);
	return xprintf("%.1f GiB", (double)mib / 1024);
}

char *text_of_bytes(int64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024)
		return xprintf("%" PRId64 " B", bytes);
	for (; value >= 1024 && unit + 1 < ELEMENTS(units); unit++)
		value /= 1024;
	return xprintf("%.1f %s", value, units[unit]);
}
