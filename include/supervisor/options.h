/* The command line of kvmctl-supervisor: written by `kvmctl start` (and `cleanup`), not by people. */
#ifndef KVMCTL_SUPERVISOR_OPTIONS_H
#define KVMCTL_SUPERVISOR_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum on_crash { ON_CRASH_DESTROY, ON_CRASH_RESTART, ON_CRASH_PRESERVE };

struct options {
	const char *name;       /* --name */
	const char *run_dir;    /* --run-dir, absolute */
	const char *kvmctl;     /* --kvmctl, absolute: tears down, starts again, stops */
	const char *config;     /* --config: handed on to kvmctl; NULL: none */
	const char *cgroup_dir; /* --cgroup-dir: where QEMU lives, for its OOM counter; NULL: not known */
	pid_t qemu;             /* --qemu */
	uint64_t qemu_start;    /* --qemu-start, ticks */
	int event_fd;           /* --event-fd: connected to QEMU's event monitor; -1: no events */
	int start_fd;       /* --start-fd: SOCK_SEQPACKET to `kvmctl start`; -1: nobody waits, it counts as committed */
	int64_t log_max;    /* --log-max, bytes */
	int64_t log_offset; /* --log-offset: where this run's part of log/NAME.log begins (0) */
	enum on_crash on_crash; /* --on-crash */
	int restarts;           /* --restarts: how many in a row led to this run */
	pid_t starter;          /* --starter: our child that does the start (foreground); 0: none */
	bool foreground;        /* --foreground: the main process of a service */
	bool attached;          /* --attached: QEMU is not our child */
	bool user_shutdown;     /* --user-shutdown */
	bool reboot_exit;       /* --reboot-exit: a reboot of the guest ends QEMU */
};

#define OPTIONS_LOG_MIN 4096

/* The texts are borrowed from argv. ERROR_USAGE. */
int options_parse(int argc, char *const *argv, struct options *ret, struct error *err);

#endif
