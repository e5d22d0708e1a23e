/* Inside of host/child: what happens between fork and exec. */
#ifndef KVMCTL_HOST_CHILD_SETUP_H
#define KVMCTL_HOST_CHILD_SETUP_H

#include "host/child.h"

struct child_setup {
	const struct child *child;
	bool own_group; /* a process group of its own (child_run kills it as a whole) */
	bool keep_open; /* other descriptors are marked CLOEXEC instead of closed (child_become: its caller goes on when it fails) */
	int report_fd; /* where a failure is told to, -1: nowhere; moved out of the targets' way, so it is another number afterwards */
};

/* All that comes before the exec, the gate included. ERROR_HOST with the step. */
int child_set_up(struct child_setup *setup, struct error *err);

/* Runs `child` with its own process group; *ret_pid has exec'ed. As child_spawn without a gate. */
int child_spawn_group(const struct child *child, pid_t *ret_pid, struct error *err);

#endif
