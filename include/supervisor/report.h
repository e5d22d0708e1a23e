/* What the supervisor says to people: syslog (LOG_DAEMON), and in the foreground stderr too. */
#ifndef KVMCTL_SUPERVISOR_REPORT_H
#define KVMCTL_SUPERVISOR_REPORT_H

#include <syslog.h>

#include "supervisor/options.h"

/* priority: LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO. Never blocks; without a syslog nothing happens. */
void report(const struct options *options, int priority, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
