/* The one place that spawns: a child is described fully, then started; a failure of its set-up or exec is
 * the call's error.
 *
 * The child gets nothing that is not described: default signal mask and dispositions, the given
 * environment and no other, cwd "/", umask, stdio on /dev/null where not given, no other descriptors
 * (close_range), RLIMIT_CORE 0, its own oom_score_adj, nice and affinity. */
#ifndef KVMCTL_HOST_CHILD_H
#define KVMCTL_HOST_CHILD_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/deadline.h"
#include "base/error.h"
#include "host/privileges.h"

struct child_fd {
	int source; /* ours; -1: /dev/null */
	int target; /* the child's number */
};

struct child {
	const char *path; /* absolute */
	char *const *argv;
	char *const *env; /* NULL: empty */
	const struct child_fd *fds;
	size_t n_fds;
	const struct privileges *privileges; /* NULL: as the caller */
	const cpu_set_t *affinity;           /* NULL: all that the system allows */
	bool new_session;                    /* setsid */
	int gate_fd; /* read end: the child waits for one byte before it gives up privileges and execs; ends at end-of-file; -1: none */
	bool keep_blocked; /* the signals that are blocked stay so, and those that wait are not lost: the program reads them */
	int umask;
	long memlock; /* RLIMIT_MEMLOCK in bytes, -1: as it is */
};

/* The PATH of every child's environment. */
#define CHILD_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#define CHILD_INIT ((struct child){ .gate_fd = -1, .umask = 0027, .memlock = -1 })

/* Each target number once; a source may be given several times, and sources and targets may overlap. */

/* fork and set up; *ret_pid runs. With a gate the exec has not happened yet: its failure comes back
 * through *ret_exec_fd (a CLOEXEC pipe: end-of-file is success, else see child_exec_result); without a
 * gate it has happened (10 s at most), its failure is this call's error, the child is reaped, and
 * ret_exec_fd may be NULL (else -1). With a gate the caller reaps. ERROR_HOST with the step that failed,
 * ERROR_TIMEOUT. */
int child_spawn(const struct child *child, pid_t *ret_pid, int *ret_exec_fd, struct error *err);
/* Reads what the exec came to. Closes fd. ERROR_HOST with the step that failed (also when the gate was
 * closed without a byte); ERROR_TIMEOUT. */
int child_exec_result(int exec_fd, const char *path, struct deadline deadline, struct error *err);
/* Becomes the described child: returns only when it fails (for the process that turns into the
 * supervisor). All descriptors but the targets are closed by the exec, not before, so a caller can still
 * report a failure through one whose number is no target. Signals and stdio are the child's by then. */
int child_become(const struct child *child, struct error *err);
/* fork(2) and nothing else: the child has all that the caller has. 0 in both; *ret_pid is 0 in the child. */
int child_fork(pid_t *ret_pid, struct error *err);
/* child_fork for a process that stays when the caller has gone: in a session of its own, stdio on /dev/null. */
int child_fork_detached(pid_t *ret_pid, struct error *err);

/* Runs to the end, in a process group of its own, with both outputs captured (the first 64 KiB; the rest
 * is read and dropped), stdin on /dev/null unless given; 1 and 2 are no targets. What is left running
 * behind (a daemon that keeps our pipe) is neither waited for nor killed. Past the deadline the whole
 * process group is killed: ERROR_TIMEOUT, the output so far in the hint. Works with SIGCHLD ignored.
 * *ret_status as waitpid gives it; *ret_output owned by the caller, printable (newlines and tabs stay). */
int child_run(const struct child *child, struct deadline deadline, int *ret_status, char **ret_output,
	      struct error *err);
/* child_run of a program that must succeed: another end than exit status 0 is ERROR_HOST, "exit status 3: WHAT IT
 * SAID". */
int child_run_ok(const struct child *child, struct deadline deadline, struct error *err);
/* The path of a program in one of these directories (divided by colons). Owned by the caller. ERROR_HOST. */
int child_find(const char *program, const char *places, char **ret, struct error *err);
/* "exit status 3", "killed by signal 9 (KILL)". Owned by the caller. */
char *child_status_text(int status);

#endif
