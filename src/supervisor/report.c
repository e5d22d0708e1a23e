/* What the supervisor says: to the system's log, and in the foreground to the service's output as well. */
#include "supervisor/report.h"

#include <stdarg.h>

#include "base/file.h"
#include "base/syslog.h"
#include "base/text.h"

void report(const struct options *options, int priority, const char *format, ...)
{
	_cleanup_free_ char *text = NULL, *named = NULL, *line = NULL;
	va_list ap;

	va_start(ap, format);
	text = xvprintf(format, ap);
	va_end(ap);
	named = xprintf("%s: %s", options->name, text);
	line = xprintf("kvmctl-supervisor[%d]: %s\n", (int)getpid(), named);
	if (options->foreground)
		(void)file_write_all(STDERR_FILENO, line, strlen(line));
	syslog_send(priority, "kvmctl-supervisor", named);
}
