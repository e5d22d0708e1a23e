/* What the kernel has said of a process in its log (/dev/kmsg). */
#ifndef KVMCTL_SUPERVISOR_KERNEL_LOG_H
#define KVMCTL_SUPERVISOR_KERNEL_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* True when the OOM killer has killed pid in the last minute. False also when the log cannot be read. */
bool kernel_log_oom(pid_t pid);
/* One record of /dev/kmsg ("6,123,456789,-;text"): is it that, and not older than since_us (microseconds
 * since boot)? */
bool kernel_log_is_oom(const char *record, pid_t pid, int64_t since_us);

#endif
