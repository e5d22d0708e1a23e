/* The supervisor's command line, for the one that a start leaves behind and for one that is put in the
 * place of a lost one. */
#ifndef KVMCTL_OPS_ACT_SUPERVISE_H
#define KVMCTL_OPS_ACT_SUPERVISE_H

#include "host/placement.h"
#include "ops/context.h"
#include "vm/instance.h"
#include "vm/spec.h"

struct supervision {
	const struct context *context;
	const struct spec *spec;
	pid_t qemu;
	uint64_t qemu_start;    /* ticks */
	int64_t log_start;      /* where this run's words begin in log/NAME.log */
	int restarts;           /* in a row */
	const char *cgroup_dir; /* whose OOM kills count, or NULL */
	bool foreground;
	pid_t starter;          /* foreground: the child that does the start */
	bool attached;          /* QEMU is not its child */
	int event_fd, start_fd; /* the supervisor's numbers; -1: none */
};

/* Owned by the caller. path: of kvmctl-supervisor; kvmctl: of kvmctl. */
char **supervision_argv(const struct supervision *supervision, const char *path, const char *kvmctl);

/* Puts a new supervisor on the event monitor of a guest that has lost its own. With the instance's lock held. */
int act_attach_supervisor(struct context *context, const struct instance *instance, struct error *err);

#endif
