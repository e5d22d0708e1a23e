/* The exit status of a process that is not our child. */
#ifndef KVMCTL_SUPERVISOR_FOREIGN_STATUS_H
#define KVMCTL_SUPERVISOR_FOREIGN_STATUS_H

#include <stdint.h>
#include <sys/types.h>

/* As waitpid gives it, or -1: not known. For a process that has ended; pidfd: it. Known where its parent
 * has not reaped it yet, or the kernel (6.15 and later) keeps it with the pidfd. */
int foreign_status(pid_t pid, uint64_t start, int pidfd);
/* Field 52 of a line of /proc/PID/stat, when it is a zombie that started at `start`; else, and for 0, -1:
 * the kernel shows 0 to those who may not know. */
int foreign_status_from_stat(const char *line, uint64_t start);

#endif
