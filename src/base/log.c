/* What is said on stderr beside the one error that main prints. */
#include "base/log.h"

#include <errno.h>
#include <unistd.h>

#include "base/text.h"

/* The one global: what the user wants to hear. */
static enum log_level log_level = LOG_LEVEL_NORMAL;

void log_set_level(enum log_level level)
{
	log_level = level;
}

enum log_level log_get_level(void)
{
	return log_level;
}

/* One write(2) a line, so that lines of two processes do not mix. Whether it arrives changes nothing:
 * stderr may be closed. */
static void log_line(enum log_level level, const char *tag, const char *format, va_list ap)
{
	_cleanup_free_ char *text = NULL, *line = NULL;
	int saved = errno;
	ssize_t ignored;

	if (level > log_level)
		return;
	text = xvprintf(format, ap);
	line = xprintf("kvmctl: %s%s\n", tag, text);
	ignored = write(STDERR_FILENO, line, strlen(line));
	(void)ignored;
	errno = saved;
}

void log_warning(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_line(LOG_LEVEL_NORMAL, "warning: ", format, ap);
	va_end(ap);
}

void log_notice(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_line(LOG_LEVEL_NORMAL, "", format, ap);
	va_end(ap);
}

void log_verbose(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_line(LOG_LEVEL_VERBOSE, "", format, ap);
	va_end(ap);
}

void log_debug(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_line(LOG_LEVEL_DEBUG, "", format, ap);
	va_end(ap);
}
