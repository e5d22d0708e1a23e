/* Processes that are not ours alone: identified by pid, start time, boot id and pid namespace; signalled
 * and awaited through a pidfd. */
#ifndef KVMCTL_HOST_PROCESS_H
#define KVMCTL_HOST_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/deadline.h"
#include "base/error.h"

struct process_id {
	pid_t pid;
	uint64_t start;   /* clock ticks since boot: field 22 of /proc/PID/stat (proc(5)) */
	char boot_id[37]; /* /proc/sys/kernel/random/boot_id */
	uint64_t pid_ns;  /* inode of /proc/self/ns/pid */
};

enum process_verdict {
	PROCESS_ALIVE,
	PROCESS_GONE,    /* another boot, no such pid, another start time, or a zombie (with no thread of it left) */
	PROCESS_UNKNOWN, /* another pid namespace, or /proc could not be read */
	PROCESS_VERDICT_MAX
};

struct process_stat {
	char comm[16];
	char state; /* 'R', 'S', 'T', 'Z' ... */
	pid_t ppid;
	uint64_t utime, stime; /* clock ticks */
	uint64_t start;
	uint64_t rss_pages;
	uint64_t flags; /* PF_* of the kernel */
	uint64_t threads;
};

/* This boot and this pid namespace; read once, then remembered by the caller. */
int process_here(struct process_id *ret, struct error *err);
/* The identity of a living pid. ERROR_UNKNOWN, or ERROR_OTHER with errnum ESRCH when there is none. */
int process_identify(pid_t pid, struct process_id *ret, struct error *err);
/* /proc/PID/stat, also of a thread id: one open, read, close. 0, or -1 with errno (ENOENT, ESRCH: gone;
 * EPROTO: not understood). */
int process_read_stat(pid_t pid, struct process_stat *ret);
/* True for a process that has ended and is only not reaped yet: a zombie whose other threads are gone too. */
bool process_ended(const struct process_stat *stat);
/* `here` from process_here (one for many). *stat (may be NULL) is filled when alive. */
enum process_verdict process_verify(const struct process_id *id, const struct process_id *here,
				    struct process_stat *stat);
/* A pidfd, verified after it was opened (so that it cannot be somebody else's). *ret -1 and 0 returned
 * when the process is gone. ERROR_UNKNOWN else. */
int process_open(const struct process_id *id, int *ret_pidfd, struct error *err);
/* A process that is gone is no error. */
int process_signal(int pidfd, int signal, struct error *err);
/* A whole process group. Only for the leader's parent, before it reaps the leader (so that the number is
 * still ours). 0, or -1 with errno. */
int process_signal_group(pid_t pgid, int signal);
/* Waits for its end on the pidfd. 1 ended, 0 time-out, -1 error. */
int process_wait(int pidfd, struct deadline deadline, struct error *err);

#endif
